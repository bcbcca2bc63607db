//! Noticing places where a value may continue behind a line break, a control sequence, or an escape, and places where characters stand apart.

use super::super::mask::Span;
use super::escaped::{self, Side};
use super::seeds::{GRAM, Seeds};
use super::squeeze::gap;
use super::unescape::{escape, starts_escape};

/// Appends the places that the search of the unbroken text cannot judge.
pub(super) fn suspicious(seeds: &Seeds, text: &[u8], places: &mut Vec<Span>) {
    breaks(seeds, text, memchr::memchr3_iter(b'\n', 0x1B, 0, text), places);
    let invisible = |at: &usize| text.get(*at..).is_some_and(|rest| gap(rest) > 0);
    breaks(seeds, text, memchr::memchr3_iter(0xC2, 0xE2, 0xEF, text).filter(invisible), places);
    escapes(seeds, text, places);
    apart(text, places);
}

/// Bytes kept on either side of a break: with one byte less than a gram, every gram of the joined text crosses the break.
pub(super) const SIDE: usize = GRAM - 1;

/// Line breaks, colour codes, NULs, invisible characters.
fn breaks(seeds: &Seeds, text: &[u8], breaks: impl Iterator<Item = usize>, places: &mut Vec<Span>) {
    let mut done = 0;
    for at in breaks {
        if at < done {
            continue;
        }
        let mut start = at;
        while let Some(previous) = start.checked_sub(1)
            && text.get(previous).is_some_and(|byte| matches!(byte, b' ' | b'\t' | b'\r' | b'\\' | b'='))
        {
            start = previous;
        }
        let mut end = at;
        while let Some(length @ 1..) = text.get(end..).map(gap) {
            end += length;
        }
        done = end;
        if joint(seeds, text, start, end) {
            places.push(Span::new(start, end));
        }
    }
}

/// Whether a needle crosses a break, judged by the unbroken characters on either side.
fn joint(seeds: &Seeds, text: &[u8], start: usize, end: usize) -> bool {
    const LOW: u64 = 0x7F7F_7F7F_7F7F_7F7F;
    let before = start.checked_sub(8).and_then(|from| text.get(from..start)).and_then(|bytes| bytes.first_chunk::<8>());
    let after = text.get(end..).and_then(|bytes| bytes.first_chunk::<8>());
    let (Some(before), Some(after)) = (before, after) else { return is_suspicious(seeds, text, start, end, &[]) };
    let (before, after) = (u64::from_le_bytes(*before), u64::from_le_bytes(*after));
    // The high bit of each blank or control character.
    let blank = |word: u64| !(((word & LOW) + 0x5F5F_5F5F_5F5F_5F5F) | word) & !LOW;
    let left = (blank(before).leading_zeros() / 8).min(5) as usize;
    let right = (blank(after).trailing_zeros() / 8).min(5) as usize;
    if left < SIDE || right < SIDE {
        let another = |from: usize, to: usize| {
            text.get(from..to).is_some_and(|side| side.iter().any(|byte| matches!(byte, b'\n' | 0x1B | 0 | 0x80..)))
        };
        if another(start - SIDE, start) || another(end, end + SIDE) {
            return is_suspicious(seeds, text, start, end, &[]);
        }
    }
    let joined = u128::from(before >> 24) | u128::from(after) << 40;
    (SIDE - left..(SIDE + right + 1).saturating_sub(GRAM)).any(|at| {
        #[expect(clippy::cast_possible_truncation, reason = "the low eight bytes are meant")]
        seeds.holds((joined >> (8 * at)) as u64)
    })
}

/// Percent, backslash and entity escapes.
fn escapes(seeds: &Seeds, text: &[u8], places: &mut Vec<Span>) {
    let mut done = 0;
    let mut before = Side::default();
    for at in memchr::memchr3_iter(b'\\', b'%', b'&', text) {
        if at < done {
            continue;
        }
        let rest = text.get(at..).unwrap_or_default();
        if let length @ 1.. = gap(rest) {
            before.advance(text, done, at);
            done = at + length;
            if is_suspicious(seeds, text, at, done, &[]) {
                places.push(Span::new(at, done));
            }
            continue;
        }
        let Some(escape) = escape(rest) else { continue };
        before.advance(text, done, at);
        done = at + escape.length;
        if escaped::crosses(seeds, text, (at, done), &before, escape.decoded()) {
            places.push(Span::new(at, done));
        }
        before.decoded(escape.decoded());
    }
}

/// Joins what stands before `start`, the decoded bytes, and what stands after `end`, and asks whether a needle crosses the joint.
///
/// Further gaps on either side are skipped; a further escape there makes the place suspicious without more ado.
pub(super) fn is_suspicious(seeds: &Seeds, text: &[u8], start: usize, end: usize, decoded: &[u8]) -> bool {
    let mut joined = [0_u8; 2 * SIDE + 4 + 8];
    let mut before = [0_u8; SIDE];
    let mut dense = false;
    let mut kept = 0;
    for byte in text.get(start.saturating_sub(LOOK)..start).unwrap_or_default().iter().rev() {
        if *byte <= b' ' {
            dense |= *byte == 0x1B;
            continue;
        }
        dense |= starts_escape(*byte);
        let Some(slot) = before.iter_mut().rev().nth(kept) else { break };
        *slot = *byte;
        kept += 1;
    }
    let mut length = 0;
    // What was decoded may, with what follows, be an escape again.
    let nested = decoded.last().is_some_and(|byte| starts_escape(*byte)) && {
        let mut again = [0_u8; 8];
        let rest = text.get(end..).unwrap_or_default();
        again.iter_mut().zip(decoded.iter().rev().take(1).chain(rest)).for_each(|(to, from)| *to = *from);
        escape(&again).is_some()
    };
    for byte in before.iter().skip(SIDE - kept).chain(decoded) {
        if let Some(slot) = joined.get_mut(length) {
            *slot = *byte;
        }
        length += 1;
    }
    let mut at = end;
    let mut taken = 0;
    while taken < SIDE && at < end + LOOK {
        let Some(byte) = text.get(at) else { break };
        if let length @ 1.. = text.get(at..).map_or(0, gap) {
            at += length;
            continue;
        }
        dense |= starts_escape(*byte);
        if let Some(slot) = joined.get_mut(length) {
            *slot = *byte;
        }
        length += 1;
        taken += 1;
        at += 1;
    }
    let last = (length + 1).saturating_sub(GRAM);
    dense
        || nested
        || dump_follows(text, end, decoded)
        || joined.array_windows::<8>().take(last).any(|eight| seeds.holds(u64::from_le_bytes(*eight)))
}

/// Whether an escaped line break is followed by the offset column of a dump, as dumps within JSON have it.
pub(super) fn dump_follows(text: &[u8], at: usize, decoded: &[u8]) -> bool {
    decoded == b"\n" && text.get(at..at + 7).is_some_and(|offset| offset.iter().all(u8::is_ascii_hexdigit))
}

/// How far from a break its neighbours are looked for, in bytes.
pub(super) const LOOK: usize = 32;

/// Characters with white space between each two, as spelling out and `od -c` put it.
fn apart(text: &[u8], places: &mut Vec<Span>) {
    const HIGH: u64 = 0x8080_8080_8080_8080;
    let (words, _) = text.as_chunks::<8>();
    for (index, word) in words.iter().enumerate() {
        let word = u64::from_le_bytes(*word);
        // The high bit of each byte that is not white space or a control character.
        let ink = (((word & !HIGH) + 0x5F5F_5F5F_5F5F_5F5F) | word) & HIGH;
        if ink & ink >> 8 == 0 && ink.count_ones() >= 2 {
            places.push(Span::new(index * 8, index * 8 + 8));
        }
    }
}
