//! Moments in UTC, to the millisecond.

use std::{fmt, str::FromStr};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// A moment in UTC, to the millisecond, written as RFC 3339: `2025-01-15T09:30:00.123Z`.
///
/// Whoever decides takes the present as an argument; only `world::Clock` knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct Time(Timestamp);

/// A text that is not an RFC 3339 moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a moment: write it as 2025-01-15T09:30:00Z")]
pub struct InvalidTime;

impl Time {
    /// The moment that many milliseconds after 1970-01-01T00:00:00Z; moments out of range become that one.
    pub fn from_millis(millis: i64) -> Self {
        Self(Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH))
    }
    /// Milliseconds since 1970-01-01T00:00:00Z.
    pub fn as_millis(self) -> i64 {
        self.0.as_millisecond()
    }
    /// The moment that many seconds later (earlier, when negative); at the end of time it stops.
    pub fn plus_s(self, seconds: i64) -> Self {
        Self(self.0.saturating_add(SignedDuration::from_secs(seconds)).unwrap_or(self.0))
    }
    /// How long ago `earlier` is, ms; 0 when it lies ahead.
    pub fn millis_since(self, earlier: Self) -> u64 {
        u64::try_from(self.as_millis() - earlier.as_millis()).unwrap_or(0)
    }
    /// How long ago `earlier` is, s; 0 when it lies ahead.
    pub fn seconds_since(self, earlier: Self) -> u64 {
        self.millis_since(earlier) / 1000
    }
    /// The calendar's view of it.
    pub fn timestamp(self) -> Timestamp {
        self.0
    }
    /// For file names: `20250115T093000Z`.
    pub fn compact(self) -> String {
        self.0.strftime("%Y%m%dT%H%M%SZ").to_string()
    }
    /// The UTC date: `2025-01-15`.
    pub fn date(self) -> String {
        self.0.strftime("%Y-%m-%d").to_string()
    }
}

impl From<Timestamp> for Time {
    fn from(timestamp: Timestamp) -> Self {
        Self::from_millis(timestamp.as_millisecond())
    }
}

impl fmt::Display for Time {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:.3}", self.0)
    }
}

impl FromStr for Time {
    type Err = InvalidTime;
    fn from_str(text: &str) -> Result<Self, InvalidTime> {
        text.parse::<Timestamp>().map(Self::from).map_err(|_| InvalidTime)
    }
}

impl TryFrom<String> for Time {
    type Error = InvalidTime;
    fn try_from(text: String) -> Result<Self, InvalidTime> {
        text.parse()
    }
}

impl From<Time> for String {
    fn from(time: Time) -> String {
        time.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_moment_reads_back_as_written() {
        let time = Time::from_millis(1_736_933_400_123);
        assert_eq!(time.to_string(), "2025-01-15T09:30:00.123Z");
        assert_eq!(time.to_string().parse(), Ok(time));
        assert_eq!(time.plus_s(-30).seconds_since(time), 0);
        assert_eq!(time.plus_s(30).seconds_since(time), 30);
    }
}
