//! GitHub's limits on calls: the hourly one and the one on bursts
//! (<https://docs.github.com/rest/using-the-rest-api/rate-limits-for-the-rest-api>).

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

use crate::domain::time::Time;

/// How long a call waits for the limit on bursts to pass, instead of giving up, seconds.
const PATIENCE_S: u64 = 3;
/// What GitHub asks for when it limits bursts and does not say how long, seconds.
const UNTOLD_S: u64 = 60;

/// Until when we do not ask.
#[derive(Debug, Default)]
pub(super) struct Limits {
    until: Mutex<Option<Time>>,
}

/// What an answer that was refused for too many calls means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Advice {
    /// Ask again after so many seconds.
    Wait(u64),
    /// That takes too long.
    GiveUp(u64),
}

impl Advice {
    /// How long nothing can be asked.
    pub(super) fn seconds(self) -> u64 {
        let (Self::Wait(seconds) | Self::GiveUp(seconds)) = self;
        seconds
    }
}

impl Limits {
    /// For how many seconds from now nothing may be asked.
    pub(super) fn closed_for(&self, now: Time) -> Option<u64> {
        let until = (*self.until.lock().unwrap_or_else(PoisonError::into_inner))?;
        u64::try_from(until.as_millis().saturating_sub(now.as_millis()))
            .ok()
            .filter(|left| *left > 0)
            .map(|ms| ms.div_ceil(1000))
    }

    /// Takes note of an answer; and what follows, when it was refused for too many calls.
    pub(super) fn note(&self, status: u16, headers: &HeaderMap, now: Time) -> Option<Advice> {
        let wait_s = refused_for(status, headers, now)?;
        if wait_s <= PATIENCE_S {
            return Some(Advice::Wait(wait_s));
        }
        let until = now.plus_s(i64::try_from(wait_s).unwrap_or(i64::MAX));
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = Some(until);
        Some(Advice::GiveUp(wait_s))
    }
}

/// For how long GitHub refuses calls, by this answer. Its own clock counts: ours may be wrong.
fn refused_for(status: u16, headers: &HeaderMap, now: Time) -> Option<u64> {
    if status != 403 && status != 429 {
        return None;
    }
    let number = |name: &str| {
        headers.get(name).and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse::<u64>().ok())
    };
    if let Some(wait) = number("retry-after") {
        return Some(wait.min(24 * 3600));
    }
    if number("x-ratelimit-remaining") == Some(0) {
        let there = headers
            .get("date")
            .and_then(|value| value.to_str().ok())
            .and_then(http_date)
            .unwrap_or(now.as_millis() / 1000);
        let reset = number("x-ratelimit-reset").and_then(|reset| i64::try_from(reset).ok())?;
        return u64::try_from(reset.saturating_sub(there)).ok().map(|left| left.clamp(1, 3600)).or(Some(1));
    }
    (status == 429).then_some(UNTOLD_S)
}

/// The seconds of the epoch of an HTTP date (RFC 9110, section 5.6.7).
pub(super) fn http_date(text: &str) -> Option<i64> {
    jiff::fmt::rfc2822::parse(text).ok().map(|zoned| zoned.timestamp().as_second())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn now() -> Time {
        Time::from_millis(1_700_000_000_000)
    }

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn a_refusal_for_too_many_calls_is_told_from_one_for_a_missing_permission() {
        let spent = headers(&[("x-ratelimit-remaining", "0"), ("x-ratelimit-reset", "1700000100")]);
        assert_eq!(refused_for(403, &spent, now()), Some(100));
        assert_eq!(refused_for(200, &spent, now()), None, "the last call that was allowed");
        assert_eq!(refused_for(403, &headers(&[("x-ratelimit-remaining", "4000")]), now()), None);
        assert_eq!(refused_for(403, &headers(&[("retry-after", "7")]), now()), Some(7));
        assert_eq!(refused_for(429, &HeaderMap::new(), now()), Some(60));
    }

    #[test]
    fn the_clock_of_github_counts() {
        // Ours is an hour ahead.
        let skewed = headers(&[
            ("x-ratelimit-remaining", "0"),
            ("x-ratelimit-reset", "1699996450"),
            ("date", "Tue, 14 Nov 2023 21:13:20 GMT"),
        ]);
        assert_eq!(refused_for(403, &skewed, now()), Some(50));
    }

    #[test]
    fn nothing_is_asked_until_the_limit_passes() {
        let limits = Limits::default();
        assert_eq!(limits.note(429, &headers(&[("retry-after", "2")]), now()), Some(Advice::Wait(2)));
        assert_eq!(limits.closed_for(now()), None);
        assert_eq!(limits.note(429, &headers(&[("retry-after", "30")]), now()), Some(Advice::GiveUp(30)));
        assert_eq!(limits.closed_for(now().plus_s(10)), Some(20));
        assert_eq!(limits.closed_for(now().plus_s(30)), None);
    }
}
