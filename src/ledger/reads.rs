//! Calls that only read, counted and recorded in batches, and free entries.
//!
//! A call costs one short lock and a lookup; a background task writes one entry for everything since the last. What has not been
//! written when the process is killed is lost: at most what happened in 200 ms. Nothing that changes something is recorded here.

use std::{
    collections::HashMap,
    mem,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::{Value, json};
use tokio::{sync::Notify, time::sleep};

use super::{Ledger, change::Note, error::LedgerError};
use crate::{
    domain::{operation::OperationId, principal::Principal, refusal::Code, time::Time},
    redact::Redacted,
};

/// How often a batch is written.
const EVERY: Duration = Duration::from_millis(200);
/// Different callers that one batch tells apart; calls of more are only counted.
const CALLERS: usize = 4096;

/// What waits to be recorded.
#[derive(Debug, Default)]
pub(super) struct Reads {
    waiting: Mutex<Batch>,
    arrived: Arc<Notify>,
}

#[derive(Debug, Default)]
struct Batch {
    callers: HashMap<Principal, HashMap<(&'static str, Option<Code>), Calls>>,
    /// Calls of callers beyond [`CALLERS`].
    unattributed: u64,
}

#[derive(Debug, Clone, Copy)]
struct Calls {
    count: u64,
    first: Time,
    last: Time,
}

impl Ledger {
    /// Counts a call of a tool that only reads. Never waits for the disk.
    pub fn read_happened(&self, tool: &'static str, principal: &Principal, refused: Option<Code>, now: Time) {
        let reads = &self.inner.reads;
        let first = {
            let mut batch = reads.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            let first = batch.is_empty();
            batch.add(tool, principal, refused, Calls { count: 1, first: now, last: now });
            first
        };
        if first {
            reads.arrived.notify_one();
        }
    }

    /// Writes what waits. When that fails it goes on waiting.
    pub async fn flush(&self) {
        let batch = mem::take(&mut *self.inner.reads.waiting.lock().unwrap_or_else(PoisonError::into_inner));
        let Some(last) = batch.last() else { return };
        if let Err(error) = self.write_batch(&batch, last).await {
            tracing::warn!(%error, "calls that only read wait to be recorded");
            let mut waiting = self.inner.reads.waiting.lock().unwrap_or_else(PoisonError::into_inner);
            waiting.unattributed = waiting.unattributed.saturating_add(batch.unattributed);
            for (principal, calls) in &batch.callers {
                for ((tool, refused), calls) in calls {
                    waiting.add(tool, principal, *refused, *calls);
                }
            }
        }
    }

    async fn write_batch(&self, batch: &Batch, last: Time) -> Result<(), LedgerError> {
        let note =
            Note { kind: "reads", operation: None, actor: &Principal::server(), at: Some(last), what: batch.to_json() };
        self.change("calls that only read").await?.commit(&[], note).await.map(drop)
    }

    /// Starts the task that writes batches. It ends with the last clone of the ledger.
    pub(super) fn start_recording_reads(&self) {
        let ledger = Arc::downgrade(&self.inner);
        let arrived = Arc::clone(&self.inner.reads.arrived);
        tokio::spawn(async move {
            loop {
                arrived.notified().await;
                sleep(EVERY).await;
                let Some(inner) = ledger.upgrade() else { return };
                let ledger = Ledger { inner };
                ledger.flush().await;
                // After a failure something waits although nothing new arrives.
                if !ledger.inner.reads.waiting.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                    arrived.notify_one();
                }
            }
        });
    }

    /// Records something that is not a change of state: an incident, a refusal, a denial, what was redacted.
    pub async fn note(
        &self,
        kind: &str,
        operation: Option<&OperationId>,
        principal: &Principal,
        body: Redacted<Value>,
        now: Time,
    ) -> Result<(), LedgerError> {
        let note = Note { kind, operation, actor: principal, at: Some(now), what: body.into_inner() };
        self.change("note").await?.commit(&[], note).await.map(drop)
    }
}

impl Drop for Reads {
    fn drop(&mut self) {
        // Wakes the task, so that it sees that nobody is left.
        self.arrived.notify_one();
    }
}

impl Batch {
    fn is_empty(&self) -> bool {
        self.callers.is_empty() && self.unattributed == 0
    }

    fn add(&mut self, tool: &'static str, principal: &Principal, refused: Option<Code>, calls: Calls) {
        let full = self.callers.len() >= CALLERS;
        let known = match self.callers.get_mut(principal) {
            Some(known) => known,
            None if full => {
                self.unattributed = self.unattributed.saturating_add(calls.count);
                return;
            }
            None => self.callers.entry(principal.clone()).or_default(),
        };
        known
            .entry((tool, refused))
            .and_modify(|sum| {
                sum.count = sum.count.saturating_add(calls.count);
                sum.first = sum.first.min(calls.first);
                sum.last = sum.last.max(calls.last);
            })
            .or_insert(calls);
    }

    /// When the last call happened; `None` when there was none.
    fn last(&self) -> Option<Time> {
        self.callers.values().flat_map(HashMap::values).map(|calls| calls.last).max()
    }

    fn to_json(&self) -> Value {
        let mut calls: Vec<_> = self
            .callers
            .iter()
            .flat_map(|(principal, calls)| {
                calls.iter().map(move |((tool, refused), sum)| (principal, tool, refused, sum))
            })
            .collect();
        calls.sort_by_key(|(principal, tool, refused, sum)| (sum.first, *principal, **tool, **refused));
        let calls: Vec<Value> = calls
            .into_iter()
            .map(|(principal, tool, refused, sum)| {
                json!({
                    "principal": principal, "tool": tool, "refused": refused, "count": sum.count, "first": sum.first, "last": sum.last,
                })
            })
            .collect();
        json!({ "calls": calls, "unattributed": self.unattributed })
    }
}
