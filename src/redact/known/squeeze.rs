//! Taking out what a terminal, a pager or a line wrapper put in: white space, colour codes, NULs, line prefixes.

use super::view::View;

/// The view without white space and control sequences. Returns `None` when there is none.
pub(super) fn squeeze(view: &View) -> Option<View> {
    without(view, gap)
}

/// As [`squeeze`], and without escaped white space (`\n`), for texts within JSON or source code.
pub(super) fn squeeze_escaped(view: &View) -> Option<View> {
    if view.bytes.contains(&b'\\') { without(view, |rest| gap(rest).max(escaped_space(rest))) } else { None }
}

/// The view without control sequences alone, white space kept.
pub(super) fn strip_controls(view: &View) -> Option<View> {
    without(view, control)
}

/// UTF-16 in either byte order as UTF-8, for the characters below U+0100. Returns `None` when there is no NUL.
pub(super) fn narrow(view: &View) -> Option<View> {
    if !view.bytes.contains(&0) {
        return None;
    }
    let mut out = View::default();
    for (at, &byte) in view.bytes.iter().enumerate().filter(|(_, byte)| **byte != 0) {
        let beside = |at: Option<usize>| at.and_then(|at| view.bytes.get(at)) == Some(&0);
        if byte >= 0x80 && (beside(at.checked_sub(1)) || beside(Some(at + 1))) {
            out.push_from(0xC0 | byte >> 6, view, at, at + 1);
            out.push_from(0x80 | byte & 0x3F, view, at, at + 1);
        } else {
            out.push_from(byte, view, at, at + 1);
        }
    }
    Some(out)
}

fn without(view: &View, skip: impl Fn(&[u8]) -> usize) -> Option<View> {
    let mut out = View::default();
    let mut at = 0;
    let mut changed = false;
    while let Some(&byte) = view.bytes.get(at) {
        let rest = view.bytes.get(at..).unwrap_or_default();
        let length = skip(rest);
        if length > 0 {
            changed = true;
            at += length;
            // `od` starts each line with the offset in seven octal digits.
            if byte == b'\n' || byte == b'\\' && rest.starts_with(b"\\n") {
                at += offset_column(view.bytes.get(at..).unwrap_or_default());
            }
        } else {
            out.push_from(byte, view, at, at + 1);
            at += 1;
        }
    }
    changed.then_some(out)
}

fn escaped_space(rest: &[u8]) -> usize {
    match rest {
        [b'\\', b'\\', b'n' | b'r' | b't', ..] => 3,
        [b'\\', b'n' | b'r' | b't' | b'\n', ..] => 2,
        _ => 0,
    }
}

/// The length of the white space, control character, control sequence or invisible character that starts here, or 0.
pub(super) fn gap(rest: &[u8]) -> usize {
    match rest {
        [b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C, ..] => 1,
        _ => control(rest),
    }
}

fn control(rest: &[u8]) -> usize {
    // A control sequence whose escape character is itself escaped, or shown as `cat -v` does.
    for written in [&b"\\u001b["[..], b"\\u001B[", b"\\x1b[", b"\\x1B[", b"\\033[", b"\\e[", b"^[[", b"\\\\u001b["] {
        if rest.first().is_some_and(|byte| matches!(byte, b'\\' | b'^')) && rest.starts_with(written) {
            return written.len() + parameters(rest.get(written.len()..).unwrap_or_default());
        }
    }
    match rest {
        [0x1B, b'[', sequence @ ..] => 2 + parameters(sequence),
        [0x1B, b']', sequence @ ..] => {
            let limit = sequence.len().min(512);
            for (at, byte) in sequence.iter().enumerate().take(limit) {
                if *byte == 0x07 {
                    return at + 3;
                }
                if *byte == 0x1B {
                    return at + 2 + if sequence.get(at + 1) == Some(&b'\\') { 2 } else { 0 };
                }
            }
            2
        }
        // Besides escapes: C0 controls, zero-width characters, soft hyphen, byte order mark, no-break space.
        [0x1B, 0x30..=0x7E, ..] | [0xC2, 0xA0 | 0xAD, ..] => 2,
        [0x1B, 0x20..=0x2F, 0x30..=0x7E, ..]
        | [0xE2, 0x80, 0x8B..=0x8F | 0xA8..=0xAE, ..]
        | [0xE2, 0x81, 0xA0..=0xA4, ..]
        | [0xEF, 0xBB, 0xBF, ..] => 3,
        [0x00..=0x08 | 0x0E..=0x1F | 0x7F, ..] => 1,
        _ => 0,
    }
}

/// ECMA-48 §5.4: parameters and intermediates, then one final byte.
fn parameters(sequence: &[u8]) -> usize {
    let body = sequence.iter().take(64).take_while(|byte| matches!(byte, 0x20..=0x3F)).count();
    body + usize::from(sequence.get(body).is_some_and(|byte| matches!(byte, 0x40..=0x7E)))
}

fn offset_column(rest: &[u8]) -> usize {
    let digits = rest.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
    if digits == 7 && rest.get(7).is_none_or(|byte| matches!(byte, b' ' | b'\n' | b'\r')) { 7 } else { 0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let view = View::of(text.as_bytes(), 0, text.len());
        assert_eq!(
            squeeze(&view).map(|view| String::from_utf8(view.bytes).unwrap()).as_deref(),
            Some(expected),
            "{text:?}"
        );
    }

    #[test]
    fn gaps_are_taken_out() {
        check("ab\r\n   cd", "abcd");
        check("a\x1b[1;32mb\x1b[0mc\x1b]8;;u\x07d", "abcd");
        check("a\0b\u{200b}c", "abc");
        check("   a   b\n0000020   c\n", "abc");
    }
}
