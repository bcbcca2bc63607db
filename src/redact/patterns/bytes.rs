//! Reading arbitrary bytes without panics: every position outside the text reads as NUL.

/// The byte at `i`, NUL outside.
#[inline]
pub(super) fn at(text: &[u8], i: usize) -> u8 {
    text.get(i).copied().unwrap_or(0)
}

/// The byte before `i`, NUL at the beginning.
#[inline]
pub(super) fn before(text: &[u8], i: usize) -> u8 {
    i.checked_sub(1).map_or(0, |p| at(text, p))
}

/// `text[start..end]`, clamped to the text.
#[inline]
pub(super) fn slice(text: &[u8], start: usize, end: usize) -> &[u8] {
    let end = end.min(text.len());
    text.get(start.min(end)..end).unwrap_or_default()
}

/// The text from `i` on.
#[inline]
pub(super) fn tail(text: &[u8], i: usize) -> &[u8] {
    text.get(i..).unwrap_or_default()
}

/// True if `word` stands at `i`, ASCII case ignored.
#[inline]
pub(super) fn word_at(text: &[u8], i: usize, word: &[u8]) -> bool {
    text.get(i..i + word.len()).is_some_and(|t| t.eq_ignore_ascii_case(word))
}

/// True if `text` ends with `word`, ASCII case ignored.
#[inline]
pub(super) fn ends_with(text: &[u8], word: &[u8]) -> bool {
    text.len().checked_sub(word.len()).is_some_and(|i| word_at(text, i, word))
}

/// True if `text` starts with `word`, ASCII case ignored.
#[inline]
pub(super) fn starts_with(text: &[u8], word: &[u8]) -> bool {
    word_at(text, 0, word)
}

/// Position of `word` in `text`, ASCII case ignored; for short texts only.
#[inline]
pub(super) fn find_word(text: &[u8], word: &[u8]) -> Option<usize> {
    text.windows(word.len().max(1)).position(|w| w.eq_ignore_ascii_case(word))
}

/// First byte of the line that holds `i`.
#[inline]
pub(super) fn line_start(text: &[u8], i: usize) -> usize {
    memchr::memrchr(b'\n', slice(text, 0, i)).map_or(0, |p| p + 1)
}

/// The end of the line that holds `i`, without its line break.
#[inline]
pub(super) fn line_end(text: &[u8], i: usize) -> usize {
    let end = memchr::memchr(b'\n', tail(text, i)).map_or(text.len(), |p| i + p);
    if end > i && before(text, end) == b'\r' { end - 1 } else { end }
}

/// Start of the line after the one that holds `i`, or the end of the text.
#[inline]
pub(super) fn next_line(text: &[u8], i: usize) -> usize {
    memchr::memchr(b'\n', tail(text, i)).map_or(text.len(), |p| i + p + 1)
}

/// First position from `i` on that is not a blank or tab.
#[inline]
pub(super) fn skip_blanks(text: &[u8], i: usize) -> usize {
    skip_while(text, i, |b| matches!(b, b' ' | b'\t'))
}

/// First position from `i` on whose byte does not satisfy `keep`, or the end of the text.
#[inline]
pub(super) fn skip_while(text: &[u8], i: usize, keep: impl Fn(u8) -> bool) -> usize {
    tail(text, i).iter().position(|&b| !keep(b)).map_or(text.len().max(i), |p| i + p)
}

/// The smallest `s` so that all of `text[s..i]` satisfies `keep`, looking back at most `limit` bytes.
#[inline]
pub(super) fn back_while(text: &[u8], i: usize, limit: usize, keep: impl Fn(u8) -> bool) -> usize {
    let floor = i.saturating_sub(limit);
    slice(text, floor, i).iter().rposition(|&b| !keep(b)).map_or(floor, |p| floor + p + 1)
}

/// Bytes of identifiers in configuration, code, headers and flags, in any script.
#[inline]
pub(super) fn is_name(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.') || b >= 0x80
}

/// Bytes of base64 in both alphabets, without padding.
#[inline]
pub(super) fn is_base64(b: u8) -> bool {
    b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/' | b'-' | b'_')
}

/// `text` without blanks at both ends, with its new start.
#[inline]
pub(super) fn trim(text: &[u8], mut start: usize, mut end: usize) -> (usize, usize) {
    while start < end && at(text, start).is_ascii_whitespace() {
        start += 1;
    }
    while end > start && before(text, end).is_ascii_whitespace() {
        end -= 1;
    }
    (start, end)
}
