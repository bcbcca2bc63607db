//! A decoded rendering of a piece of text that remembers where each byte came from.

use super::super::mask::Span;

#[derive(Debug, Default, Clone)]
pub(super) struct View {
    pub bytes: Vec<u8>,
    /// For each byte, the span of the original text that produced it.
    from: Vec<(u32, u32)>,
}

impl View {
    /// The text itself, `text[start..end]`.
    pub(super) fn of(text: &[u8], start: usize, end: usize) -> Self {
        let bytes = text.get(start..end).unwrap_or_default().to_vec();
        let from = (small(start)..).take(bytes.len()).map(|at| (at, at + 1)).collect();
        Self { bytes, from }
    }

    pub(super) fn push(&mut self, byte: u8, span: Span) {
        self.bytes.push(byte);
        self.from.push((small(span.start), small(span.end)));
    }

    /// Appends a byte that stands for the bytes `start..end` of another view.
    pub(super) fn push_from(&mut self, byte: u8, other: &Self, start: usize, end: usize) {
        let span = other.span(start, end);
        self.push(byte, span);
    }

    /// The same bytes, with origins in `self` replaced by those that `outer` gives them.
    pub(super) fn within(mut self, outer: &Self) -> Self {
        for from in &mut self.from {
            let span = outer.span(from.0 as usize, from.1 as usize);
            *from = (small(span.start), small(span.end));
        }
        self
    }

    /// Where the bytes `start..end` came from.
    pub(super) fn span(&self, start: usize, end: usize) -> Span {
        let first = self.from.get(start).map_or(0, |from| from.0);
        let last = end.checked_sub(1).and_then(|last| self.from.get(last)).map_or(first, |from| from.1);
        Span::new(first as usize, last.max(first) as usize)
    }
}

/// Windows are far smaller than 4 GiB, so offsets fit.
fn small(at: usize) -> u32 {
    u32::try_from(at).unwrap_or(u32::MAX)
}
