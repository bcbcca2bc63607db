//! Which places of a text can belong to a needle: a filter over six-byte grams (the Wu–Manber family).
//!
//! Every needle registers grams so that each piece of it that must be found holds one at every residue of the stride. A text is then probed at every third
//! byte only, and a probe that hits is compared with the needles themselves.

use super::encode::Needle;

/// Bytes of a gram.
pub(super) const GRAM: usize = 6;

/// Distance of two probes: an 8-byte value, or half of a 16-byte one, holds a whole gram at one of three neighbouring places.
pub(super) const STRIDE: usize = 3;

/// Probes in a turn: one branch for several, most of which find nothing.
pub(super) const PROBES: usize = 4;

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

#[derive(Debug)]
pub(super) struct Seeds {
    bloom: Vec<u64>,
    shift: u32,
    slots: Vec<(u64, u32)>,
    slot_shift: u32,
    postings: Vec<Posting>,
}

impl Seeds {
    pub(super) fn new(needles: &[Needle]) -> Self {
        let mut grams = collect(needles);
        grams.sort_unstable_by_key(|(gram, posting)| (*gram, posting.needle, posting.offset));
        thin(needles, &mut grams);
        let words = (grams.len() / 4).next_power_of_two().max(256);
        let slots = (grams.len() * 2).next_power_of_two().max(16);
        let mut seeds = Self {
            bloom: vec![0; words],
            shift: 64 - words.trailing_zeros(),
            slots: vec![(u64::MAX, 0); slots],
            slot_shift: 64 - slots.trailing_zeros(),
            postings: grams.iter().map(|(_, posting)| *posting).collect(),
        };
        let mut last = u64::MAX;
        for (index, (gram, _)) in grams.iter().enumerate() {
            if *gram != last {
                last = *gram;
                seeds.insert(*gram, u32::try_from(index).unwrap_or(u32::MAX));
            }
        }
        // The end of a gram's postings is where the next gram's begin; a sentinel closes the last.
        seeds.postings.push(Posting { needle: u32::MAX, offset: 0 });
        seeds
    }

    /// Whether the gram that starts these eight bytes can be registered. Wrong only in saying yes.
    #[inline]
    pub(super) fn may_hold(&self, eight: u64) -> bool {
        let hash = hash(fold(eight));
        let bits = bits(hash);
        self.bloom.get(index(hash >> self.shift)).is_some_and(|word| word & bits == bits)
    }

    /// The next turn of four probes, from `at` on, of which one can hold a gram.
    ///
    /// On its own and without calls, so that everything it needs stays in registers.
    #[inline(never)]
    pub(super) fn next_turn(&self, text: &[u8], at: usize) -> Option<usize> {
        let (bloom, shift) = (self.bloom.as_slice(), self.shift & 63);
        let may_hold = |eight: u64| {
            let hash = hash(fold(eight));
            let bits = bits(hash);
            bloom.get(index(hash >> shift)).copied().unwrap_or(0) & bits == bits
        };
        let mut turns = text.get(at..)?;
        let mut done = at;
        while let Some(window) = turns.first_chunk::<TURN>() {
            let window = u128::from_le_bytes(*window);
            let one = may_hold(low(window));
            let two = may_hold(low(window >> (8 * STRIDE)));
            let three = may_hold(low(window >> (16 * STRIDE)));
            let four = may_hold(low(window >> (24 * STRIDE)));
            if one | two | three | four {
                return Some(done);
            }
            turns = turns.get(PROBES * STRIDE..)?;
            done += PROBES * STRIDE;
        }
        None
    }

    /// Where the turns that start at `at` end, for want of text.
    pub(super) fn turns_end(text: &[u8], at: usize) -> usize {
        let turns = (text.len().saturating_sub(at) + PROBES * STRIDE).saturating_sub(TURN) / (PROBES * STRIDE);
        at + turns * PROBES * STRIDE
    }

    /// The places in needles where the gram occurs.
    pub(super) fn postings<'a>(&'a self, eight: u64, needles: &'a [Needle]) -> impl Iterator<Item = Posting> + 'a {
        let gram = fold(eight);
        let first = self.lookup(gram);
        let rest = first.and_then(|first| self.postings.get(first as usize..)).unwrap_or_default();
        rest.iter().copied().take_while(move |posting| {
            needles
                .get(posting.needle as usize)
                .and_then(|needle| gram_at(&needle.text, posting.offset as usize))
                .is_some_and(|other| other == gram)
        })
    }

    pub(super) fn holds(&self, eight: u64) -> bool {
        self.may_hold(eight) && self.lookup(fold(eight)).is_some()
    }

    fn insert(&mut self, gram: u64, first: u32) {
        let hash = hash(gram);
        if let Some(word) = self.bloom.get_mut(index(hash >> self.shift)) {
            *word |= bits(hash);
        }
        let mask = self.slots.len() - 1;
        let mut at = index(slot_hash(gram) >> self.slot_shift);
        while let Some(slot) = self.slots.get_mut(at & mask) {
            if slot.0 == u64::MAX {
                *slot = (gram, first);
                return;
            }
            at += 1;
        }
    }

    fn lookup(&self, gram: u64) -> Option<u32> {
        let mask = self.slots.len() - 1;
        let mut at = index(slot_hash(gram) >> self.slot_shift);
        loop {
            let slot = self.slots.get(at & mask)?;
            if slot.0 == gram {
                return Some(slot.1);
            }
            if slot.0 == u64::MAX {
                return None;
            }
            at += 1;
        }
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

/// Two bits of one word of the filter.
#[inline]
fn bits(hash: u64) -> u64 {
    1 << (hash >> 20 & 63) | 1 << (hash >> 26 & 63)
}

fn slot_hash(gram: u64) -> u64 {
    (gram ^ gram >> 23).wrapping_mul(0xD6E8_FEB8_6659_FD93)
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

/// Drops grams that very many needles share (a common prefix) where a needle keeps a full stride of others.
fn thin(needles: &[Needle], grams: &mut Vec<(u64, Posting)>) {
    let mut crowded = Vec::new();
    for group in grams.chunk_by(|left, right| left.0 == right.0) {
        if group.len() > CROWDED {
            crowded.extend(group.iter().map(|(_, posting)| (posting.needle, posting.offset)));
        }
    }
    if crowded.is_empty() {
        return;
    }
    crowded.sort_unstable();
    let is_crowded = |needle: u32, offset: usize| {
        crowded.binary_search_by_key(&(needle, offset), |(n, o)| (*n, *o as usize)).is_ok()
    };
    grams.retain(|(_, posting)| {
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
    });
}
