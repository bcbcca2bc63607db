//! What a text looks like around its masks, so that it can be searched once more.

use super::mask::{MASK, Span};

/// A stretch of the masked text.
#[derive(Debug)]
pub(super) struct Patch {
    pub masked: Vec<u8>,
    /// Pieces in order: where each starts in `masked`, and which part of the text it stands for.
    pieces: Vec<(usize, Span, bool)>,
}

/// How much unmasked text is taken along on either side, in bytes.
const NEAR: usize = 512;

impl Patch {
    /// The surroundings of the settled spans, merged where they meet.
    pub(super) fn around(text: &[u8], spans: &[Span]) -> Vec<Self> {
        let mut patches = Vec::new();
        let mut rest = spans;
        while let Some(first) = rest.first() {
            let mut length = 1;
            let mut end = first.end + NEAR;
            while let Some(next) = rest.get(length).filter(|next| next.start <= end + NEAR) {
                end = next.end + NEAR;
                length += 1;
            }
            let (group, later) = rest.split_at(length);
            patches.push(Self::of(text, Span::new(first.start.saturating_sub(NEAR), end.min(text.len())), group));
            rest = later;
        }
        patches
    }

    fn of(text: &[u8], region: Span, spans: &[Span]) -> Self {
        let mut patch = Self { masked: Vec::new(), pieces: Vec::new() };
        let mut at = region.start;
        for span in spans {
            patch.piece(text, Span::new(at, span.start), false);
            patch.piece(text, *span, true);
            at = span.end;
        }
        patch.piece(text, Span::new(at, region.end), false);
        patch
    }

    fn piece(&mut self, text: &[u8], span: Span, masked: bool) {
        if span.start < span.end {
            self.pieces.push((self.masked.len(), span, masked));
            self.masked.extend_from_slice(if masked {
                MASK.as_bytes()
            } else {
                text.get(span.start..span.end).unwrap_or_default()
            });
        }
    }

    /// The part of the original text that a span of the masked one stands for.
    pub(super) fn original(&self, span: Span) -> Span {
        let start = self
            .piece_at(span.start)
            .map_or(0, |(at, piece, masked)| if masked { piece.start } else { piece.start + (span.start - at) });
        let last = span.end.saturating_sub(1);
        let end = self
            .piece_at(last)
            .map_or(start, |(at, piece, masked)| if masked { piece.end } else { piece.start + (last - at) + 1 });
        Span::new(start, end)
    }

    fn piece_at(&self, at: usize) -> Option<(usize, Span, bool)> {
        self.pieces.iter().rev().find(|(start, _, _)| *start <= at).copied()
    }
}
