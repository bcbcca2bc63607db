//! Redacting text that arrives in pieces, with bounded memory and a result that does not depend on where the pieces are cut.
//!
//! The text is cut into blocks at places that its own content and length determine, never the size of a piece. Each block is searched together with what
//! surrounds it, so a value that crosses a block border is seen whole; redacting a text in one call does the same.

use super::Redactor;
use super::mask::{self, Span};
use super::patterns;

/// A block ends at a line break in its last quarter, or here.
const BLOCK: usize = 64 * 1024;

/// What is searched on either side of a block, in bytes. Longer values are found by their lines and fragments.
const CONTEXT: usize = 2 * 1024;

/// A text on its way through the redactor. See [`Redactor::stream`].
pub struct Stream {
    redactor: Redactor,
    /// Up to [`CONTEXT`] bytes already written, then what is held back.
    buffer: Vec<u8>,
    cursor: Cursor,
}

impl std::fmt::Debug for Stream {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Stream").finish_non_exhaustive()
    }
}

impl Stream {
    pub(super) fn new(redactor: Redactor) -> Self {
        Self { redactor, buffer: Vec::new(), cursor: Cursor::default() }
    }

    /// Takes the next bytes and appends to `out` what is certain. Holds back up to about 70 KiB; see [`Stream::flush`].
    pub fn push(&mut self, bytes: &[u8], out: &mut Vec<u8>) {
        self.cursor.covered.clear();
        // In steps, so that one huge piece does not become one huge buffer.
        for part in bytes.chunks(BLOCK) {
            self.buffer.extend_from_slice(part);
            while self.cursor.step(&self.redactor, &self.buffer, false, out) {}
            self.forget();
        }
    }

    /// The line ends that masks cover in what the last [`Stream::push`] wrote: for each such mask the length of `out` with it, and
    /// their number. With them whoever counts lines counts those of the original.
    pub fn covered_line_ends(&self) -> &[(usize, u64)] {
        &self.cursor.covered
    }

    /// Writes all complete lines but the last, for a source that pauses while someone is watching.
    ///
    /// The last line stays, since a value may be wrapped into the next. Calling this makes a block end here, so the result then depends on when it is called:
    /// every single line is still redacted, a construct of several lines may be seen in parts.
    pub fn flush(&mut self, out: &mut Vec<u8>) {
        let held = self.buffer.get(self.cursor.at..).unwrap_or_default();
        let Some(end) = memchr::memrchr(b'\n', held) else { return };
        let Some(end) = held.get(..end).and_then(|lines| memchr::memrchr(b'\n', lines)) else { return };
        let end = self.cursor.at + end + 1;
        self.cursor.block(&self.redactor, &self.buffer, end, out);
        self.forget();
    }

    /// Writes the rest.
    pub fn finish(mut self, out: &mut Vec<u8>) {
        while self.cursor.step(&self.redactor, &self.buffer, true, out) {}
    }

    /// The same, and what [`Stream::covered_line_ends`] would tell of it.
    pub fn finish_noting(mut self, out: &mut Vec<u8>) -> Vec<(usize, u64)> {
        self.cursor.covered.clear();
        while self.cursor.step(&self.redactor, &self.buffer, true, out) {}
        self.cursor.covered
    }

    fn forget(&mut self) {
        let before = self.cursor.at.saturating_sub(CONTEXT);
        if before >= BLOCK / 2 {
            self.buffer.drain(..before);
            self.cursor.at -= before;
            self.cursor.masked_to = self.cursor.masked_to.saturating_sub(before);
        }
    }
}

/// Redacts a whole text, in the same blocks as a stream. Returns `None` when nothing was masked.
pub(super) fn whole(redactor: &Redactor, text: &[u8]) -> Option<Vec<u8>> {
    let mut cursor = Cursor::default();
    let mut out = Vec::new();
    if text.len() <= BLOCK {
        let spans = redactor.spans(text);
        if spans.is_empty() {
            return None;
        }
        mask::write(text, 0, text.len(), &spans, false, &mut out);
        return Some(out);
    }
    out.reserve(text.len() + text.len() / 16);
    while cursor.step(redactor, text, true, &mut out) {}
    cursor.masked.then_some(out)
}

/// The windows in which a text is searched: (window, block within the text).
pub(super) fn windows(text: &[u8]) -> impl Iterator<Item = (Span, Span)> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let end = block_end(text.get(at..)?, true)?;
        let block = Span::new(at, at + end);
        at = block.end;
        Some((window(text, block), block))
    })
}

/// A position in a buffer, and whether a mask reaches over it.
#[derive(Default)]
struct Cursor {
    at: usize,
    /// The end of a mask that was written for a block before `at` and covers text after it.
    masked_to: usize,
    masked: bool,
    /// Masks over line ends: the length of the output with the mask, and how many line ends it covers.
    covered: Vec<(usize, u64)>,
}

impl Cursor {
    /// Processes one block if it and its surroundings are complete.
    fn step(&mut self, redactor: &Redactor, text: &[u8], at_end: bool, out: &mut Vec<u8>) -> bool {
        let held = text.get(self.at..).unwrap_or_default();
        if !at_end && held.len() <= BLOCK + CONTEXT {
            return false;
        }
        let Some(length) = block_end(held, at_end) else { return false };
        self.block(redactor, text, self.at + length, out);
        true
    }

    fn block(&mut self, redactor: &Redactor, text: &[u8], end: usize, out: &mut Vec<u8>) {
        let block = Span::new(self.at, end);
        let window = window(text, block);
        let searched = text.get(window.start..window.end).unwrap_or_default();
        let mut spans = redactor.spans(searched);
        let (from, to) = (block.start - window.start, block.end - window.start);
        let open = self.masked_to > block.start;
        if open {
            spans.push(Span::new(from, (self.masked_to - window.start).min(searched.len())));
            mask::settle(searched, &mut spans);
        }
        mask::write_noting(searched, from, to, &spans, open, out, &mut |length, text| {
            let ends = memchr::memchr_iter(b'\n', text).count() as u64;
            if ends > 0 {
                self.covered.push((length, ends));
            }
        });
        self.masked |= spans.iter().any(|span| span.start < to && span.end > from);
        self.masked_to =
            spans.iter().find(|span| span.start < to && span.end > to).map_or(0, |span| span.end + window.start);
        self.at = end;
    }
}

fn window(text: &[u8], block: Span) -> Span {
    Span::new(block.start.saturating_sub(CONTEXT), (block.end + CONTEXT).min(text.len()))
}

/// Where the block that starts with `rest` ends, or `None` when more must be known or nothing is left.
fn block_end(rest: &[u8], at_end: bool) -> Option<usize> {
    if rest.len() <= BLOCK {
        return (at_end && !rest.is_empty()).then_some(rest.len());
    }
    let mut last = None;
    let mut end = BLOCK;
    // A line that nothing goes on from, if one of the last few is such.
    for _ in 0..CANDIDATES {
        let Some(found) = rest.get(BLOCK / 4 * 3..end).and_then(|tail| memchr::memrchr(b'\n', tail)) else { break };
        end = BLOCK / 4 * 3 + found;
        last = last.or(Some(end + 1));
        if !patterns::open_construct(rest.get((end + 1).saturating_sub(CONTEXT)..=end).unwrap_or_default()) {
            return Some(end + 1);
        }
    }
    Some(last.unwrap_or(BLOCK))
}

/// How many line ends are tried for the end of a block.
const CANDIDATES: usize = 8;

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Secret;
    use super::*;

    const VALUE: &str = "kV9wq27LmZxpRtY4";

    /// Two blocks of log text and some with a value, whole or encoded, at random places; without line breaks also at every border.
    fn text() -> impl Strategy<Value = Vec<u8>> {
        let places = prop::collection::vec((0_usize..2 * BLOCK, 0_usize..4), 0..8);
        (places, prop::sample::select(vec![b'\n', b' '])).prop_map(|(places, end)| {
            let line = b"2025-11-24T10:11:12Z INFO app: cache key product:17 was not found, token refreshed";
            let lines = line.iter().chain(std::iter::once(&end)).copied().cycle();
            let mut text: Vec<u8> = lines.take(2 * BLOCK + BLOCK / 4).collect();
            let borders = [(BLOCK - 8, 0), (2 * BLOCK - 20, 1)];
            for (at, form) in places.into_iter().chain(borders) {
                let planted: Vec<u8> = match form {
                    0 => VALUE.into(),
                    1 => VALUE.bytes().flat_map(|byte| format!("%{byte:02x}").into_bytes()).collect(),
                    2 => VALUE.as_bytes().chunks(5).collect::<Vec<_>>().join(&b"\n"[..]),
                    _ => format!("password={}", VALUE.chars().rev().collect::<String>()).into(),
                };
                text.splice(at..at + planted.len(), planted);
            }
            text
        })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(4))]

        #[test]
        fn a_stream_cut_anywhere_equals_the_whole(
            text in text(),
            lengths in prop::collection::vec(prop_oneof![1_usize..9, 1_usize..70_000], 1..8),
        ) {
            let (redactor, _) = Redactor::new([Secret::new("value", VALUE)]);
            let whole = redactor.bytes(&text).into_owned();
            prop_assert!(memchr::memmem::find(&whole, VALUE.as_bytes()).is_none());
            let (mut stream, mut out) = (redactor.stream(), Vec::new());
            let mut rest = text.as_slice();
            for length in lengths.iter().cycle() {
                let (piece, later) = rest.split_at((*length).min(rest.len()));
                stream.push(piece, &mut out);
                rest = later;
                if rest.is_empty() {
                    break;
                }
            }
            stream.finish(&mut out);
            prop_assert!(out == whole);
        }
    }
}
