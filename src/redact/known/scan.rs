//! Finding needles in an unbroken text: probe, compare, extend.

use super::super::strength::looks_random;
use super::encode::Needle;
use super::seeds::{GRAM, Posting, STRIDE, Seeds};

/// A needle, or a reportable piece of one, at `start..end` of the scanned bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Match {
    pub start: usize,
    pub end: usize,
    pub secret: u32,
}

/// What one scan found.
#[derive(Debug, Default)]
pub(super) struct Found {
    pub matches: Vec<Match>,
    /// Places where a piece too short to report matched: the rest may stand behind a line break or an escape.
    pub partial: Vec<usize>,
}

/// The shortest match that makes a place suspicious, in bytes.
const SUSPICIOUS: usize = 7;

/// How many places of equal alignment are remembered, so that one long match is compared once and not at each of its grams.
const REMEMBERED: usize = 8;

pub(super) fn scan(needles: &[Needle], seeds: &Seeds, text: &[u8], found: &mut Found) {
    let mut scan = Scan { needles, seeds, text, found, recent: [(u32::MAX, 0); REMEMBERED], next: 0 };
    let mut at = 0;
    while let Some(found) = seeds.next_probe(text, at) {
        scan.compare(found, eight(text, found));
        at = found + STRIDE;
    }
    // The last grams, with too little behind them for a turn.
    at = Seeds::turns_end(text, at);
    while at + GRAM <= text.len() {
        let eight = eight(text, at);
        if seeds.may_hold(eight) {
            scan.compare(at, eight);
        }
        at += STRIDE;
    }
}

/// The eight bytes from `at` on; those beyond the end read as NUL.
fn eight(text: &[u8], at: usize) -> u64 {
    let rest = text.get(at..).unwrap_or_default();
    let padded = || {
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        eight
    };
    u64::from_le_bytes(rest.first_chunk::<8>().copied().unwrap_or_else(padded))
}

struct Scan<'a> {
    needles: &'a [Needle],
    seeds: &'a Seeds,
    text: &'a [u8],
    found: &'a mut Found,
    recent: [(u32, isize); REMEMBERED],
    next: usize,
}

impl Scan<'_> {
    #[cold]
    #[inline(never)]
    fn compare(&mut self, at: usize, eight: u64) {
        let needles = self.needles;
        let seeds = self.seeds;
        for posting in seeds.postings(eight) {
            if let Some(needle) = needles.get(posting.needle as usize) {
                self.extend(at, posting, needle);
            }
        }
    }

    fn extend(&mut self, at: usize, posting: Posting, needle: &Needle) {
        let offset = posting.offset as usize;
        let alignment = at.cast_signed() - offset.cast_signed();
        if self.recent.contains(&(posting.needle, alignment)) {
            return;
        }
        let same =
            |(left, right): &(&u8, &u8)| if needle.fold { left.eq_ignore_ascii_case(right) } else { left == right };
        let right = needle
            .text
            .get(offset..)
            .unwrap_or_default()
            .iter()
            .zip(self.text.get(at..).unwrap_or_default())
            .take_while(same)
            .count();
        let left = needle
            .text
            .get(..offset)
            .unwrap_or_default()
            .iter()
            .rev()
            .zip(self.text.get(..at).unwrap_or_default().iter().rev())
            .take_while(same)
            .count();
        if right < GRAM {
            return;
        }
        let (start, end) = (at - left, at + right);
        let length = left + right;
        let piece = self.text.get(start..end).unwrap_or_default();
        let whole = length == needle.text.len();
        let goes_on = || {
            left < offset && may_go_on_before(self.text, start)
                || offset + right < needle.text.len() && may_go_on_after(self.text, start, end)
        };
        if whole
            || length >= needle.piece
                && (!needle.legible
                    || length >= needle.text.len().div_ceil(2).max(2 * needle.piece)
                    || looks_random(piece))
        {
            // What is reported may be the first line of more.
            if !whole && goes_on() {
                self.found.partial.push(at);
            }
            self.found.matches.push(Match { start, end, secret: needle.secret });
            if let Some(slot) = self.recent.get_mut(self.next % REMEMBERED) {
                *slot = (posting.needle, alignment);
            }
            self.next += 1;
        } else if length >= SUSPICIOUS
            && (!needle.legible || length >= SUSPICIOUS + 3 || looks_random(piece))
            && goes_on()
        {
            self.found.partial.push(at);
        }
    }
}

/// Whether what stands before a piece can be a gap or an escape; else nothing that is decoded can complete it.
fn may_go_on_before(text: &[u8], start: usize) -> bool {
    let near = text.get(start.saturating_sub(LONGEST_ESCAPE)..start).unwrap_or_default();
    near.last().is_some_and(|byte| *byte == b' ')
        || near.iter().rev().take(3).any(|byte| *byte == b'=')
        || near.iter().any(|byte| *byte != b' ' && may_start(*byte))
}

/// As [`may_go_on_before`], behind a piece. Its own last characters may be the beginning of an escape.
fn may_go_on_after(text: &[u8], start: usize, end: usize) -> bool {
    let next = text.get(end).is_some_and(|byte| *byte == b'=' || may_start(*byte));
    let last = text.get(start.max(end.saturating_sub(LONGEST_ESCAPE))..end).unwrap_or_default();
    next || last.iter().any(|byte| *byte != b' ' && (*byte == b'=' || may_start(*byte)))
}

/// What a gap or an escape begins with, in any of its forms but quoted-printable.
fn may_start(byte: u8) -> bool {
    matches!(byte, 0..=b' ' | b'\\' | b'%' | b'&' | b'^' | 0x7F..)
}

/// In bytes; an escape of an escape among them.
const LONGEST_ESCAPE: usize = 32;

#[cfg(test)]
mod tests {
    use super::super::super::secret::Secret;
    use super::super::Known;

    #[test]
    fn a_value_is_found_wherever_a_text_ends_with_it() {
        for value in ["Zx8!pQ2@", "Zx8!pQ2@w", "Zx8!pQ2@w9"] {
            let known = Known::new([Secret::new("value", value)].into());
            for length in 0..64 {
                let text = format!("{}{value}", "-".repeat(length));
                let ends: Vec<usize> = known.find(text.as_bytes()).iter().map(|hit| hit.span.end).collect();
                assert!(ends.contains(&text.len()), "{text}");
            }
        }
    }
}
