//! Encoded runs inside of which another encoding may hide: base64 or hex of something that is not the plain value.

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};

use super::super::mask::Span;
use super::probe::{is_coded, is_hex};
use super::unescape::hex;
use super::view::View;

/// Shorter runs cannot hold an encoded secret within another encoding.
const SHORTEST: usize = 22;

/// Longer runs are decoded in parts of this many characters.
const PART: usize = 32 * 1024;

/// Decoded characters that show whether a run is text at all.
const SAMPLE: usize = 16;

/// Appends the decoded content of the run around `at`, if it looks encoded rather than written. Returns where the run ends.
pub(super) fn views(text: &[u8], at: usize, views: &mut Vec<View>) -> usize {
    let before = text.get(at.saturating_sub(PART)..at).unwrap_or_default();
    let start = at - before.iter().rev().take_while(|byte| is_coded(**byte)).count();
    let end = at + text.get(at..).unwrap_or_default().iter().take_while(|byte| is_coded(**byte)).count();
    if end - start >= SHORTEST {
        run(text, start, end, views);
    }
    end
}

fn run(text: &[u8], start: usize, end: usize, views: &mut Vec<View>) {
    let bytes = text.get(start..end).unwrap_or_default();
    let is_sign = |byte: &&u8| !byte.is_ascii_alphanumeric();
    let first = bytes.iter().take_while(is_sign).count();
    let last = bytes.len() - bytes.iter().skip(first).rev().take_while(is_sign).count();
    let digits = bytes.get(first..last).unwrap_or_default();
    if is_hex(digits) {
        // Digests are as random as what they would decode to: worth it only where text comes out.
        for shift in 0..2 {
            let (pairs, _) = digits.get(shift..).unwrap_or_default().as_chunks::<2>();
            let decoded = pairs.iter().map(|[high, low]| hex(*high).unwrap_or(0) << 4 | hex(*low).unwrap_or(0));
            // The first digit of a printable byte is 2 to 7.
            let mut binary = pairs.iter().take(SAMPLE).filter(|[high, _]| !matches!(high, b'2'..=b'7'));
            if binary.nth(SAMPLE / 4).is_some() {
                continue;
            }
            let mut view = View::default();
            for (index, byte) in decoded.enumerate() {
                let at = start + first + shift + 2 * index;
                view.push(byte, Span::new(at, at + 2));
            }
            views.push(view);
        }
        return;
    }
    let mixed = bytes.iter().any(u8::is_ascii_lowercase) && bytes.iter().any(u8::is_ascii_uppercase);
    if !mixed {
        return;
    }
    for shift in 0..4 {
        base64(bytes.get(shift..).unwrap_or_default(), start + shift, views);
    }
}

fn base64(run: &[u8], start: usize, views: &mut Vec<View>) {
    for (index, part) in run.chunks(PART).enumerate() {
        // One character alone holds no byte.
        let whole = part.len() - usize::from(part.len() % 4 == 1);
        let mut sample = [0; SAMPLE];
        let mut decoded_sample = [0; SAMPLE];
        let length = whole.min(SAMPLE) / 4 * 4;
        sample.iter_mut().zip(part).for_each(|(to, from)| *to = standard(*from));
        let decoded =
            sample.get(..length).and_then(|sample| ENGINE.decode_slice(sample, &mut decoded_sample).ok()).unwrap_or(0);
        if !is_text(decoded_sample.into_iter().take(decoded)) {
            continue;
        }
        let symbols: Vec<u8> = part.iter().take(whole).map(|byte| standard(*byte)).collect();
        let Ok(decoded) = ENGINE.decode(&symbols) else { continue };
        let mut view = View::default();
        for (offset, byte) in decoded.into_iter().enumerate() {
            let first = start + index * PART + offset * 8 / 6;
            view.push(byte, Span::new(first, first + 2));
        }
        views.push(view);
    }
}

fn standard(symbol: u8) -> u8 {
    match symbol {
        b'-' => b'+',
        b'_' => b'/',
        other => other,
    }
}

/// Whether bytes look like text: another encoding of a secret is ASCII, perhaps with NULs between.
fn is_text(bytes: impl Iterator<Item = u8>) -> bool {
    let mut length = 0;
    let mut legible = 0;
    for byte in bytes {
        length += 1;
        legible += usize::from(matches!(byte, 0 | b'\n' | b'\r' | b'\t' | 0x20..=0x7E));
    }
    length > 0 && legible * 6 >= length * 5
}

const ENGINE: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hex_is_read_between_signs() {
        for (text, from) in [("6b56397771323732304c6d5a78", 0), ("--6b56397771323732304c6d5a78/", 2)] {
            let mut found = Vec::new();
            views(text.as_bytes(), 12, &mut found);
            let read = found.iter().find(|view| view.bytes == b"kV9wq2720LmZx").unwrap();
            assert_eq!(read.span(0, 13), Span::new(from, from + 26));
        }
    }
}
