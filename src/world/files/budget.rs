//! How much text one search may go through: a small compressed file can hold very much of it.

use std::{
    io::{self, Read},
    time::{Duration, Instant},
};

/// What the searches of one call may still read.
#[derive(Debug, Clone, Copy)]
pub struct Budget {
    bytes: u64,
    until: Instant,
}

impl Budget {
    /// That of a new call: 1 GiB of text and 25 s, so that the call ends before its client gives up on it.
    pub fn of_a_call() -> Self {
        Self::new(1 << 30, Duration::from_secs(25))
    }

    /// That of one look among others: 256 MiB of text and 8 s.
    pub fn of_a_look() -> Self {
        Self::new(1 << 28, Duration::from_secs(8))
    }

    fn new(bytes: u64, time: Duration) -> Self {
        Self { bytes, until: Instant::now() + time }
    }

    /// Whether nothing more may be read.
    pub fn is_spent(&self) -> bool {
        self.bytes == 0 || Instant::now() >= self.until
    }

    /// What is left behind a search that read so many bytes.
    pub fn without(self, bytes: u64) -> Self {
        Self { bytes: self.bytes.saturating_sub(bytes), ..self }
    }

    /// The time that is left.
    pub(super) fn time(self) -> Duration {
        self.until.saturating_duration_since(Instant::now())
    }

    pub(super) fn limit<R: Read>(self, text: R) -> Limited<R> {
        Limited { text, budget: self, read: 0, is_cut: false }
    }
}

/// A text that ends where the budget does.
pub(super) struct Limited<R> {
    text: R,
    budget: Budget,
    /// Bytes that were read.
    pub(super) read: u64,
    /// Whether there was more.
    pub(super) is_cut: bool,
}

impl<R: Read> Read for Limited<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let left = self.budget.bytes.saturating_sub(self.read);
        if left == 0 || Instant::now() >= self.budget.until {
            self.is_cut = self.text.read(&mut [0])? > 0;
            return Ok(0);
        }
        let room = buffer.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        let count = self.text.read(buffer.get_mut(..room).unwrap_or_default())?;
        self.read += u64::try_from(count).unwrap_or(u64::MAX);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(budget: Budget, length: usize) -> (usize, bool) {
        let text = vec![b'x'; length];
        let mut limited = budget.limit(text.as_slice());
        let mut all = Vec::new();
        limited.read_to_end(&mut all).unwrap();
        (all.len(), limited.is_cut)
    }

    #[test]
    fn a_text_is_cut_where_the_budget_ends_and_only_there() {
        let hundred = Budget::new(100, Duration::from_mins(1));
        assert_eq!(read(hundred, 99), (99, false));
        assert_eq!(read(hundred, 100), (100, false));
        assert_eq!(read(hundred, 101), (100, true));
        assert_eq!(read(hundred.without(60), 101), (40, true));
        assert_eq!(read(Budget::new(100, Duration::ZERO), 50), (0, true));
        assert!(hundred.without(100).is_spent() && !hundred.without(99).is_spent());
    }
}
