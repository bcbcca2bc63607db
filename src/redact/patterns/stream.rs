//! May a text be cut here? Asked by the stream at the end of every segment.

use super::bytes::{find_word, line_start, slice, trim};
use super::names::{self, Promise};

/// How far back an opened block is looked for.
const WINDOW: usize = 64 * 1024;

/// True if the end of `segment` lies inside a construct that goes on.
pub(super) fn open_construct(segment: &[u8]) -> bool {
    let window = slice(segment, segment.len().saturating_sub(WINDOW), segment.len());
    if block_open(window) {
        return true;
    }
    let end = if window.ends_with(b"\n") { window.len() - 1 } else { window.len() };
    let start = line_start(window, end);
    let line = slice(window, start, end);
    let (s, e) = trim(line, 0, line.len());
    let line = slice(line, s, e);
    if line.ends_with(b"\\") || is_armour(line) {
        return true;
    }
    let previous = slice(window, line_start(window, start.saturating_sub(1)), start);
    waits(line) || previous.len() < 400 && has_delimiters(line) && (names_secret(line) || names_secret(previous))
}

fn block_open(window: &[u8]) -> bool {
    // Searching forwards is many times as fast, and mostly there is nothing.
    let last = |word: &[u8]| memchr::memmem::find(window, word).and_then(|_| memchr::memmem::rfind(window, word));
    let opened = last(b"-----BEGIN");
    if opened.is_some_and(|p| last(b"-----END").is_none_or(|end| end < p)) {
        return true;
    }
    let marker = last(b"$ANSIBLE_VAULT").or_else(|| last(b"Private-Lines:"));
    marker.is_some_and(|p| {
        slice(window, p, window.len()).split(|&b| b == b'\n').skip(1).all(|line| {
            let (s, e) = trim(line, 0, line.len());
            is_armour(slice(line, s, e)) || s == e
        })
    })
}

/// A line of nothing but base64 or hex.
fn is_armour(line: &[u8]) -> bool {
    line.len() >= 40 && line.iter().all(|&b| super::bytes::is_base64(b) || b == b'=')
}

/// A key that has no value yet, or a name whose value comes on the next line.
fn waits(line: &[u8]) -> bool {
    if line.len() > 300 || line.is_empty() {
        return false;
    }
    let ends = |words: &[&[u8]]| words.iter().any(|w| line.ends_with(w));
    let opened = ends(&[b":", b": |", b": >", b": |-", b": >-", b"!vault |", b"=", b"{", b"[", b":|"]);
    let named = find_word(line, b"name").or_else(|| find_word(line, b"key")).is_some() && line.len() < 160;
    (opened || named) && names_secret(line)
}

fn has_delimiters(line: &[u8]) -> bool {
    line.contains(&b'|')
        || line.iter().filter(|b| matches!(b, b',' | b'\t' | b';')).count() >= 1
        || line.windows(2).any(|w| w == b"  " || w == b"--")
}

fn names_secret(line: &[u8]) -> bool {
    line.len() < 600
        && line
            .split(|&b| !super::bytes::is_name(b))
            .any(|word| word.len() > 2 && names::promise(word) >= Promise::Maybe)
}
