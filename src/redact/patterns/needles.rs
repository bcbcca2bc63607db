//! Finding about a thousand needles in one pass: a filter over four-byte windows at every other byte.
//!
//! A relative of Wu–Manber: each needle is filed under windows at two neighbouring places, of which one is looked at wherever the needle stands. Short needles
//! are filed with every byte that may stand beside them. Letters are folded; only what passes the filter is compared.

use std::collections::HashMap;

use super::bytes::at;
use crate::redact::sieve::Sieve;

/// A set of needles with a payload each.
#[derive(Debug)]
pub(super) struct Needles<T> {
    sieve: Sieve<WORDS>,
    rows: Vec<Row<T>>,
    /// The places of rows, ordered by the leading bits of their keys' hashes.
    filed: Vec<Place>,
    /// Where the places of each bucket begin, and where those of the last end.
    firsts: Vec<u16>,
}

#[derive(Debug)]
struct Row<T> {
    needle: Vec<u8>,
    exact: bool,
    payload: T,
    /// Matches are reported in the order of this place in them: the rarest three bytes.
    rarest: usize,
}

/// A window within a needle.
#[derive(Debug, Clone, Copy)]
struct Place {
    /// Three or four folded bytes.
    key: u64,
    row: u16,
    offset: u16,
}

#[derive(Debug)]
struct Match {
    /// Where the rarest bytes are, then which row it is.
    order: (usize, u16),
    start: usize,
}

const BUCKETS: usize = 1 << 12;
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Of the filter: 128 KiB for some 40,000 windows.
const WORDS: usize = 1 << 14;
/// Bytes between two turns of four windows.
const STEP: usize = 8;
/// Bytes that a turn reads.
const TURN: usize = STEP + 2;

impl<T: Copy> Needles<T> {
    /// Builds the set from `(needle, exact case, payload)`; needles under three bytes are left out.
    pub(super) fn new(rows: impl Iterator<Item = (Vec<u8>, bool, T)>) -> Self {
        let common = Commonness::read();
        let rows: Vec<Row<T>> = rows
            .filter(|(needle, ..)| needle.len() >= 3)
            .map(|(needle, exact, payload)| Row { rarest: rarest_window(&needle, &common), needle, exact, payload })
            .collect();
        let mut filed: Vec<Place> =
            rows.iter().zip(0..).flat_map(|(row, number)| file(&row.needle, number, &common)).collect();
        let needle_of = |place: &Place| rows.get(usize::from(place.row)).map_or(&[][..], |row| &row.needle);
        let windows = filed.iter().flat_map(|place| windows(place, needle_of(place)));
        let sieve = Sieve::new(windows.map(hash));
        filed.sort_by_key(|place| bucket(place.key));
        let firsts = (0..=BUCKETS)
            .map(|number| filed.partition_point(|place| bucket(place.key) < number))
            .map(|first| u16::try_from(first).unwrap_or(u16::MAX))
            .collect();
        Self { sieve, rows, filed, firsts }
    }

    /// Calls `hit(start, end, payload)` for every occurrence.
    pub(super) fn scan(&self, text: &[u8], mut hit: impl FnMut(usize, usize, T)) {
        let mut matches = Vec::new();
        let mut at = 0;
        while let Some(found) = self.next_turn(text, at) {
            for window in 0..STEP / 2 {
                self.compare(text, found + 2 * window, &mut matches);
            }
            at = found + STEP;
        }
        at = at.max(turns_end(text, at));
        while at < text.len() {
            self.compare(text, at, &mut matches);
            at += 2;
        }
        matches.sort_by_key(|one| one.order);
        for one in matches {
            if let Some(row) = self.rows.get(usize::from(one.order.1)) {
                hit(one.start, one.start + row.needle.len(), row.payload);
            }
        }
    }

    /// The next turn of four windows, from `at` on, of which one may belong to a needle.
    ///
    /// On its own and without calls, so that everything it needs stays in registers.
    #[inline(never)]
    fn next_turn(&self, text: &[u8], at: usize) -> Option<usize> {
        let may_hold = |window: u64| self.sieve.may_hold(hash(window & 0xFFFF_FFFF));
        let mut turns = text.get(at..)?;
        let mut done = at;
        while let Some((first, last)) = turns.first_chunk::<TURN>().and_then(ends) {
            let one = may_hold(first);
            let two = may_hold(first >> 16);
            let three = may_hold(first >> 32);
            let four = may_hold(last >> 32);
            if one | two | three | four {
                return Some(done);
            }
            turns = turns.get(STEP..)?;
            done += STEP;
        }
        None
    }

    /// Appends the needles that have a filed place at `at`, or at the next byte.
    #[inline]
    fn compare(&self, text: &[u8], at: usize, matches: &mut Vec<Match>) {
        let window = window(text, at);
        if self.sieve.may_hold(hash(window)) {
            self.places_of(text, window, at, matches);
            self.places_of(text, window & 0xFF_FFFF, at, matches);
            self.places_of(text, window >> 8, at + 1, matches);
        }
    }

    fn places_of(&self, text: &[u8], key: u64, at: usize, matches: &mut Vec<Match>) {
        for place in self.places(key) {
            let Some(row) = self.rows.get(usize::from(place.row)) else { continue };
            let Some(start) = at.checked_sub(usize::from(place.offset)) else { continue };
            let Some(found) = text.get(start..start + row.needle.len()) else { continue };
            if found == row.needle || !row.exact && found.eq_ignore_ascii_case(&row.needle) {
                matches.push(Match { order: (start + row.rarest, place.row), start });
            }
        }
    }

    fn places(&self, key: u64) -> impl Iterator<Item = &Place> {
        let bucket = bucket(key);
        let first = self.firsts.get(bucket).map_or(0, |first| usize::from(*first));
        let end = self.firsts.get(bucket + 1).map_or(0, |end| usize::from(*end));
        self.filed.get(first..end).unwrap_or_default().iter().filter(move |place| place.key == key)
    }
}

/// Where a needle is filed: a short one under its first three bytes, others under two neighbouring windows, the rarest.
fn file(needle: &[u8], row: u16, common: &Commonness) -> Vec<Place> {
    let place = |key: u64, offset: usize| Place { key, row, offset: u16::try_from(offset).unwrap_or(u16::MAX) };
    if needle.len() <= 4 {
        return vec![place(window(needle, 0) & 0xFF_FFFF, 0)];
    }
    let common = |offset: usize| common.of(window(needle, offset)).min(common.of(window(needle, offset + 1)));
    let offset = (0..=needle.len() - 5).min_by_key(|offset| common(*offset) + common(offset + 1)).unwrap_or(0);
    vec![place(window(needle, offset), offset), place(window(needle, offset + 1), offset + 1)]
}

/// What the occurrences of a needle that is filed there look like at even places.
fn windows(place: &Place, needle: &[u8]) -> Vec<u64> {
    let key = place.key;
    let folded = || (0..=u8::MAX).filter(|byte| byte & 0x20 != 0).map(u64::from);
    let behind_any = || folded().map(|before| key << 8 | before);
    match needle.len() {
        3 => behind_any().chain(folded().map(|after| key | after << 24)).collect(),
        4 => behind_any().chain([window(needle, 0)]).collect(),
        _ => vec![key],
    }
}

/// The first and the last eight bytes of a turn, folded.
fn ends(turn: &[u8; TURN]) -> Option<(u64, u64)> {
    let (first, last) = (turn.first_chunk::<8>()?, turn.last_chunk::<8>()?);
    Some((u64::from_le_bytes(*first) | FOLD, u64::from_le_bytes(*last) | FOLD))
}

/// Where the turns that start at `at` end, for want of text.
fn turns_end(text: &[u8], at: usize) -> usize {
    at + (text.len().saturating_sub(at) + STEP).saturating_sub(TURN) / STEP * STEP
}

/// Four folded bytes; those beyond the end of the text read as NUL.
#[inline]
fn window(text: &[u8], i: usize) -> u64 {
    let four = text.get(i..).and_then(<[u8]>::first_chunk::<4>).copied();
    u64::from(u32::from_le_bytes(four.unwrap_or_else(|| [0, 1, 2, 3].map(|k| at(text, i + k)))) | 0x2020_2020)
}

#[inline]
fn hash(window: u64) -> u64 {
    window.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

#[expect(clippy::cast_possible_truncation, reason = "as many bits as there are buckets")]
fn bucket(key: u64) -> usize {
    (hash(key) >> (64 - BUCKETS.trailing_zeros())) as usize
}

/// The offset of the window that ordinary text contains least often.
fn rarest_window(needle: &[u8], common: &Commonness) -> usize {
    (0..=needle.len() - 3).min_by_key(|&i| (common.of(window(needle, i)), std::cmp::Reverse(i))).unwrap_or(0)
}

/// Ranks of three bytes among the most common ones of logs and manuals. Wanted while a set is built, and not afterwards.
struct Commonness(HashMap<u64, usize>);

impl Commonness {
    fn read() -> Self {
        let windows = include_bytes!("common_windows.txt").split(|&b| b == b'\n');
        let all: Vec<u64> = windows.filter(|w| w.len() == 3).map(|w| window(w, 0) & 0xFF_FFFF).collect();
        let count = all.len();
        Self(all.into_iter().enumerate().map(|(i, w)| (w, count - i)).collect())
    }

    /// The rank of the first three bytes of a window; 0 if it is not among them.
    fn of(&self, window: u64) -> usize {
        self.0.get(&(window & 0xFF_FFFF)).copied().unwrap_or(0)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const NEEDLES: &[(&str, bool)] = &[
        ("key", false),
        ("pw=", false),
        ("oy2", true),
        ("pass", false),
        ("ghp_", true),
        ("token", false),
        ("-----begin ", false),
        ("authorization", false),
        ("хэш", false),
        (":::", false),
    ];

    fn needles() -> Needles<usize> {
        Needles::new(NEEDLES.iter().enumerate().map(|(i, (needle, exact))| (needle.as_bytes().to_vec(), *exact, i)))
    }

    fn naively(text: &[u8]) -> Vec<(usize, usize, usize)> {
        let mut found = Vec::new();
        for (i, (needle, exact)) in NEEDLES.iter().enumerate() {
            for (start, window) in text.windows(needle.len()).enumerate() {
                if window == needle.as_bytes() || !exact && window.eq_ignore_ascii_case(needle.as_bytes()) {
                    found.push((start, start + needle.len(), i));
                }
            }
        }
        found.sort_unstable();
        found
    }

    proptest! {
        #[test]
        fn every_needle_is_found_wherever_it_stands(
            parts in prop::collection::vec(
                prop_oneof![
                    prop::sample::select(NEEDLES).prop_map(|(needle, _)| needle.to_owned()),
                    prop::sample::select(NEEDLES).prop_map(|(needle, _)| needle.to_uppercase()),
                    "[ -~]{0,9}",
                    "-{0,9}",
                ],
                0..12,
            ),
        ) {
            let text = parts.concat();
            let mut found = Vec::new();
            needles().scan(text.as_bytes(), |start, end, i| found.push((start, end, i)));
            found.sort_unstable();
            prop_assert_eq!(found, naively(text.as_bytes()), "{:?}", text);
        }
    }
}
