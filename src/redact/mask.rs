//! Putting the mask over ranges of a text.

/// What stands in the place of everything that was masked. One constant, so that a mask tells nothing about what it covers.
pub const MASK: &str = "[redacted]";

/// A half-open range of bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Span {
    pub start: usize,
    pub end: usize,
}

impl Span {
    pub(super) fn new(start: usize, end: usize) -> Self {
        Self { start, end }
    }
}

/// Sorts and merges overlapping and adjacent spans, lets them swallow masks they touch, and widens them to whole UTF-8 characters.
///
/// A span inside an existing mask disappears: masked text is never masked again.
pub(super) fn settle(text: &[u8], spans: &mut Vec<Span>) {
    spans.retain(|span| span.start < span.end);
    if spans.is_empty() {
        return;
    }
    for span in spans.iter_mut() {
        *span = widen(text, *span);
    }
    spans.sort_unstable();
    merge(spans);
    let masks = masks_near(text, spans);
    if masks.is_empty() {
        return;
    }
    spans.retain(|span| !masks.iter().any(|mask| mask.start <= span.start && span.end <= mask.end));
    if spans.is_empty() {
        return;
    }
    for mask in masks {
        if spans.iter().any(|span| span.start <= mask.end && mask.start <= span.end) {
            spans.push(mask);
        }
    }
    spans.sort_unstable();
    merge(spans);
}

/// Appends `text[from..to]` with each span replaced by the mask. `open` says that the mask for a span that starts at or before `from` was already written.
///
/// Spans must be settled.
pub(super) fn write(text: &[u8], from: usize, to: usize, spans: &[Span], open: bool, out: &mut Vec<u8>) {
    write_noting(text, from, to, spans, open, out, &mut |_, _| {});
}

/// The same; `note` hears of every mask how long `out` is with it, and what it covers.
pub(super) fn write_noting(
    text: &[u8],
    from: usize,
    to: usize,
    spans: &[Span],
    open: bool,
    out: &mut Vec<u8>,
    note: &mut dyn FnMut(usize, &[u8]),
) {
    let mut at = from;
    for span in spans {
        if span.end <= from || span.start >= to {
            continue;
        }
        if span.start > at {
            out.extend_from_slice(text.get(at..span.start).unwrap_or_default());
        }
        if !(open && span.start <= from) {
            out.extend_from_slice(MASK.as_bytes());
        }
        note(out.len(), text.get(span.start.max(from)..span.end.min(to)).unwrap_or_default());
        at = at.max(span.end.min(to));
    }
    out.extend_from_slice(text.get(at..to).unwrap_or_default());
}

fn merge(spans: &mut Vec<Span>) {
    let mut merged: Vec<Span> = Vec::with_capacity(spans.len());
    for span in spans.drain(..) {
        match merged.last_mut() {
            Some(last) if span.start <= last.end => last.end = last.end.max(span.end),
            _ => merged.push(span),
        }
    }
    *spans = merged;
}

fn widen(text: &[u8], span: Span) -> Span {
    let continues = |at: usize| text.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let mut start = span.start;
    while start > 0 && span.start - start < 3 && continues(start) {
        start -= 1;
    }
    let mut end = span.end;
    while end - span.end < 3 && continues(end) {
        end += 1;
    }
    Span { start, end }
}

fn masks_near(text: &[u8], spans: &[Span]) -> Vec<Span> {
    let mut masks: Vec<Span> = Vec::new();
    for span in spans {
        let from = span.start.saturating_sub(MASK.len());
        let to = span.end.saturating_add(MASK.len()).min(text.len());
        for found in memchr::memmem::find_iter(text.get(from..to).unwrap_or_default(), MASK) {
            masks.push(Span::new(from + found, from + found + MASK.len()));
        }
    }
    masks.sort_unstable();
    masks.dedup();
    masks
}

#[cfg(test)]
mod tests {
    use super::*;

    fn masked(text: &str, spans: &[(usize, usize)]) -> String {
        let mut spans: Vec<Span> = spans.iter().map(|(start, end)| Span::new(*start, *end)).collect();
        settle(text.as_bytes(), &mut spans);
        let mut out = Vec::new();
        write(text.as_bytes(), 0, text.len(), &spans, false, &mut out);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn overlapping_and_adjacent_spans_become_one_mask() {
        assert_eq!(masked("abcdefgh", &[(3, 5), (1, 3), (4, 6)]), "a[redacted]gh");
    }

    #[test]
    fn characters_stay_whole() {
        assert_eq!(masked("aéb", &[(2, 3)]), "a[redacted]b");
        assert_eq!(masked("aéb", &[(0, 2)]), "[redacted]b");
    }

    #[test]
    fn masks_are_left_alone_or_swallowed() {
        assert_eq!(masked("x[redacted]y", &[(2, 6)]), "x[redacted]y");
        assert_eq!(masked("x[redacted]y", &[(0, 1)]), "[redacted]y");
        assert_eq!(masked("xx[redacted]yy", &[(0, 14)]), "[redacted]");
    }
}
