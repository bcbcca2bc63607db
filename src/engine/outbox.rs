//! What telling GitHub and telling channels have in common: the ledger is the outbox, and somebody looks into it for as long as there is
//! an engine.

use std::{
    future::Future,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::Value;
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::Engine;
use crate::{
    domain::{operation::Operation, principal::Principal},
    ledger::{Ledger, LedgerError},
};

/// How old an operation may be about which something is still owed, s.
pub(super) const OWED_S: i64 = 7 * 24 * 60 * 60;
/// How often is looked for what other servers left owed.
pub(super) const IDLE: Duration = Duration::from_secs(30);
/// How long after a halt, a lock that is held, or a ledger that does not answer, is looked again.
pub(super) const SOON: Duration = Duration::from_secs(1);
/// How long the end of this process waits for the last words.
const LAST_WORDS: Duration = Duration::from_secs(10);

/// The one who looks.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    news: Arc<Notify>,
    keeps: AtomicBool,
}

impl Keeper {
    /// Something happened that may have to be told. Never waits.
    pub(super) fn news(&self) {
        self.news.notify_one();
    }

    /// Makes passes over what is owed, again and again: after as long as the last one said, and when there is news. Once is enough.
    pub(super) fn keep(&self, engine: &Engine, pass: impl Fn(Engine) -> BoxFuture<'static, Duration> + Send + 'static) {
        if self.keeps.swap(true, Ordering::SeqCst) {
            return;
        }
        let (engine, news) = (Arc::downgrade(&engine.0), self.news.clone());
        tokio::spawn(async move {
            loop {
                let Some(inner) = engine.upgrade() else { return };
                let wait = pass(Engine(inner)).await;
                tokio::select! {
                    () = sleep(wait) => {}
                    () = news.notified() => {}
                }
            }
        });
    }
}

/// One more pass before this process ends, for a while.
pub(super) async fn last_words(pass: impl Future<Output = Duration>) {
    let _ = timeout(LAST_WORDS, pass).await;
}

/// How long somebody is left alone who did not answer that many times in a row: 1 s, 2 s, … 10 min.
pub(super) fn rest_while_away(times: u32) -> Duration {
    Duration::from_secs(1 << times.saturating_sub(1).min(10)).min(Duration::from_mins(10))
}

impl Engine {
    /// An entry of the ledger about an operation, redacted.
    pub(super) async fn note(
        &self,
        ledger: &Ledger,
        kind: &str,
        operation: &Operation,
        what: Value,
    ) -> Result<(), LedgerError> {
        let body = self.redactor().json(what);
        ledger.note(kind, Some(&operation.id), &Principal::server(), body, self.world().now()).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_is_away_is_left_alone_for_longer_and_longer() {
        let away: Vec<u64> = [1, 2, 3, 10, 99].map(|times| rest_while_away(times).as_secs()).to_vec();
        assert_eq!(away, [1, 2, 4, 512, 600]);
    }
}
