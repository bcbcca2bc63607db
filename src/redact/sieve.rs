//! A set of hashes that may say yes where no is right, never the other way round: one look at one word (a blocked Bloom filter).

/// With a fixed number of words, a power of two, so that looking one up needs no check.
#[derive(Debug)]
pub(super) struct Sieve<const WORDS: usize> {
    /// Zeros are what was inserted.
    words: Box<[u64; WORDS]>,
}

impl<const WORDS: usize> Sieve<WORDS> {
    /// How many hashes it holds before more than two in a hundred others pass.
    pub(super) const ROOM: usize = WORDS * 64 / 12;

    pub(super) fn new(hashes: impl Iterator<Item = u64>) -> Self {
        let mut words = vec![u64::MAX; WORDS];
        for hash in hashes {
            if let Some(word) = words.get_mut(Self::index(hash)) {
                *word &= !pattern(hash);
            }
        }
        let words = words.try_into().unwrap_or_else(|_| Box::new([0; WORDS]));
        Self { words }
    }

    #[inline]
    pub(super) fn may_hold(&self, hash: u64) -> bool {
        self.words.get(Self::index(hash)).copied().unwrap_or(0) & pattern(hash) == 0
    }

    #[expect(clippy::cast_possible_truncation, reason = "as many bits as number the words")]
    #[inline]
    fn index(hash: u64) -> usize {
        (hash >> (64 - WORDS.trailing_zeros())) as usize
    }
}

/// Four bits of a word.
#[inline]
fn pattern(hash: u64) -> u64 {
    PATTERNS.get((hash >> 32) as usize % PATTERNS.len()).copied().unwrap_or(0)
}

/// Looking a pattern up is cheaper than shifting four bits into place.
static PATTERNS: [u64; 1024] = {
    let mut table = [0; 1024];
    let mut at = 0;
    let mut state = 0_u64;
    while at < table.len() {
        state = state.wrapping_mul(0xD6E8_FEB8_6659_FD93).wrapping_add(0x9E37_79B9_7F4A_7C15);
        #[expect(clippy::indexing_slicing, reason = "evaluated by the compiler, within bounds")]
        {
            table[at] =
                1 << (state >> 58) | 1 << (state >> 50 & 63) | 1 << (state >> 42 & 63) | 1 << (state >> 34 & 63);
        }
        at += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    fn hashes(from: u64) -> impl Iterator<Item = u64> {
        (from..from + Sieve::<1024>::ROOM as u64).map(|number| number.wrapping_mul(0x9E37_79B9_7F4A_7C15))
    }

    #[test]
    fn what_was_inserted_passes_and_little_else() {
        let sieve = Sieve::<1024>::new(hashes(0));
        assert!(hashes(0).all(|hash| sieve.may_hold(hash)));
        let others = hashes(1 << 20).filter(|hash| sieve.may_hold(*hash)).count();
        assert!(others < Sieve::<1024>::ROOM / 25, "{others}");
    }
}
