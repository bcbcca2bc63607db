//! How often, how many at once, and how long a text. Pure: time is an argument.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use serde_json::{Map, Value};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use crate::domain::principal::Principal;

/// The limits of tool calls, per principal. Zero means no limit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls that only read, per minute.
    pub reads_per_minute: u32,
    /// Dry runs, per hour.
    pub plans_per_hour: u32,
    /// Calls that start a change, per hour.
    pub changes_per_hour: u32,
    /// Calls that verify secrets, per minute. Few, so that nobody learns by asking again and again.
    pub verifies_per_minute: u32,
    /// The longest text in an argument, bytes.
    pub string_bytes: u32,
    /// Calls at once.
    pub at_once: u32,
    /// Calls that may wait for their turn; further ones are refused.
    pub waiting: u32,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            reads_per_minute: 60,
            plans_per_hour: 10,
            changes_per_hour: 6,
            verifies_per_minute: 5,
            string_bytes: 64 * 1024,
            at_once: 8,
            waiting: 128,
        }
    }
}

/// What a call is, for the limits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CallKind {
    /// Reads.
    Read,
    /// Verifies secrets.
    Verify,
    /// Drafts a plan.
    Plan,
    /// Starts a change.
    Change,
    /// Stops something: never limited.
    Stop,
}

/// Why a call has to wait.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Limited {
    /// The rate is used up; a call is possible after this time.
    Rate(Duration),
    /// Too many calls wait already.
    Busy,
}

/// The state of all principals.
#[derive(Debug)]
pub struct Limits {
    settings: CallLimits,
    principals: Mutex<HashMap<Principal, Arc<Account>>>,
}

#[derive(Debug)]
struct Account {
    buckets: Mutex<[Bucket; 4]>,
    turns: Arc<Semaphore>,
    queue: Arc<Semaphore>,
}

impl Limits {
    /// Limits with nothing used yet.
    pub fn new(settings: CallLimits) -> Self {
        Self { settings, principals: Mutex::new(HashMap::new()) }
    }

    /// Whether no text in the arguments is longer than allowed, and no name of one either.
    pub fn fits(&self, arguments: &Map<String, Value>) -> bool {
        let limit = self.settings.string_bytes;
        limit == 0 || arguments.iter().all(|(name, value)| fits(name, limit) && value_fits(value, limit))
    }

    /// Waits for a turn, unless the rate or the queue is used up. The turn ends when the permit is dropped.
    pub async fn turn(
        &self,
        principal: &Principal,
        kind: CallKind,
        now: Instant,
    ) -> Result<Option<OwnedSemaphorePermit>, Limited> {
        if kind == CallKind::Stop {
            return Ok(None);
        }
        let account = self.account(principal, now);
        account.take(kind, now).map_err(Limited::Rate)?;
        if self.settings.at_once == 0 {
            return Ok(None);
        }
        if let Ok(turn) = account.turns.clone().try_acquire_owned() {
            return Ok(Some(turn));
        }
        let _place = account.queue.clone().try_acquire_owned().map_err(|_| Limited::Busy)?;
        account.turns.clone().acquire_owned().await.map(Some).map_err(|_| Limited::Busy)
    }

    /// Principals come from the configuration or are the local user, so there are few of them, and they are never forgotten.
    fn account(&self, principal: &Principal, now: Instant) -> Arc<Account> {
        let mut principals = self.principals.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(account) = principals.get(principal) {
            return account.clone();
        }
        let account = Arc::new(Account::new(&self.settings, now));
        principals.insert(principal.clone(), account.clone());
        account
    }
}

impl Account {
    fn new(settings: &CallLimits, now: Instant) -> Self {
        let (minute, hour) = (Duration::from_mins(1), Duration::from_hours(1));
        Self {
            buckets: Mutex::new([
                Bucket::new(settings.reads_per_minute, minute, now),
                Bucket::new(settings.plans_per_hour, hour, now),
                Bucket::new(settings.changes_per_hour, hour, now),
                Bucket::new(settings.verifies_per_minute, minute, now),
            ]),
            turns: Arc::new(Semaphore::new(settings.at_once as usize)),
            queue: Arc::new(Semaphore::new(settings.waiting as usize)),
        }
    }

    fn take(&self, kind: CallKind, now: Instant) -> Result<(), Duration> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let [reads, plans, changes, verifies] = &mut *buckets;
        match kind {
            CallKind::Read => reads.take(now),
            CallKind::Plan => plans.take(now),
            CallKind::Change => changes.take(now),
            CallKind::Verify => verifies.take(now),
            CallKind::Stop => Ok(()),
        }
    }
}

fn fits(text: &str, limit: u32) -> bool {
    u32::try_from(text.len()).is_ok_and(|length| length <= limit)
}

fn value_fits(value: &Value, limit: u32) -> bool {
    match value {
        Value::String(text) => fits(text, limit),
        Value::Array(items) => items.iter().all(|item| value_fits(item, limit)),
        Value::Object(map) => map.iter().all(|(name, value)| fits(name, limit) && value_fits(value, limit)),
        Value::Null | Value::Bool(_) | Value::Number(_) => true,
    }
}

/// A token bucket: full at first, refilled evenly.
#[derive(Debug, Clone, Copy)]
pub struct Bucket {
    size: f64,
    per_second: f64,
    tokens: f64,
    filled_at: Instant,
}

impl Bucket {
    /// `size` tokens per `period`; zero means no limit.
    pub fn new(size: u32, period: Duration, now: Instant) -> Self {
        let size = f64::from(size);
        Self { size, per_second: size / period.as_secs_f64(), tokens: size, filled_at: now }
    }

    /// Takes a token, or says after which time there is one.
    pub fn take(&mut self, now: Instant) -> Result<(), Duration> {
        if self.size == 0.0 {
            return Ok(());
        }
        let elapsed = now.saturating_duration_since(self.filled_at).as_secs_f64();
        self.tokens = (self.tokens + elapsed * self.per_second).min(self.size);
        self.filled_at = now;
        if self.tokens >= 1.0 {
            self.tokens -= 1.0;
            Ok(())
        } else {
            Err(Duration::from_secs_f64((1.0 - self.tokens) / self.per_second))
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_bucket_gives_its_size_at_once_and_then_one_per_share_of_the_period() {
        let now = Instant::now();
        let mut bucket = Bucket::new(60, Duration::from_mins(1), now);
        assert_eq!((0..100).filter(|_| bucket.take(now).is_ok()).count(), 60);
        let wait = bucket.take(now).unwrap_err();
        assert!(wait > Duration::from_millis(900) && wait <= Duration::from_secs(1), "{wait:?}");
        assert!(bucket.take(now + Duration::from_millis(1001)).is_ok());
        assert!(bucket.take(now + Duration::from_millis(1002)).is_err());
    }

    #[test]
    fn zero_means_no_limit() {
        let now = Instant::now();
        let mut bucket = Bucket::new(0, Duration::from_mins(1), now);
        assert!((0..10_000).all(|_| bucket.take(now).is_ok()));
    }

    #[test]
    fn the_longest_text_counts_wherever_it_stands() {
        let fits = |arguments: Value| {
            let limits = Limits::new(CallLimits { string_bytes: 4, ..CallLimits::default() });
            limits.fits(arguments.as_object().unwrap())
        };
        assert!(fits(json!({ "a": "1234", "b": 123_456, "c": ["1234"], "d": { "1234": null } })));
        for arguments in [
            json!({ "a": "12345" }),
            json!({ "a": ["1", ["12345"]] }),
            json!({ "a": { "b": "12345" } }),
            json!({ "a": { "12345": 1 } }),
            json!({ "12345": 1 }),
            json!({ "a": "ééé" }),
        ] {
            assert!(!fits(arguments.clone()), "{arguments}");
        }
    }

    #[tokio::test]
    async fn each_principal_and_each_kind_has_its_own_budget_and_stopping_has_none() {
        let limits = Limits::new(CallLimits { reads_per_minute: 2, changes_per_hour: 1, ..CallLimits::default() });
        let (now, one, two) = (Instant::now(), Principal::token("one"), Principal::token("two"));
        for _ in 0..2 {
            assert!(limits.turn(&one, CallKind::Read, now).await.is_ok());
        }
        assert!(matches!(limits.turn(&one, CallKind::Read, now).await, Err(Limited::Rate(_))));
        assert!(limits.turn(&two, CallKind::Read, now).await.is_ok());
        assert!(limits.turn(&one, CallKind::Change, now).await.is_ok());
        assert!(matches!(limits.turn(&one, CallKind::Change, now).await, Err(Limited::Rate(_))));
        for _ in 0..1000 {
            assert!(limits.turn(&one, CallKind::Stop, now).await.is_ok());
        }
    }

    #[tokio::test]
    async fn calls_wait_for_a_turn_and_are_refused_when_the_queue_is_full() {
        let settings = CallLimits { reads_per_minute: 0, at_once: 1, waiting: 1, ..CallLimits::default() };
        let limits = Arc::new(Limits::new(settings));
        let (now, who) = (Instant::now(), Principal::token("one"));
        let first = limits.turn(&who, CallKind::Read, now).await.unwrap();
        let (waiting, principal) = (limits.clone(), who.clone());
        let second = tokio::spawn(async move { waiting.turn(&principal, CallKind::Read, now).await.is_ok() });
        while limits.account(&who, now).queue.available_permits() > 0 {
            tokio::task::yield_now().await;
        }
        assert_eq!(limits.turn(&who, CallKind::Read, now).await.unwrap_err(), Limited::Busy);
        drop(first);
        assert!(second.await.unwrap());
    }
}
