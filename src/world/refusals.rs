//! Logins that were refused. Who knocks again and again with a password that is not the right one gets the account locked, and
//! whoever may call us could lock it.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use crate::{
    domain::{digest::Digest, time::Time},
    redact::Secret,
};

/// How long a refused login is not tried again, s. Servers and fail2ban count failures over ten minutes.
const PAUSE_S: u32 = 5 * 60;

/// What was refused, as long as this process lives.
pub(in crate::world) struct Refusals {
    /// Nobody who reads our memory can try passwords against the digests in it without the key, and it leaves no trace elsewhere.
    key: [u8; 32],
    refused: Mutex<HashMap<Digest, Time>>,
}

impl Default for Refusals {
    fn default() -> Self {
        let mut key = [0; 32];
        // Without random bytes the digests only say less well what they must not say anyway.
        let _ = getrandom::fill(&mut key);
        Self { key, refused: Mutex::default() }
    }
}

impl Refusals {
    /// Until when this login is not to be tried again, if it was refused with this very password.
    pub(in crate::world) fn until(&self, login: &str, password: &Secret, now: Time) -> Option<Time> {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.retain(|_, until| *until > now);
        refused.get(&self.digest(login, password)).copied()
    }

    /// The login was refused.
    pub(in crate::world) fn add(&self, login: &str, password: &Secret, now: Time) {
        let mut refused = self.refused.lock().unwrap_or_else(PoisonError::into_inner);
        refused.insert(self.digest(login, password), now.plus_s(PAUSE_S.into()));
    }

    fn digest(&self, login: &str, password: &Secret) -> Digest {
        let parts = [&self.key[..], login.as_bytes(), &[0], password.expose().as_bytes()];
        Digest::of_domain("deployops/refused-login/v1", &parts.concat())
    }
}

impl fmt::Debug for Refusals {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Refusals")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_login_rests_until_its_time_is_over_or_the_password_is_another() {
        let (refusals, now) = (Refusals::default(), Time::from_millis(1_736_933_400_123));
        let (wrong, other) = (Secret::new("P", "wrong"), Secret::new("P", "other"));
        assert_eq!(refusals.until("mailbox info", &wrong, now), None);
        refusals.add("mailbox info", &wrong, now);
        assert_eq!(refusals.until("mailbox info", &wrong, now.plus_s(299)), Some(now.plus_s(300)));
        assert_eq!(refusals.until("mailbox info", &other, now), None);
        assert_eq!(refusals.until("mailbox crm", &wrong, now), None);
        assert_eq!(refusals.until("mailbox info", &wrong, now.plus_s(300)), None);
    }
}
