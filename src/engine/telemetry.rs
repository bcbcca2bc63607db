//! Numbers and traces for the systems that watch this server. What they do with them never holds an operation up.

use std::{collections::BTreeSet, sync::Arc};

use tokio::sync::{Mutex, Semaphore};

use super::Engine;
use crate::{
    domain::{
        operation::{OperationFilter, OperationId, OperationState},
        refusal::Refusal,
        telemetry::{
            spans,
            tally::{Now, Tally},
        },
    },
    ledger::{Ledger, LedgerError},
    redact::Redacted,
};

/// How many traces are on their way at most; further ones are dropped.
const UNDER_WAY: u32 = 16;
/// How many operations are read at a time.
const PAGE: u32 = 500;
/// Attempts to hand over a trace.
const ATTEMPTS: u32 = 3;

/// What is kept to tell the numbers without reading every operation each time.
#[derive(Debug)]
pub(super) struct Telemetry {
    counted: Mutex<Counted>,
    under_way: Arc<Semaphore>,
}

#[derive(Debug, Default)]
struct Counted {
    tally: Tally,
    /// The last entry of the ledger whose operation is counted.
    entry: i64,
    /// Operations whose row may be written again after their end: when a human clears a freeze.
    frozen: BTreeSet<OperationId>,
}

impl Default for Telemetry {
    fn default() -> Self {
        Self { counted: Mutex::default(), under_way: Arc::new(Semaphore::new(UNDER_WAY as usize)) }
    }
}

impl Engine {
    /// The metrics as Prometheus text.
    pub async fn metrics(&self) -> Result<Redacted<String>, Refusal> {
        let ledger = self.ledger().await?;
        let filter = OperationFilter { open_only: true, limit: PAGE, ..OperationFilter::default() };
        let open = ledger.operations(&filter).await?;
        let waits = |state| matches!(state, OperationState::AwaitingDecision | OperationState::Indeterminate);
        let count = |count: usize| u64::try_from(count).unwrap_or(u64::MAX);
        let now = Now {
            open: count(open.len()),
            waiting: count(open.iter().filter(|operation| waits(operation.state)).count()),
            halted: self.halted(ledger).await?.is_some(),
            entries: ledger.head().await?.seq.unsigned_abs(),
            masked: self.redactor().hits().total,
        };
        let mut counted = self.0.telemetry.counted.lock().await;
        counted.read_on(ledger).await?;
        Ok(self.redactor().text(&counted.tally.text(now, env!("CARGO_PKG_VERSION"))))
    }

    /// Writes the metrics to their file, when there is one.
    pub async fn write_metrics(&self) {
        if self.inventory().telemetry.metrics_file.is_none() {
            return;
        }
        let written = match self.metrics().await {
            Ok(text) => self.world().write_metrics(&text).await.map_err(Refusal::from),
            Err(refusal) => Err(refusal),
        };
        if let Err(refusal) = written {
            tracing::warn!("the metrics were not written: {refusal}");
        }
    }

    /// Tells of an operation that has ended, beside whatever goes on.
    pub(super) fn tell_end(&self, ledger: &Ledger, id: &OperationId) {
        let telemetry = &self.inventory().telemetry;
        if telemetry.traces.is_none() && telemetry.metrics_file.is_none() {
            return;
        }
        let Ok(turn) = self.0.telemetry.under_way.clone().try_acquire_owned() else {
            tracing::warn!(operation = %id, "its trace was dropped: too many are on their way");
            return;
        };
        let (engine, ledger, id) = (self.clone(), ledger.clone(), id.clone());
        tokio::spawn(async move {
            if let Err(error) = engine.send_trace(&ledger, &id).await {
                tracing::warn!(operation = %id, "its trace was not sent: {error}");
            }
            engine.write_metrics().await;
            drop(turn);
        });
    }

    async fn send_trace(&self, ledger: &Ledger, id: &OperationId) -> Result<(), Refusal> {
        if self.inventory().telemetry.traces.is_none() {
            return Ok(());
        }
        let Some(operation) = ledger.operation(id).await? else { return Ok(()) };
        let journal = ledger.journal(id).await?;
        let trace = self.redactor().json(spans::trace(&operation, &journal, env!("CARGO_PKG_VERSION")));
        let mut attempt = 1;
        loop {
            match self.world().send_trace(&trace).await {
                Err(_) if attempt < ATTEMPTS => attempt += 1,
                sent => return Ok(sent?),
            }
        }
    }

    /// Waits until every trace has gone or was given up.
    pub(super) async fn traces_gone(&self) {
        // The semaphore is never closed.
        let _ = self.0.telemetry.under_way.acquire_many(UNDER_WAY).await;
    }
}

impl Counted {
    /// Counts what has ended since.
    async fn read_on(&mut self, ledger: &Ledger) -> Result<(), LedgerError> {
        loop {
            let ended = ledger.ended_since(self.entry, PAGE).await?;
            let Some((last, _)) = ended.last() else { return Ok(()) };
            self.entry = *last;
            for (_, operation) in &ended {
                if operation.state.freezes() && !self.frozen.insert(operation.id.clone()) {
                    continue;
                }
                self.tally.add(operation);
            }
        }
    }
}
