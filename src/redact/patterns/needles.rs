//! Finding several hundred needles in one pass: a bitmap over three-byte windows.
//!
//! A relative of Wu–Manber: each needle is filed under the rarest of its three-byte windows
//! (letters folded), so the pass is one table look-up per byte without a dependency between
//! bytes, and only real candidates are compared. On log text this is several times as fast as
//! an Aho-Corasick automaton over the same needles.

use super::bytes::{at, slice};

/// A set of needles with a payload each.
#[derive(Debug)]
pub(super) struct Needles<T> {
    bitmap: Box<[u64; BITMAP_WORDS]>,
    buckets: Vec<(u16, u16)>,
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

const BITMAP_WORDS: usize = 1024;
const HASHES: usize = BITMAP_WORDS * 64;
const FOLD: u64 = 0x2020_2020_2020_2020;
/// Window starts covered by one eight-byte load.
const STEP: usize = 6;

impl<T: Copy> Needles<T> {
    /// Builds the set from `(needle, exact case, payload)`; needles under three bytes are left out.
    pub(super) fn new(rows: impl Iterator<Item = (Vec<u8>, bool, T)>) -> Self {
        let mut filed: Vec<(u16, Entry<T>)> = rows
            .filter(|(needle, ..)| needle.len() >= 3)
            .map(|(needle, exact, payload)| {
                let offset = rarest_window(&needle);
                let hash = hash(window(&needle, offset));
                let (head, mask) = head(&needle);
                (hash, Entry { needle, offset, exact, payload, head, mask })
            })
            .collect();
        filed.sort_by_key(|(hash, _)| *hash);
        let mut bitmap = Box::new([0u64; BITMAP_WORDS]);
        let mut buckets = vec![(0u16, 0u16); HASHES];
        for (index, (hash, _)) in filed.iter().enumerate() {
            if let Some(word) = bitmap.get_mut(usize::from(*hash) / 64) {
                *word |= 1 << (hash % 64);
            }
            let index = u16::try_from(index).unwrap_or(u16::MAX);
            if let Some((first, last)) = buckets.get_mut(usize::from(*hash)) {
                if first == last {
                    *first = index;
                }
                *last = index.saturating_add(1);
            }
        }
        let entries = filed.into_iter().map(|(_, entry)| entry).collect();
        Self { bitmap, buckets, entries }
    }

    /// Calls `hit(start, end, payload)` for every occurrence.
    pub(super) fn scan(&self, text: &[u8], mut hit: impl FnMut(usize, usize, T)) {
        let mut i = 0;
        while let Some(chunk) = text.get(i..).and_then(<[u8]>::first_chunk::<8>) {
            let folded = u64::from_le_bytes(*chunk) | FOLD;
            let [a, b, c, d, e, f] =
                [folded, folded >> 8, folded >> 16, folded >> 24, folded >> 32, folded >> 40].map(|w| self.filed(w));
            if (a | b | c | d | e | f) & 1 != 0 {
                for (k, found) in [a, b, c, d, e, f].into_iter().enumerate() {
                    if found & 1 != 0 {
                        self.verify(text, i + k, (folded >> (8 * k)) & 0x00ff_ffff, &mut hit);
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

    fn filed(&self, window: u64) -> u64 {
        let hash = hash(window);
        self.bitmap.get(usize::from(hash) / 64).map_or(0, |word| word >> (hash % 64))
    }

    #[inline(never)]
    fn verify(&self, text: &[u8], i: usize, window: u64, hit: &mut impl FnMut(usize, usize, T)) {
        let (first, last) = self.buckets.get(usize::from(hash(window))).copied().unwrap_or_default();
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

/// Sixteen bits of a multiplicative hash of the low three bytes.
fn hash(window: u64) -> u16 {
    let key = u32::try_from(window & 0x00ff_ffff).unwrap_or(0);
    u16::try_from(key.wrapping_mul(0x9E37_79B1) >> 16).unwrap_or(0)
}

fn rarest_window(needle: &[u8]) -> usize {
    (0..=needle.len() - 3)
        .min_by_key(|&i| slice(needle, i, i + 3).iter().map(|&b| commonness(b)).sum::<u32>())
        .unwrap_or(0)
}

/// How common a byte is in logs and configuration, on a logarithmic scale.
fn commonness(b: u8) -> u32 {
    match b.to_ascii_lowercase() {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 10,
        b'l' | b'd' | b'c' | b'u' | b'm' | b'p' | b'f' | b'h' | b'g' | b'0' | b'1' | b'2' | b'-' | b'.' => 8,
        b'b' | b'y' | b'w' | b'v' | b'3'..=b'9' | b'/' | b':' | b'=' | b'"' | b'_' => 6,
        b'k' | b'x' | b'\'' | b',' => 5,
        _ => 3,
    }
}
