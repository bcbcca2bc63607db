//! Values that span lines or nest: YAML block scalars and lists, JSON arrays and small objects,
//! the data of Kubernetes secrets, vault blocks.

use super::bytes::{at, find_word, line_end, line_start, next_line, skip_blanks, skip_while, slice, trim, word_at};
use super::harmless::is_harmless;
use super::scan::Scan;
use super::value::{Link, link, value};

/// Lines of one block at most.
const LINES: usize = 400;

/// Masks a nested value of a secret name that begins at `i`; true if there was one.
pub(super) fn nested(scan: &mut Scan<'_>, i: usize, key_line: usize) -> bool {
    let text = scan.text;
    match at(text, i) {
        b'|' | b'>' if matches!(at(text, i + 1), b'\n' | b'\r' | b'-' | b'+') || at(text, i + 1).is_ascii_digit() => {
            scalar(scan, i, key_line);
            true
        }
        b'!' if word_at(text, i, b"!vault") => {
            scalar(scan, i, key_line);
            true
        }
        b'[' if matches!(at(text, skip_while(text, i + 1, |b| b.is_ascii_whitespace())), b'"' | b'\'' | b'\\') => {
            let stop = slice(text, i, i + 2048).iter().position(|&b| b == b']').map_or(i, |p| i + p);
            quoted_items(scan, i, stop);
            stop > i
        }
        b'{' => {
            let stop = slice(text, i, i + 1024).iter().position(|&b| b == b'}').map_or(i, |p| i + p);
            object(scan, i, stop)
        }
        b'\n' | b'\r' => list(scan, i, key_line),
        _ => false,
    }
}

/// Masks all values of `data:` and `stringData:` in the document that holds `kind: Secret` at `i`.
pub(super) fn kubernetes_secret(scan: &mut Scan<'_>, i: usize) {
    let text = scan.text;
    let from = memchr::memmem::rfind(slice(text, 0, i), b"\n---").unwrap_or(0).max(i.saturating_sub(32 * 1024));
    let to =
        memchr::memmem::find(slice(text, i, text.len()), b"\n---").map_or(text.len(), |p| i + p).min(i + 64 * 1024);
    for key in [&b"data"[..], b"stringData"] {
        let mut at_key = from;
        while let Some(p) = memchr::memmem::find(slice(text, at_key, to), key) {
            let start = at_key + p;
            at_key = start + key.len();
            let line = line_start(text, start);
            let Some((Link::Colon, value_at)) = link(text, start + key.len()) else { continue };
            let open = skip_while(text, value_at, |b| b.is_ascii_whitespace());
            if at(text, open) == b'{' {
                let stop = slice(text, open, to).iter().position(|&b| b == b'}').map_or(to, |p| open + p);
                pairs(scan, open, stop);
            } else if slice(text, line, start).iter().all(|&b| b == b' ') {
                let stop = indented_end(text, next_line(text, start), start - line);
                pairs(scan, next_line(text, start), stop.min(to));
            }
        }
    }
}

/// `resource "random_password" "db"` in a plan or a state: its `result`.
pub(super) fn generated(scan: &mut Scan<'_>, i: usize) {
    let text = scan.text;
    let mut line = i;
    for _ in 0..24 {
        let content = slice(text, line, line_end(text, line));
        for name in [&b"result"[..], b"bcrypt_hash"] {
            if let Some(p) = find_word(content, name)
                && let Some((operator, from)) = link(text, line + p + name.len())
                && let Some(found) = value(text, from, operator).filter(|v| v.quoted)
                && !is_harmless(slice(text, found.start, found.end))
            {
                scan.mask(found.start, found.end, "generated");
            }
        }
        line = next_line(text, line);
        if line >= text.len() {
            break;
        }
    }
}

/// Masks the lines after `i` that are hex or indented, as in vault files.
pub(super) fn vault(scan: &mut Scan<'_>, i: usize) {
    let text = scan.text;
    let start = next_line(text, i);
    let mut line = start;
    let mut last = start;
    for _ in 0..LINES * 10 {
        let (s, e) = trim(text, line, line_end(text, line));
        let content = slice(text, s, e);
        if line >= text.len() || content.len() < 16 || !content.iter().all(u8::is_ascii_hexdigit) {
            break;
        }
        last = e;
        line = next_line(text, line);
    }
    scan.mask(start, last, "vault");
}

/// All more indented lines below the key.
fn scalar(scan: &mut Scan<'_>, i: usize, key_line: usize) {
    let text = scan.text;
    let indent = skip_blanks(text, key_line) - key_line;
    let start = next_line(text, i);
    let stop = indented_end(text, start, indent);
    let (s, e) = trim(text, start, stop);
    if !is_harmless(slice(text, s, e)) {
        scan.mask(s, e, "block");
    }
}

/// End of the lines indented deeper than `indent`.
fn indented_end(text: &[u8], start: usize, indent: usize) -> usize {
    let mut line = start;
    for _ in 0..LINES {
        let first = skip_blanks(text, line);
        let blank = matches!(at(text, first), b'\n' | b'\r');
        if line >= text.len() || (!blank && first - line <= indent) {
            break;
        }
        line = next_line(text, line);
    }
    line
}

/// `passwords:` with `- x` items below.
fn list(scan: &mut Scan<'_>, i: usize, key_line: usize) -> bool {
    let text = scan.text;
    let indent = skip_blanks(text, key_line) - key_line;
    let mut line = next_line(text, i);
    let mut any = false;
    for _ in 0..64 {
        let first = skip_blanks(text, line);
        if first - line < indent || at(text, first) != b'-' || at(text, first + 1) != b' ' {
            break;
        }
        let (s, e) = trim(text, first + 2, line_end(text, line));
        let content = slice(text, s, e);
        if !is_harmless(content)
            && !content.contains(&b':')
            && !content.contains(&b' ')
            && super::prose::is_told(content)
        {
            scan.mask(s, e, "list");
            any = true;
        }
        line = next_line(text, line);
    }
    any
}

fn quoted_items(scan: &mut Scan<'_>, from: usize, to: usize) {
    let text = scan.text;
    let mut i = from + 1;
    while i < to {
        let p = skip_while(text, i, |b| b.is_ascii_whitespace() || b == b',');
        let Some(found) = value(text, p, Link::Equals) else { break };
        if p >= to {
            break;
        }
        if found.quoted && !is_harmless(slice(text, found.start, found.end)) {
            scan.mask(found.start, found.end.min(to), "list");
        }
        i = found.end + 1;
        i = skip_while(text, i, |b| matches!(b, b'"' | b'\'' | b'\\'));
    }
}

/// `{"value": "x"}`, `{"S": "x"}`.
fn object(scan: &mut Scan<'_>, from: usize, to: usize) -> bool {
    let text = scan.text;
    for key in [
        &b"value"[..],
        b"\"S\"",
        b"stringValue",
        b"string",
        b"default",
        b"plain",
        b"raw",
        b"secret",
        b"current",
        b"content",
        b"_value",
        b"text",
        b"example_value",
    ] {
        if let Some(p) = find_word(slice(text, from, to), key)
            && let Some((link, next)) = link(text, from + p + key.len())
            && !matches!(link, Link::Blank | Link::Argument)
            && let Some(found) = value(text, next, link)
            && found.quoted
        {
            if !is_harmless(slice(text, found.start, found.end)) {
                scan.mask(found.start, found.end, "object");
            }
            return true;
        }
    }
    false
}

/// Every value of `key: value` pairs in a range, in YAML or JSON.
fn pairs(scan: &mut Scan<'_>, from: usize, to: usize) {
    let text = scan.text;
    let mut i = from;
    while i < to {
        let Some(colon) = memchr::memchr(b':', slice(text, i, to)).map(|p| i + p) else { break };
        let Some(found) = value(text, colon + 1, Link::Equals) else {
            i = colon + 1;
            continue;
        };
        let content = slice(text, found.start, found.end);
        if matches!(content.first(), Some(b'|' | b'>')) && content.len() <= 2 {
            let key_line = line_start(text, colon);
            scalar(scan, colon, key_line);
            i = indented_end(text, next_line(text, colon), skip_blanks(text, key_line) - key_line);
            continue;
        }
        if found.end <= to + 1 && !is_harmless(content) && !matches!(content.first(), Some(b'{' | b'[')) {
            scan.mask(found.start, found.end, "kubernetes-secret");
        }
        i = found.end.max(colon + 1);
    }
}
