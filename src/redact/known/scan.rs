//! Finding needles in an unbroken text: probe, compare, extend.

use super::super::strength::looks_random;
use super::encode::Needle;
use super::seeds::{GRAM, PROBES, Posting, STRIDE, Seeds};

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
    while let Some(found) = seeds.next_turn(text, at) {
        for probe in (found..).step_by(STRIDE).take(PROBES) {
            if let Some(eight) = text.get(probe..).and_then(|rest| rest.first_chunk::<8>()) {
                scan.compare(probe, u64::from_le_bytes(*eight));
            }
        }
        at = found + PROBES * STRIDE;
    }
    at = at.max(Seeds::turns_end(text, at));
    // The last grams have fewer than two bytes behind them.
    while let Some(rest) = text.get(at..).filter(|rest| rest.len() >= GRAM) {
        let mut eight = [0; 8];
        eight.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
        let eight = u64::from_le_bytes(eight);
        if seeds.may_hold(eight) {
            scan.compare(at, eight);
        }
        at += STRIDE;
    }
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
        if !seeds.may_hold(eight) {
            return;
        }
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
        if whole
            || length >= needle.piece
                && (!needle.legible
                    || length >= needle.text.len().div_ceil(2).max(2 * needle.piece)
                    || looks_random(piece))
        {
            self.found.matches.push(Match { start, end, secret: needle.secret });
            if let Some(slot) = self.recent.get_mut(self.next % REMEMBERED) {
                *slot = (posting.needle, alignment);
            }
            self.next += 1;
        } else if length >= SUSPICIOUS && (!needle.legible || length >= SUSPICIOUS + 3 || looks_random(piece)) {
            self.found.partial.push(at);
        }
    }
}
