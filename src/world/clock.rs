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
    fn now(&self) -> Time {
        Time::from(jiff::Timestamp::now())
    }
}
