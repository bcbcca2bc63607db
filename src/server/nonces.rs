//! Each sealed request state is good for one answer.

use std::{
    collections::HashMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// The states that were used and have not expired yet.
#[derive(Debug, Default)]
pub(crate) struct Nonces(Mutex<HashMap<u128, Instant>>);

/// More than that many used states at once are an attack; further ones are refused until some expire.
const MOST: usize = 4096;

impl Nonces {
    /// Whether this is the first use. The nonce is remembered for `ttl`, after which the state has expired anyway.
    pub(crate) fn first_use(&self, nonce: u128, now: Instant, ttl: Duration) -> bool {
        let mut used = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        used.retain(|_, until| *until > now);
        used.len() < MOST && used.insert(nonce, now + ttl).is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_nonce_is_used_once_until_it_has_expired() {
        let (nonces, now, ttl) = (Nonces::default(), Instant::now(), Duration::from_mins(5));
        let nonce = 7;
        assert!(nonces.first_use(nonce, now, ttl));
        assert!(!nonces.first_use(nonce, now + Duration::from_secs(299), ttl));
        assert!(nonces.first_use(8, now, ttl));
    }

    #[test]
    fn the_store_is_bounded() {
        let (nonces, now) = (Nonces::default(), Instant::now());
        let accepted = (0..MOST + 10).filter(|n| nonces.first_use(*n as u128, now, Duration::from_mins(5))).count();
        assert_eq!(accepted, MOST);
        assert!(nonces.first_use(1, now + Duration::from_secs(301), Duration::from_mins(5)));
    }
}
