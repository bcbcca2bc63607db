//! Finding several hundred needles in one pass: a bitmap over three-byte windows.
//!
//! A relative of Wu–Manber: each needle is filed under the rarest of its three-byte windows
//! (letters folded), so the pass is one table look-up per byte without a dependency between
//! bytes, and only real candidates are compared. On log text this is several times as fast as
//! an Aho-Corasick automaton over the same needles.

use std::collections::HashMap;
use std::sync::OnceLock;

use super::bytes::at;

/// A set of needles with a payload each.
#[derive(Debug)]
pub(super) struct Needles<T> {
    /// One bit for each hash of a window: is a needle filed there?
    filed: Box<[u64; HASHES / 64]>,
    /// Where the entries of [`GROUP`] neighbouring hashes begin.
    firsts: Vec<u16>,
    entries: Vec<Entry<T>>,
}

#[derive(Debug)]
struct Entry<T> {
    needle: Vec<u8>,
    offset: usize,
    exact: bool,
    payload: T,
    /// The first eight bytes, folded, and which of them count.
    head: u64,
    mask: u64,
}

/// Many more than needles, since each false alarm costs a mispredicted branch; few enough for the bits to stay in the first-level cache.
const HASHES: usize = 1 << 18;
const GROUP: usize = 32;
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Window starts covered by one eight-byte load.
const STEP: usize = 6;

impl<T: Copy> Needles<T> {
    /// Builds the set from `(needle, exact case, payload)`; needles under three bytes are left out.
    pub(super) fn new(rows: impl Iterator<Item = (Vec<u8>, bool, T)>) -> Self {
        let mut filed: Vec<(usize, Entry<T>)> = rows
            .filter(|(needle, ..)| needle.len() >= 3)
            .map(|(needle, exact, payload)| {
                let offset = rarest_window(&needle);
                let hash = hash(window(&needle, offset));
                let (head, mask) = head(&needle);
                (hash, Entry { needle, offset, exact, payload, head, mask })
            })
            .collect();
        filed.sort_by_key(|(hash, _)| *hash);
        let mut table = Box::new([0u64; HASHES / 64]);
        let mut firsts = vec![0u16; HASHES / GROUP + 1];
        for (hash, _) in &filed {
            if let Some(word) = table.get_mut(hash / 64) {
                *word |= 1 << (hash % 64);
            }
            if let Some(first) = firsts.get_mut(hash / GROUP + 1) {
                *first = first.saturating_add(1);
            }
        }
        let mut sum = 0u16;
        for first in &mut firsts {
            sum = sum.saturating_add(*first);
            *first = sum;
        }
        let entries = filed.into_iter().map(|(_, entry)| entry).collect();
        Self { filed: table, firsts, entries }
    }

    /// Calls `hit(start, end, payload)` for every occurrence.
    pub(super) fn scan(&self, text: &[u8], mut hit: impl FnMut(usize, usize, T)) {
        let mut i = 0;
        while let Some(chunk) = text.get(i..).and_then(<[u8]>::first_chunk::<8>) {
            let folded = u64::from_le_bytes(*chunk) | FOLD;
            let any = self.filed(folded)
                | self.filed(folded >> 8)
                | self.filed(folded >> 16)
                | self.filed(folded >> 24)
                | self.filed(folded >> 32)
                | self.filed(folded >> 40);
            if any & 1 != 0 {
                for k in 0..STEP {
                    let window = folded >> (8 * k);
                    if self.filed(window) & 1 != 0 {
                        self.verify(text, i + k, window, &mut hit);
                    }
                }
            }
            i += STEP;
        }
        while i + 3 <= text.len() {
            let w = window(text, i);
            if self.filed(w) & 1 != 0 {
                self.verify(text, i, w, &mut hit);
            }
            i += 1;
        }
    }

    /// The lowest bit says whether a needle may be filed under the window.
    #[inline]
    fn filed(&self, window: u64) -> u64 {
        let hash = hash(window);
        self.filed.get(hash / 64).copied().unwrap_or(0) >> (hash % 64)
    }

    #[inline(never)]
    fn verify(&self, text: &[u8], i: usize, window: u64, hit: &mut impl FnMut(usize, usize, T)) {
        let group = hash(window) / GROUP;
        let first = self.firsts.get(group).copied().unwrap_or(0);
        let last = self.firsts.get(group + 1).copied().unwrap_or(0);
        for entry in self.entries.get(usize::from(first)..usize::from(last)).unwrap_or_default() {
            let Some(start) = i.checked_sub(entry.offset) else { continue };
            if let Some(chunk) = text.get(start..).and_then(<[u8]>::first_chunk::<8>)
                && (u64::from_le_bytes(*chunk) | FOLD) & entry.mask != entry.head
            {
                continue;
            }
            let end = start + entry.needle.len();
            let Some(found) = text.get(start..end) else { continue };
            if found == entry.needle || (!entry.exact && found.eq_ignore_ascii_case(&entry.needle)) {
                hit(start, end, entry.payload);
            }
        }
    }
}

fn head(needle: &[u8]) -> (u64, u64) {
    let mut bytes = [0u8; 8];
    let mut mask = [0u8; 8];
    for ((byte, bits), &b) in bytes.iter_mut().zip(mask.iter_mut()).zip(needle) {
        *byte = b | 0x20;
        *bits = 0xff;
    }
    (u64::from_le_bytes(bytes), u64::from_le_bytes(mask))
}

fn window(text: &[u8], i: usize) -> u64 {
    (u64::from(at(text, i)) | u64::from(at(text, i + 1)) << 8 | u64::from(at(text, i + 2)) << 16) | 0x0020_2020
}

/// Eighteen bits of a multiplicative hash of the low three bytes.
#[expect(clippy::cast_possible_truncation, reason = "the top eighteen of 64 bits")]
fn hash(window: u64) -> usize {
    ((window << 40).wrapping_mul(0x9E37_79B9_7F4A_7C15) >> (64 - HASHES.trailing_zeros())) as usize
}

/// The offset of the window that ordinary text contains least often.
fn rarest_window(needle: &[u8]) -> usize {
    (0..=needle.len() - 3).min_by_key(|&i| (commonness(window(needle, i)), std::cmp::Reverse(i))).unwrap_or(0)
}

/// Rank of a folded window among the most common ones of logs and manuals; 0 if it is not.
fn commonness(window: u64) -> usize {
    static RANKS: OnceLock<HashMap<u64, usize>> = OnceLock::new();
    let ranks = RANKS.get_or_init(|| {
        let windows = include_bytes!("common_windows.txt").split(|&b| b == b'\n');
        let all: Vec<u64> = windows.filter(|w| w.len() == 3).map(|w| self::window(w, 0)).collect();
        let count = all.len();
        all.into_iter().enumerate().map(|(i, w)| (w, count - i)).collect()
    });
    ranks.get(&window).copied().unwrap_or(0)
}
