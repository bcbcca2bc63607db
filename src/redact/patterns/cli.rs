//! Passwords on command lines: short flags whose meaning depends on the program.

use super::bytes::{at, find_word, line_end, line_start, skip_blanks, skip_while, slice, starts_with};
use super::harmless::is_harmless;
use super::programs::{FLAGS, Glue};
use super::scan::Scan;

/// Needle texts of this family.
pub(super) fn needles() -> impl Iterator<Item = Vec<u8>> {
    FLAGS
        .iter()
        .flat_map(|f| [b" ", b"'", b"\""].map(|lead| [&lead[..], f.flag].concat()))
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
}

/// At a blank and a short flag: its value, if the program takes a secret there.
pub(super) fn flag(scan: &mut Scan<'_>, start: usize) {
    let text = scan.text;
    let begin = start + 1;
    let line = line_start(text, begin);
    let lead = slice(text, line.max(begin.saturating_sub(400)), begin);
    let command = lead.iter().rposition(|&b| matches!(b, b'|' | b';' | b'&' | b'`')).map_or(0, |p| p + 1);
    let command = slice(lead, command, lead.len());
    for flag in FLAGS {
        if slice(text, begin, begin + flag.flag.len()) != flag.flag
            || !flag.programs.iter().any(|p| runs(command, p.as_bytes()))
        {
            continue;
        }
        let end = begin + flag.flag.len();
        let next = at(text, end);
        let apart = matches!(next, b' ' | b'=')
            || next == b'\'' && at(text, end + 1) == b','
            || next == b'"' && at(text, end + 1) == b',';
        let from = match (apart, flag.glued) {
            (true, Glue::Glued) => continue,
            (true, _) => skip_while(text, end, |b| {
                matches!(b, b' ' | b'=' | b',') || (matches!(b, b'"' | b'\'') && !matches!(next, b' ' | b'='))
            }),
            (false, Glue::Apart) => continue,
            (false, _) if next.is_ascii_whitespace() || next == 0 => continue,
            (false, _) => end,
        };
        let (start, stop) = shell_word(text, from);
        argument(scan, start, stop, flag.pair);
        return;
    }
    unknown_program(scan, begin, command);
}

/// `-p X` of any program that also takes a user, if `X` is shaped like a password.
fn unknown_program(scan: &mut Scan<'_>, begin: usize, command: &[u8]) {
    let text = scan.text;
    if !matches!(at(text, begin + 1), b'p' | b'P' | b'w' | b'a' | b'k' | b't' | b'x') || at(text, begin + 2) != b' ' {
        return;
    }
    let user = [&b" -u"[..], b" -U", b"--user", b" -l ", b" -D ", b" -a ", b" -n ", b" -s "]
        .iter()
        .any(|f| find_word(command, f).is_some());
    let (s, e) = shell_word(text, skip_blanks(text, begin + 2));
    if user && super::prose::is_told(slice(text, s, e)) && !slice(text, s, e).iter().any(|b| matches!(b, b':' | b'/')) {
        scan.mask(s, e, "command-line");
    }
}

/// At `chpasswd`, `passwd --stdin`: `user:password` echoed into it.
pub(super) fn chpasswd(scan: &mut Scan<'_>, start: usize, end: usize) {
    let text = scan.text;
    let line = line_start(text, start);
    let lead = slice(text, line, start);
    if let Some(p) = find_word(lead, b"echo").or_else(|| find_word(lead, b"printf")) {
        let mut from =
            skip_blanks(text, line + p + if starts_with(slice(lead, p, lead.len()), b"echo") { 4 } else { 6 });
        while at(text, from) == b'-' {
            from = skip_blanks(text, skip_while(text, from, |b| b != b' '));
        }
        let (mut s, mut e) = shell_word(text, from);
        if matches!(slice(text, s, e), b"%s" | b"%s\\n") {
            (s, e) = shell_word(text, skip_while(text, e, |b| matches!(b, b'"' | b'\'' | b' ')));
        }
        let word = slice(text, s, e);
        if word.contains(&b' ') && !super::shapes::is_passphrase(word) {
            return;
        }
        if let Some(colon) = memchr::memchr(b':', word) {
            argument(scan, s + colon + 1, e, None);
        } else if !word.contains(&b'%') {
            argument(scan, s, e, None);
        }
    }
    // A here document or cloud-init list below.
    let mut row = super::bytes::next_line(text, end);
    for _ in 0..40 {
        let (s, e) = super::bytes::trim(text, row, line_end(text, row));
        let content = slice(text, s, e);
        let Some(colon) = memchr::memchr(b':', content) else {
            if row >= text.len() || !content.ends_with(b"|") {
                break;
            }
            row = super::bytes::next_line(text, row);
            continue;
        };
        let user = slice(content, 0, colon).strip_prefix(b"- ").unwrap_or(slice(content, 0, colon));
        let told = slice(content, colon + 1, content.len());
        if starts_with(user, b"list") || starts_with(user, b"expire") || starts_with(user, b"users") {
            row = super::bytes::next_line(text, row);
            continue;
        }
        if user.is_empty() || user.contains(&b' ') || told.is_empty() || told.first() == Some(&b' ') {
            break;
        }
        argument(scan, s + colon + 1, e, None);
        row = super::bytes::next_line(text, row);
    }
}

/// `kubectl create secret … --from-literal=name=value`: whatever the name.
pub(super) fn literal(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let from = skip_while(text, end, |b| matches!(b, b'=' | b' ' | b'"' | b'\''));
    let Some(sign) = slice(text, from, line_end(text, from)).iter().position(|&b| b == b'=').map(|p| from + p) else {
        return;
    };
    let quote = super::bytes::before(text, from);
    let (s, e) = if matches!(quote, b'"' | b'\'') {
        let stop = slice(text, sign, line_end(text, sign))
            .iter()
            .position(|&b| b == quote)
            .map_or(line_end(text, sign), |p| sign + p);
        (sign + 1, stop)
    } else {
        shell_word(text, sign + 1)
    };
    argument(scan, s, e, None);
}

/// The extent of one shell word, without its quotes.
pub(super) fn shell_word(text: &[u8], i: usize) -> (usize, usize) {
    let quote = at(text, i);
    let limit = line_end(text, i);
    if matches!(quote, b'"' | b'\'') || quote == b'\\' && matches!(at(text, i + 1), b'"' | b'\'') {
        let escape = usize::from(quote == b'\\');
        let quote = at(text, i + escape);
        let start = i + escape + 1;
        let end = slice(text, start, limit).iter().position(|&b| b == quote).map_or(limit, |p| start + p);
        return (start, if escape == 1 && super::bytes::before(text, end) == b'\\' { end - 1 } else { end });
    }
    let end = skip_while(text, i, |b| b > b' ' && !matches!(b, b'"' | b'\'' | b'`' | b'|' | b'<' | b'>')).min(limit);
    (i, end.saturating_sub(usize::from(matches!(super::bytes::before(text, end), b';' | b')' | b',') && end > i + 1)))
}

/// Masks one argument, or what follows the separator in it, unless it cannot be a secret.
pub(super) fn argument(scan: &mut Scan<'_>, start: usize, stop: usize, pair: Option<u8>) {
    let text = scan.text;
    let word = slice(text, start, stop);
    let from = match pair {
        Some(b':')
            if word.starts_with(b"env:")
                || word.starts_with(b"file:")
                || word.starts_with(b"fd:")
                || word.starts_with(b"id=") =>
        {
            return;
        }
        Some(separator) => match memchr::memchr(separator, word) {
            Some(p) => start + p + 1,
            None => return,
        },
        None => start,
    };
    let secret = slice(text, from, stop);
    if is_harmless(secret)
        || secret.first() == Some(&b'-')
        || secret.is_empty()
        || secret.iter().all(|b| b.is_ascii_digit() || b":./-".contains(b)) && secret.contains(&b':')
        || secret.iter().all(u8::is_ascii_digit) && secret.len() < 5
        || secret.contains(&b'/') && secret.contains(&b':')
    {
        return;
    }
    scan.mask(from, stop, "command-line");
}

/// True if `program` is one of the words of the command.
fn runs(command: &[u8], program: &[u8]) -> bool {
    program.is_empty()
        || command.windows(program.len()).enumerate().any(|(i, w)| {
            w.eq_ignore_ascii_case(program)
                && !super::bytes::before(command, i).is_ascii_alphanumeric()
                && !matches!(super::bytes::before(command, i), b'-' | b'_' | b'.')
                && matches!(at(command, i + program.len()), b' ' | b'.' | b'\'' | b'"' | 0)
        })
}
