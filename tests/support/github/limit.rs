//! How many questions a token may still ask.

use http::HeaderMap;
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

/// The primary limit of one token.
#[derive(Debug)]
pub(crate) struct RateLimit {
    pub(crate) limit: u64,
    pub(crate) used: u64,
    /// When the questions are all there again; an hour after the first one.
    pub(crate) reset: Option<Timestamp>,
}

impl Default for RateLimit {
    fn default() -> Self {
        Self { limit: 5000, used: 0, reset: None }
    }
}

impl RateLimit {
    /// Leaves this many questions.
    pub(crate) fn leave(&mut self, remaining: u64) {
        self.used = self.limit - remaining;
    }

    pub(super) fn remaining(&self) -> u64 {
        self.limit.saturating_sub(self.used)
    }

    /// Begins the next hour when this one is over.
    pub(super) fn turn(&mut self, now: Timestamp) {
        if self.reset.is_none_or(|reset| reset <= now) {
            self.used = if self.reset.is_some() { 0 } else { self.used };
            self.reset = Some(now + SignedDuration::from_hours(1));
        }
    }

    pub(super) fn overview(&self) -> Value {
        let reset = self.reset.map_or(0, Timestamp::as_second);
        json!({ "limit": self.limit, "used": self.used, "remaining": self.remaining(), "reset": reset })
    }

    pub(super) fn write_to(&self, headers: &mut HeaderMap) {
        let mut say = |name: &'static str, value: String| headers.insert(name, value.parse().unwrap());
        say("x-ratelimit-limit", self.limit.to_string());
        say("x-ratelimit-used", self.used.to_string());
        say("x-ratelimit-remaining", self.remaining().to_string());
        say("x-ratelimit-reset", self.reset.map_or(0, Timestamp::as_second).to_string());
        say("x-ratelimit-resource", "core".to_owned());
    }
}
