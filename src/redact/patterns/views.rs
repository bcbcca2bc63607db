//! The same search over decoded readings of those lines that need one.

use super::bytes::{is_base64, line_end, line_start, skip_while, slice};
use super::public;
use crate::redact::hit::Hit;
use crate::redact::view::{self, View};

/// Decoded texts inside decoded texts are followed this deep.
const DEPTH: usize = 3;
/// Shortest base64 run worth decoding.
const BASE64: usize = 24;

/// The hits in the text and in all its views.
pub(super) fn find(text: &[u8]) -> Vec<Hit> {
    find_nested(text, DEPTH)
}

fn find_nested(text: &[u8], depth: usize) -> Vec<Hit> {
    let super::Direct { mut hits, encoded } = super::direct(text);
    if depth == 0 {
        return hits;
    }
    for (sign, decode) in SIGNS {
        let mut from = 0;
        while let Some(p) = memchr::memchr(*sign, slice(text, from, text.len())) {
            // Neighbouring lines with the sign form one text, so that blocks stay together.
            let start = line_start(text, from + p).max(from);
            let mut end = line_end(text, from + p);
            while end < text.len() && memchr::memchr(*sign, slice(text, end + 1, line_end(text, end + 1))).is_some() {
                end = line_end(text, end + 1);
            }
            if let Some(view) = decode(slice(text, start, end)) {
                through(&view, start, &mut hits, depth);
            }
            from = end + 1;
        }
    }
    for (start, end) in encoded {
        base64_run(text, start, end, &mut hits, depth);
    }
    hits
}

type Decode = fn(&[u8]) -> Option<View>;

const SIGNS: &[(u8, Decode)] =
    &[(0x1b, view::without_ansi), (b'\\', escapes), (b'^', view::without_ansi), (b'%', view::percent_decoded)];

fn escapes(lines: &[u8]) -> Option<View> {
    view::without_ansi(lines).or_else(|| view::unescaped(lines))
}

fn through(view: &View, offset: usize, hits: &mut Vec<Hit>, depth: usize) {
    for hit in find_nested(&view.text, depth - 1) {
        let (start, end) = view.raw(hit.start, hit.end);
        hits.push(Hit { start: offset + start, end: offset + end, rule: hit.rule });
    }
}

/// Base64 that decodes to text is searched; what is found in it is masked in the run.
fn base64_run(text: &[u8], start: usize, end: usize, hits: &mut Vec<Hit>, depth: usize) {
    let mut from = start;
    while from < end {
        let stop = skip_while(text, from, is_base64).min(end);
        let run = slice(text, from, stop);
        if run.len() >= BASE64 && run.len() <= 64 * 1024 && !public::is_public_data(run) && looks_encoded(run) {
            let padded = skip_while(text, stop, |b| b == b'=').min(stop + 2);
            if let Some(view) = view::base64_decoded(slice(text, from, padded)) {
                through(&view, from, hits, depth);
            }
        }
        from = stop + 1;
    }
}

/// Paths and identifiers are not worth decoding: encoded text has all three classes.
fn looks_encoded(run: &[u8]) -> bool {
    let upper = run.iter().take(64).filter(|b| b.is_ascii_uppercase()).count();
    let lower = run.iter().take(64).filter(|b| b.is_ascii_lowercase()).count();
    upper >= 4 && lower >= 4 && run.iter().take(64).any(u8::is_ascii_digit)
}
