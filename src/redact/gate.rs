//! The last look at serialised JSON: masks known values without breaking the syntax.

use super::mask::{MASK, Span};

/// Replaces what the settled spans cover: inside a string by the mask, numbers by `0`; everything else stays, so that what was JSON is JSON afterwards.
///
/// Works on any sequence of JSON texts, also within the lines of an event stream.
pub(super) fn mask_json(text: &[u8], spans: &[Span]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut at = 0;
    let mut spans = spans.iter().copied().peekable();
    while let Some(&byte) = text.get(at) {
        while spans.next_if(|span| span.end <= at).is_some() {}
        if byte == b'"' {
            let end = string_end(text, at);
            string(text, at, end, &mut spans, &mut out);
            at = end;
        } else if matches!(byte, b'0'..=b'9' | b'-') {
            let length = text
                .get(at..)
                .unwrap_or_default()
                .iter()
                .take_while(|byte| matches!(byte, b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E'))
                .count();
            if spans.peek().is_some_and(|span| span.start < at + length) {
                out.push(b'0');
            } else {
                out.extend_from_slice(text.get(at..at + length).unwrap_or_default());
            }
            at += length;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

/// One past the closing quote, or the end of the text.
fn string_end(text: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(found) = text.get(at..).and_then(|rest| memchr::memchr2(b'"', b'\\', rest)) {
        at += found;
        if text.get(at) == Some(&b'"') {
            return at + 1;
        }
        at += 2;
    }
    text.len()
}

fn string(
    text: &[u8],
    open: usize,
    end: usize,
    spans: &mut std::iter::Peekable<impl Iterator<Item = Span>>,
    out: &mut Vec<u8>,
) {
    let closed = end > open + 1 && text.get(end - 1) == Some(&b'"');
    let inner_end = if closed { end - 1 } else { end };
    out.push(b'"');
    let mut at = open + 1;
    let mut masked_to = at;
    while at < inner_end {
        let unit = unit(text, at).min(inner_end - at);
        while spans.next_if(|span| span.end <= at).is_some() {}
        let covered = spans.peek().is_some_and(|span| span.start < at + unit);
        if covered {
            if masked_to != at || out.last() == Some(&b'"') && at == open + 1 {
                out.extend_from_slice(MASK.as_bytes());
            }
            masked_to = at + unit;
        } else {
            out.extend_from_slice(text.get(at..at + unit).unwrap_or_default());
        }
        at += unit;
    }
    if closed {
        out.push(b'"');
    }
}

/// The length of the character or escape that starts here: a mask must not cut one.
fn unit(text: &[u8], at: usize) -> usize {
    match (text.get(at), text.get(at + 1)) {
        (Some(b'\\'), Some(b'u')) => 6,
        (Some(b'\\'), Some(_)) => 2,
        _ => 1,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, spans: &[(usize, usize)], expected: &str) {
        let spans: Vec<Span> = spans.iter().map(|(start, end)| Span::new(*start, *end)).collect();
        assert_eq!(String::from_utf8(mask_json(text.as_bytes(), &spans)).unwrap(), expected);
    }

    #[test]
    fn json_stays_json() {
        check(r#"{"a":"bcd"}"#, &[(6, 8)], r#"{"a":"[redacted]d"}"#);
        check(r#"{"a":"bcd"}"#, &[(7, 9)], r#"{"a":"b[redacted]"}"#);
        check(r#"{"a":"b\u0041c"}"#, &[(8, 9)], r#"{"a":"b[redacted]c"}"#);
        check(r#"["ab","cd"]"#, &[(2, 8)], r#"["[redacted]","[redacted]d"]"#);
        check("[115,51]", &[(1, 7)], "[0,0]");
    }
}
