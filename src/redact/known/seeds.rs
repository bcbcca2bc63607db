//! Which places of a text can belong to a needle: a filter over six-byte grams (the Wu–Manber family).
//!
//! Every needle registers grams so that each piece of it that must be found holds one at every residue of the stride. A text is then probed at every third
//! byte only, and a probe that hits is compared with the needles themselves.

use super::super::sieve::Sieve;
use super::encode::Needle;

/// Bytes of a gram.
pub(super) const GRAM: usize = 6;

/// Distance of two probes: an 8-byte value, or half of a 16-byte one, holds a whole gram at one of three neighbouring places.
pub(super) const STRIDE: usize = 3;

/// Probes in a turn.
const PROBES: usize = 4;

/// Bytes that a turn reads.
const TURN: usize = 16;

/// A gram is not registered for a needle that has enough others, when this many needles share it.
const CROWDED: usize = 16;

/// A place in a needle.
#[derive(Debug, Clone, Copy)]
pub(super) struct Posting {
    pub needle: u32,
    pub offset: u32,
}

/// A registered gram.
type Gram = (u64, Posting);

#[derive(Debug)]
pub(super) struct Seeds {
    sieve: Size,
    buckets: Buckets,
}

impl Seeds {
    pub(super) fn new(needles: &[Needle]) -> Self {
        let mut buckets = Buckets::new(&collect(needles));
        if let Some(fewer) = thin(needles, &buckets) {
            buckets = Buckets::new(&fewer);
        }
        Self { sieve: Size::new(&buckets.grams), buckets }
    }

    /// Whether the gram that starts these eight bytes can be registered. Wrong only in saying yes.
    #[inline]
    pub(super) fn may_hold(&self, eight: u64) -> bool {
        let hash = hash(fold(eight));
        match &self.sieve {
            Size::Small(sieve) => sieve.may_hold(hash),
            Size::Usual(sieve) => sieve.may_hold(hash),
            Size::Large(sieve) => sieve.may_hold(hash),
        }
    }

    /// The next place, some strides from `at` on, that can hold a gram. `None` from [`Seeds::turns_end`] on.
    pub(super) fn next_probe(&self, text: &[u8], at: usize) -> Option<usize> {
        match &self.sieve {
            Size::Small(sieve) => next_probe(sieve, text, at),
            Size::Usual(sieve) => next_probe(sieve, text, at),
            Size::Large(sieve) => next_probe(sieve, text, at),
        }
    }

    /// Where the turns that start at `at` end, for want of text.
    pub(super) fn turns_end(text: &[u8], at: usize) -> usize {
        let turns = (text.len().saturating_sub(at) + PROBES * STRIDE).saturating_sub(TURN) / (PROBES * STRIDE);
        at + turns * PROBES * STRIDE
    }

    /// The places in needles where the gram occurs.
    pub(super) fn postings(&self, eight: u64) -> impl Iterator<Item = Posting> {
        let gram = fold(eight);
        self.buckets.of(gram).iter().filter(move |(other, _)| *other == gram).map(|(_, posting)| *posting)
    }

    pub(super) fn holds(&self, eight: u64) -> bool {
        self.may_hold(eight) && self.postings(eight).next().is_some()
    }
}

/// The filter over the grams: no larger than need be, since it has to share the caches with the text.
#[derive(Debug)]
enum Size {
    /// Some hundred secrets, the first-level cache.
    Small(Sieve<{ 1 << 12 }>),
    /// A thousand secrets, half of the second-level cache or less.
    Usual(Sieve<{ 1 << 15 }>),
    Large(Sieve<{ 1 << 18 }>),
}

impl Size {
    fn new(grams: &[Gram]) -> Self {
        let hashes = grams.iter().map(|(gram, _)| hash(*gram));
        if grams.len() <= Sieve::<{ 1 << 12 }>::ROOM {
            Self::Small(Sieve::new(hashes))
        } else if grams.len() <= Sieve::<{ 1 << 15 }>::ROOM {
            Self::Usual(Sieve::new(hashes))
        } else {
            Self::Large(Sieve::new(hashes))
        }
    }
}

/// On its own and without calls, so that everything it needs stays in registers.
#[inline(never)]
fn next_probe<const WORDS: usize>(sieve: &Sieve<WORDS>, text: &[u8], at: usize) -> Option<usize> {
    let may_hold = |eight: u64| sieve.may_hold(hash(fold(eight)));
    let mut turns = text.get(at..)?;
    let mut done = at;
    while let Some(window) = turns.first_chunk::<TURN>() {
        let window = u128::from_le_bytes(*window);
        for probe in 0..PROBES {
            if may_hold(low(window >> (8 * probe * STRIDE))) {
                return Some(done + probe * STRIDE);
            }
        }
        turns = turns.get(PROBES * STRIDE..)?;
        done += PROBES * STRIDE;
    }
    None
}

/// Grams, ordered by the leading bits of their hashes.
#[derive(Debug)]
struct Buckets {
    grams: Vec<Gram>,
    /// Where the grams of each bucket begin, and where those of the last end.
    firsts: Vec<u32>,
    shift: u32,
}

impl Buckets {
    fn new(grams: &[Gram]) -> Self {
        let buckets = grams.len().next_power_of_two().max(2);
        let shift = 64 - buckets.trailing_zeros();
        let bucket = |gram: u64| index(hash(gram) >> shift);
        let mut firsts = vec![0_u32; buckets + 1];
        for (gram, _) in grams {
            if let Some(count) = firsts.get_mut(bucket(*gram)) {
                *count += 1;
            }
        }
        let mut end = 0;
        for first in &mut firsts {
            end += *first;
            *first = end;
        }
        // Each bucket is filled from its end, so that ends become beginnings.
        let mut ordered = vec![(0, Posting { needle: 0, offset: 0 }); grams.len()];
        for gram in grams {
            if let Some(first) = firsts.get_mut(bucket(gram.0)) {
                *first -= 1;
                if let Some(slot) = ordered.get_mut(*first as usize) {
                    *slot = *gram;
                }
            }
        }
        Self { grams: ordered, firsts, shift }
    }

    fn of(&self, gram: u64) -> &[Gram] {
        let bucket = index(hash(gram) >> self.shift);
        let (Some(first), Some(end)) = (self.firsts.get(bucket), self.firsts.get(bucket + 1)) else { return &[] };
        self.grams.get(*first as usize..*end as usize).unwrap_or_default()
    }

    fn iter(&self) -> impl Iterator<Item = &[Gram]> {
        self.firsts
            .array_windows()
            .map(|[first, end]| self.grams.get(*first as usize..*end as usize).unwrap_or_default())
    }
}

/// Six bytes with the case bit set: letters compare alike in either case, other pairs that now collide are told apart by the comparison.
#[inline]
fn fold(eight: u64) -> u64 {
    (eight | 0x2020_2020_2020) & 0xFFFF_FFFF_FFFF
}

#[inline]
fn hash(gram: u64) -> u64 {
    gram.wrapping_mul(0x9E37_79B9_7F4A_7C15)
}

/// The leading bits of a hash as an index; tables are far smaller than any address space.
#[expect(clippy::cast_possible_truncation, reason = "shifted to the size of the table")]
#[inline]
fn index(bits: u64) -> usize {
    bits as usize
}

#[expect(clippy::cast_possible_truncation, reason = "the low eight bytes are meant")]
#[inline]
fn low(window: u128) -> u64 {
    window as u64
}

fn gram_at(text: &[u8], offset: usize) -> Option<u64> {
    let bytes = text.get(offset..offset + GRAM)?;
    let mut eight = [0; 8];
    eight.iter_mut().zip(bytes).for_each(|(to, from)| *to = *from);
    Some(fold(u64::from_le_bytes(eight)))
}

fn collect(needles: &[Needle]) -> Vec<(u64, Posting)> {
    let mut grams = Vec::new();
    for (index, needle) in needles.iter().enumerate() {
        let Ok(index) = u32::try_from(index) else { break };
        // In blocks of one stride, as far apart as the shortest reported piece allows.
        let period = if needle.legible { STRIDE } else { (needle.piece + 2).saturating_sub(GRAM + STRIDE).max(STRIDE) };
        for offset in 0..(needle.text.len() + 1).saturating_sub(GRAM) {
            if offset % period < STRIDE
                && let (Some(gram), Ok(offset)) = (gram_at(&needle.text, offset), u32::try_from(offset))
            {
                grams.push((gram, Posting { needle: index, offset }));
            }
        }
    }
    grams
}

/// What is left without the grams that very many needles share (a common prefix), where a needle keeps a full stride of others; `None` if there are no such.
fn thin(needles: &[Needle], buckets: &Buckets) -> Option<Vec<Gram>> {
    let mut crowded = Vec::new();
    for bucket in buckets.iter().filter(|bucket| bucket.len() > CROWDED) {
        let mut bucket = bucket.to_vec();
        bucket.sort_unstable_by_key(|(gram, _)| *gram);
        for group in bucket.chunk_by(|left, right| left.0 == right.0).filter(|group| group.len() > CROWDED) {
            crowded.extend(group.iter().map(|(_, posting)| (posting.needle, posting.offset)));
        }
    }
    if crowded.is_empty() {
        return None;
    }
    crowded.sort_unstable();
    let is_crowded = |needle: u32, offset: usize| {
        crowded.binary_search_by_key(&(needle, offset), |(n, o)| (*n, *o as usize)).is_ok()
    };
    let keep = |posting: &Posting| {
        let Some(needle) = needles.get(posting.needle as usize).filter(|needle| needle.legible) else { return true };
        if !is_crowded(posting.needle, posting.offset as usize) {
            return true;
        }
        let places = (needle.text.len() + 1).saturating_sub(GRAM);
        let mut run = 0;
        !(0..places).any(|offset| {
            run = if is_crowded(posting.needle, offset) { 0 } else { run + 1 };
            run >= STRIDE
        })
    };
    Some(buckets.grams.iter().filter(|(_, posting)| keep(posting)).copied().collect())
}
