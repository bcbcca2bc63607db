//! What everything on the server shares: its addresses, its clock, its numbers.

use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

#[derive(Debug)]
pub(crate) struct Site {
    /// Without a slash at the end; with the prefix.
    pub(super) base: String,
    /// Where files are downloaded from, at another origin than the API.
    pub(super) storage: String,
    numbers: AtomicU64,
    ahead_ms: AtomicI64,
}

impl Site {
    pub(super) fn new(base: String, storage: String) -> Self {
        Self { base, storage, numbers: AtomicU64::new(1000), ahead_ms: AtomicI64::new(0) }
    }

    /// An id that nothing has yet.
    pub(super) fn id(&self) -> u64 {
        self.numbers.fetch_add(1, Ordering::SeqCst)
    }

    /// An object name that nothing has yet, the same in each run.
    pub(super) fn sha(&self) -> String {
        sha_of(&self.id().to_be_bytes())
    }

    pub(super) fn now(&self) -> Timestamp {
        Timestamp::now() + SignedDuration::from_millis(self.ahead_ms.load(Ordering::SeqCst))
    }

    /// The present as the API writes it.
    pub(super) fn stamp(&self) -> String {
        stamp(self.now())
    }

    /// Sets the clock of the server ahead of the machine's, or behind.
    pub(crate) fn set_ahead(&self, by: SignedDuration) {
        self.ahead_ms.store(i64::try_from(by.as_millis()).unwrap(), Ordering::SeqCst);
    }
}

/// A moment as the API writes it: whole seconds.
pub(super) fn stamp(moment: Timestamp) -> String {
    moment.strftime("%Y-%m-%dT%H:%M:%SZ").to_string()
}

/// Forty hexadecimal characters, as git names objects.
pub(super) fn sha_of(bytes: &[u8]) -> String {
    hex(bytes)[..40].to_owned()
}

/// The SHA-256 of bytes in hexadecimal.
pub(super) fn hex(bytes: &[u8]) -> String {
    Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// What the API says of the signature of a commit or a tag that has none.
pub(super) fn unsigned() -> Value {
    json!({ "verified": false, "reason": "unsigned", "signature": null, "payload": null, "verified_at": null })
}

/// Somebody, as far as a test can care.
pub(super) fn user(login: &str) -> Value {
    let id = login.bytes().fold(7_u64, |sum, byte| sum * 31 % 1_000_003 + u64::from(byte));
    let kind = if login.ends_with("[bot]") { "Bot" } else { "User" };
    json!({ "login": login, "id": id, "type": kind })
}
