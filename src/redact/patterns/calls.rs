//! Values known by the verb before them: SQL statements, function calls, tools and scripts.

use super::bytes::{at, before, find_word, line_end, line_start, skip_blanks, skip_while, slice, trim, word_at};
use super::cli::shell_word;
use super::harmless::is_harmless;
use super::names::{self, Promise};
use super::prose::is_told;
use super::scan::Scan;

/// `IDENTIFIED BY 'X'`, `encrypt_string 'X'`, `::add-mask::X`: the next word is the secret.
pub(super) fn next_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let mut from = skip_while(text, end, |b| matches!(b, b' ' | b'(' | b'='));
    for skipped in ["password ", "values ", "as ", "-string ", "-name "] {
        if word_at(text, from, skipped.as_bytes()) {
            from = skip_blanks(text, from + skipped.len());
        }
    }
    let (s, e) = shell_word(text, from);
    let content = slice(text, s, e);
    if !is_harmless(content) && content.first() != Some(&b'-') && content.len() > 2 {
        scan.mask(s, e, "argument");
    }
}

/// `unlocked using X`, `log in with X`: the next word, if it reads like a secret.
pub(super) fn told_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let (s, e) = shell_word(text, skip_blanks(text, end));
    let e = if matches!(before(text, e), b'.' | b',') && e > s { e - 1 } else { e };
    if is_told(slice(text, s, e)) {
        scan.mask(s, e, "prose");
    }
}

/// The last word of the line: `SQLConnectInfo db user X`.
pub(super) fn last_word(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let (from, stop) = trim(text, end, line_end(text, end));
    let start = slice(text, from, stop).iter().rposition(|&b| matches!(b, b' ' | b'\t')).map_or(from, |p| from + p + 1);
    let word = slice(text, start, stop);
    // `user:password` of a mail relay's map.
    let start = memchr::memrchr(b':', word).map_or(start, |p| start + p + 1);
    if start > from && !is_harmless(slice(text, start, stop)) {
        scan.mask(start, stop, "directive");
    }
}

/// `new PDO('dsn', 'user', 'X')`: the last quoted argument of at least two.
pub(super) fn last_argument(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let stop = line_end(text, end).min(end + 400);
    let mut i = end;
    let mut quoted = Vec::new();
    while i < stop && at(text, i) != b')' && quoted.len() < 5 {
        if matches!(at(text, i), b'\'' | b'"') {
            let (s, e) = shell_word(text, i);
            quoted.push((s, e));
            i = e + 1;
        } else {
            i += 1;
        }
    }
    let Some(&(s, e)) = quoted.get(2).or_else(|| quoted.get(1)) else { return };
    let content = slice(text, s, e);
    if !is_harmless(content) && (quoted.len() > 2 || is_told(content)) {
        scan.mask(s, e, "argument");
    }
}

/// `send "X\r"` of an expect script that asked for a password.
pub(super) fn send(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let line = line_start(text, end);
    let lead = slice(text, line_start(text, line.saturating_sub(1)), end);
    if find_word(lead, b"assw").or_else(|| find_word(lead, b"phrase")).or_else(|| find_word(lead, b"expect")).is_none()
    {
        return;
    }
    let (s, e) = shell_word(text, end - 1);
    let stop = slice(text, s, e).iter().position(|&b| b == b'\\').map_or(e, |p| s + p);
    let content = slice(text, s, stop);
    if !is_harmless(content) && content.len() > 3 && !content.contains(&b' ') {
        scan.mask(s, stop, "expect");
    }
}

/// `INSERT INTO t (a, password) VALUES (1, 'X'), (2, 'Y')`: the values of secret columns.
pub(super) fn insert(scan: &mut Scan<'_>, end: usize) {
    let text = scan.text;
    let limit = text.len().min(end + 64 * 1024);
    let Some(open) = memchr::memchr(b'(', slice(text, end, (end + 120).min(limit))).map(|p| end + p) else { return };
    let Some(close) = memchr::memchr(b')', slice(text, open, (open + 2000).min(limit))).map(|p| open + p) else {
        return;
    };
    let columns: Vec<usize> = slice(text, open + 1, close)
        .split(|&b| b == b',')
        .enumerate()
        .filter(|(_, name)| names::promise(name) == Promise::Secret)
        .map(|(i, _)| i)
        .collect();
    if columns.is_empty() {
        return;
    }
    let mut i = close;
    while let Some(open) = memchr::memchr(b'(', slice(text, i, limit)).map(|p| i + p) {
        if slice(text, i, open).iter().any(|&b| b == b';' || b == b'\n' && i > close + 400) {
            return;
        }
        let (fields, stop) = tuple(text, open + 1, limit);
        for &(s, e) in columns.iter().filter_map(|c| fields.get(*c)) {
            if !is_harmless(slice(text, s, e)) {
                scan.mask(s, e, "sql");
            }
        }
        i = stop.max(open + 1);
    }
}

/// Fields of one tuple, without quotes, and where it ends.
fn tuple(text: &[u8], start: usize, limit: usize) -> (Vec<(usize, usize)>, usize) {
    let mut fields = Vec::new();
    let mut i = start;
    while i < limit && fields.len() < 200 {
        i = skip_while(text, i, |b| b.is_ascii_whitespace());
        let (s, e) = if matches!(at(text, i), b'\'' | b'"') {
            shell_word(text, i)
        } else {
            (i, skip_while(text, i, |b| !matches!(b, b',' | b')')).min(limit))
        };
        fields.push((s, e));
        i = skip_while(text, e, |b| !matches!(b, b',' | b')')).min(limit);
        if at(text, i) == b')' || i >= limit {
            return (fields, i + 1);
        }
        i += 1;
    }
    (fields, i)
}
