//! A text in blocks of 64 bytes, with a bit for each byte that belongs to a class: what is asked of every byte costs as little as of one in ten.

use std::ops::Range;

/// Bytes of a block.
pub(super) const BLOCK: usize = 64;

/// Calls `take` with each block and its offset. The last one is filled up with NULs, of which it has at least one: whatever does not hold NULs ends in a block.
#[inline]
pub(super) fn each_block(text: &[u8], mut take: impl FnMut(usize, &[u8; BLOCK])) {
    let (whole, rest) = text.as_chunks::<BLOCK>();
    for (block, at) in whole.iter().zip((0..).step_by(BLOCK)) {
        take(at, block);
    }
    let mut last = [0; BLOCK];
    last.iter_mut().zip(rest).for_each(|(to, from)| *to = *from);
    take(whole.len() * BLOCK, &last);
}

/// A bit for each byte of the block that is of the class, the first in the lowest bit. The class takes eight bytes at once and answers with the highest bit of
/// each that belongs to it, as [`within`] does.
#[inline]
pub(super) fn bits(block: &[u8; BLOCK], class: impl Fn(u64) -> u64) -> u64 {
    let mut bits = 0;
    for eight in block.as_chunks::<8>().0.iter().rev() {
        // Each of the highest bits moves to a place of its own in the highest byte.
        bits = bits << 8 | (class(u64::from_le_bytes(*eight)) >> 7).wrapping_mul(0x0102_0408_1020_4080) >> 56;
    }
    bits
}

/// The highest bits of eight bytes.
const HIGHEST: u64 = u64::MAX / 255 * 0x80;

/// The highest bit of each of the eight bytes that lies in `first..=last`, which are ASCII.
///
/// In plain words of 64 bits, since a loop over bytes becomes one over vectors only where a program is built for speed.
#[inline]
pub(super) fn within(eight: u64, first: u8, last: u8) -> u64 {
    // With their highest bits set, no byte borrows from its neighbour.
    let high = eight | HIGHEST;
    high.wrapping_sub(all(first)) & !high.wrapping_sub(all(last + 1)) & !eight & HIGHEST
}

/// The highest bit of each of the eight bytes that is this one, which is ASCII.
#[inline]
pub(super) fn is(eight: u64, byte: u8) -> u64 {
    within(eight, byte, byte)
}

/// Eight times this byte.
#[inline]
pub(super) fn all(byte: u8) -> u64 {
    u64::MAX / 255 * u64::from(byte)
}

/// Runs of one class, followed from block to block.
#[derive(Debug, Default)]
pub(super) struct Runs {
    /// The bits of the last two blocks, the later one in the higher half.
    bits: u128,
}

impl Runs {
    /// Takes the next block. Returns a bit for each byte with at least `length` of the class before it, but not of the class itself; `length` is at most 64.
    #[inline]
    pub(super) fn ends(&mut self, bits: u64, length: usize) -> u64 {
        self.bits = self.bits >> BLOCK | u128::from(bits) << BLOCK;
        let (mut runs, mut reach) = (self.bits, 1);
        while 2 * reach <= length {
            runs &= runs << reach;
            reach *= 2;
        }
        runs &= runs << (length - reach);
        high(!self.bits & runs << 1)
    }

    /// Calls `found` with the runs before these ends in the block at `at`. The class is that of the bits.
    #[cold]
    #[inline(never)]
    pub(super) fn before(
        &self,
        mut ends: u64,
        at: usize,
        text: &[u8],
        class: impl Fn(u64) -> u64,
        mut found: impl FnMut(Range<usize>),
    ) {
        while ends != 0 {
            let number = ends.trailing_zeros() as usize;
            let known = (self.bits << (BLOCK - number)).leading_ones() as usize;
            let end = at + number;
            let start = end.saturating_sub(known);
            // It may have begun before the last two blocks.
            let more = text
                .get(..start)
                .unwrap_or_default()
                .iter()
                .rev()
                .take_while(|byte| class(u64::from(**byte)) != 0)
                .count();
            found(start - more..end);
            ends &= ends - 1;
        }
    }
}

#[inline]
fn high(bits: u128) -> u64 {
    (bits >> BLOCK) as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_digit(eight: u64) -> u64 {
        within(eight, b'0', b'9')
    }

    #[test]
    fn every_byte_is_told_from_its_neighbours_whatever_stands_beside_it() {
        for (first, last) in [(0, 0), (b'0', b'9'), (b'a', b'z'), (b'~', 0x7F), (0, 0x7F)] {
            for (byte, beside) in (0..=u8::MAX).flat_map(|byte| [0, 0x7F, 0x80, 0xFF].map(|beside| (byte, beside))) {
                let mut block = [beside; BLOCK];
                block.iter_mut().step_by(3).for_each(|place| *place = byte);
                let expected =
                    block.iter().rev().fold(0, |bits, byte| bits << 1 | u64::from((first..=last).contains(byte)));
                assert_eq!(
                    bits(&block, |eight| within(eight, first, last)),
                    expected,
                    "{first}..={last}: {byte} {beside}"
                );
            }
        }
    }

    #[test]
    fn runs_of_any_length_are_found_at_any_place() {
        for length in [1, 19, 20, 21, 63, 64, 65, 127, 128, 129, 300] {
            for start in 0..130 {
                let text = format!("{}{}{}", "-".repeat(start), "7".repeat(length), "-".repeat(start % 3));
                let (mut runs, mut found) = (Runs::default(), Vec::new());
                each_block(text.as_bytes(), |at, block| {
                    let ends = runs.ends(bits(block, is_digit), 20);
                    runs.before(ends, at, text.as_bytes(), is_digit, |run| found.push(run));
                });
                let expected: Vec<Range<usize>> = (length >= 20).then_some(start..start + length).into_iter().collect();
                assert_eq!(found, expected);
            }
        }
    }
}
