//! The search's limits on calls: one window of a second and one of a month, told with every answer as `1, 15000`.

use std::sync::{Mutex, PoisonError};

use http::HeaderMap;

use crate::domain::time::Time;

/// What a refusal means that does not say how long it lasts, s.
const UNTOLD_S: u64 = 1;
/// No window is longer, s.
const MONTH_S: u64 = 31 * 24 * 3600;

/// Until when we do not ask.
#[derive(Debug, Default)]
pub(in crate::world) struct Limits {
    until: Mutex<Option<Time>>,
}

impl Limits {
    /// For how many seconds from now nothing may be asked.
    pub(super) fn closed_for(&self, now: Time) -> Option<u64> {
        let until = (*self.until.lock().unwrap_or_else(PoisonError::into_inner))?;
        Some(until.millis_since(now).div_ceil(1000)).filter(|wait_s| *wait_s > 0)
    }

    /// Takes note of an answer; for how long nothing may be asked now, s.
    pub(super) fn note(&self, status: u16, headers: &HeaderMap, now: Time) -> Option<u64> {
        let wait_s = closed(status, headers);
        let until = wait_s.map(|wait_s| now.plus_s(i64::try_from(wait_s).unwrap_or(i64::MAX)));
        *self.until.lock().unwrap_or_else(PoisonError::into_inner) = until;
        wait_s
    }
}

/// For how long no call is left: the longest of the windows that are used up.
fn closed(status: u16, headers: &HeaderMap) -> Option<u64> {
    let numbers = |name: &str| -> Vec<Option<u64>> {
        let text = headers.get(name).and_then(|value| value.to_str().ok()).unwrap_or_default();
        text.split(',').map(|part| part.trim().parse().ok()).collect()
    };
    let (left, reset) = (numbers("x-ratelimit-remaining"), numbers("x-ratelimit-reset"));
    let used_up = left.iter().zip(&reset).filter(|(left, _)| **left == Some(0)).filter_map(|(_, reset)| *reset);
    let longest = used_up.max().map(|wait_s| wait_s.clamp(1, MONTH_S));
    let told =
        headers.get("retry-after").and_then(|value| value.to_str().ok()).and_then(|text| text.trim().parse().ok());
    if status == 429 { longest.max(told).or(Some(UNTOLD_S)) } else { longest }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn the_longest_window_that_is_used_up_counts() {
        let of = |left: &str, reset: &str| headers(&[("x-ratelimit-remaining", left), ("x-ratelimit-reset", reset)]);
        assert_eq!(closed(200, &of("1, 14000", "1, 1419704")), None);
        assert_eq!(closed(200, &of("0, 14000", "1, 1419704")), Some(1));
        assert_eq!(closed(200, &of("0, 0", "1, 1419704")), Some(1_419_704));
        assert_eq!(closed(429, &of("0, 14000", "1, 1419704")), Some(1));
        assert_eq!(closed(429, &HeaderMap::new()), Some(UNTOLD_S));
        assert_eq!(closed(429, &headers(&[("retry-after", "9")])), Some(9));
        assert_eq!(closed(200, &of("x", "y")), None);
    }

    #[test]
    fn nothing_is_asked_until_the_window_ends() {
        let (limits, now) = (Limits::default(), Time::from_millis(1_700_000_000_000));
        let used_up = headers(&[("x-ratelimit-remaining", "0, 5"), ("x-ratelimit-reset", "30, 60")]);
        assert_eq!(limits.note(200, &used_up, now), Some(30));
        assert_eq!(limits.closed_for(now.plus_s(10)), Some(20));
        assert_eq!(limits.closed_for(now.plus_s(30)), None);
    }
}
