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

/// A bit for each byte of the block that `is` says 1 of instead of 0, the first in the lowest bit.
///
/// Many bytes at a time, as long as `is` neither branches nor looks anything up.
#[inline]
pub(super) fn bits(block: &[u8; BLOCK], is: impl Fn(u8) -> u8) -> u64 {
    let flags = block.map(is);
    flags.as_chunks::<8>().0.iter().rev().fold(0, |bits, flags| {
        // Each flag moves to a place of its own in the highest byte.
        bits << 8 | u64::from_le_bytes(*flags).wrapping_mul(0x0102_0408_1020_4080) >> 56
    })
}

/// 1 if the byte lies in `first..=last`, else 0.
#[inline]
pub(super) fn within(byte: u8, first: u8, last: u8) -> u8 {
    u8::from(byte.wrapping_sub(first) <= last - first)
}

/// 1 if the bytes are equal, else 0.
#[inline]
pub(super) fn is(byte: u8, other: u8) -> u8 {
    u8::from(byte == other)
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
        is: impl Fn(u8) -> u8,
        mut found: impl FnMut(Range<usize>),
    ) {
        while ends != 0 {
            let number = ends.trailing_zeros() as usize;
            let known = (self.bits << (BLOCK - number)).leading_ones() as usize;
            let end = at + number;
            let start = end.saturating_sub(known);
            // It may have begun before the last two blocks.
            let more = text.get(..start).unwrap_or_default().iter().rev().take_while(|byte| is(**byte) != 0).count();
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

    fn is_digit(byte: u8) -> u8 {
        within(byte, b'0', b'9')
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
