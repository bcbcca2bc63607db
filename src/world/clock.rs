//! The present.

use std::fmt;

use crate::domain::time::Time;

/// Where the present comes from: the system, or a test.
pub trait Clock: fmt::Debug + Send + Sync {
    /// The present.
    fn now(&self) -> Time;
}

/// The clock of the system.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemClock;

impl Clock for SystemClock {
    #[expect(clippy::disallowed_methods, reason = "the one place that asks the system for the time")]
    fn now(&self) -> Time {
        Time::from(jiff::Timestamp::now())
    }
}
