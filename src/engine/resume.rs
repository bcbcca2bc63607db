//! Going on with what a process left behind: another one that ended, or this one while the ledger was away.

use std::{sync::Arc, time::Duration};

use tokio::time::{Instant, sleep};

use super::{Engine, drive::LEASE_S};
use crate::{
    domain::{
        operation::{Operation, OperationId, OperationKind, OperationState},
        principal::Principal,
        time::Time,
    },
    ledger::{Interrupted, Ledger, LedgerError, Loss},
    policy::{self, Permit},
    world::instance::{self, Fate},
};

/// How often servers that share a ledger look after each other.
const WATCH: Duration = Duration::from_secs(5);
/// How long a dry run of another machine is left alone; it holds no lock that would tell.
const DRY_RUN_S: i64 = 3600;
/// How often an operation that the ledger stopped tries to go on, and for how long.
const AGAIN: Duration = Duration::from_millis(500);
const GIVE_UP: Duration = Duration::from_mins(10);

impl Engine {
    /// Takes over every operation whose server is gone. A failure is logged and leaves the operation for the next time.
    pub(super) async fn resume(&self, ledger: &Ledger) {
        match self.orphans(ledger).await {
            Ok(found) => {
                for (loss, operation) in found {
                    let id = operation.id.clone();
                    match self.resume_one(ledger, operation, loss).await {
                        Ok(()) => {}
                        Err(LedgerError::Fenced) => tracing::info!(operation = %id, "another server goes on with it"),
                        Err(error) => tracing::error!(operation = %id, "cannot resume: {error}"),
                    }
                }
            }
            Err(error) => tracing::error!("cannot look for interrupted operations: {error}"),
        }
    }

    /// Looks again and again, for as long as there is an engine: for servers of other machines that are gone, and for a HALT file
    /// of this one, which the other machines cannot see.
    pub(super) fn watch(&self, ledger: &Ledger) {
        let (engine, ledger) = (Arc::downgrade(&self.0), ledger.clone());
        tokio::spawn(async move {
            loop {
                sleep(WATCH).await;
                let Some(inner) = engine.upgrade() else { return };
                let engine = Engine(inner);
                engine.resume(&ledger).await;
                if let Err(error) = engine.spread_halt(&ledger).await {
                    tracing::warn!("cannot tell the other servers of the HALT file: {error}");
                }
            }
        });
    }

    async fn spread_halt(&self, ledger: &Ledger) -> Result<(), LedgerError> {
        if self.world().reader().halt_file_exists() && ledger.halted().await?.is_none() {
            let reason = self.redactor().text("there is a HALT file in the data directory of a server");
            ledger.halt(&Principal::server(), &reason, self.world().now()).await?;
        }
        Ok(())
    }

    /// The operations that nobody runs any more, and why that is known.
    async fn orphans(&self, ledger: &Ledger) -> Result<Vec<(Loss, Operation)>, LedgerError> {
        let found = ledger.interrupted().await?;
        if found.is_empty() {
            return Ok(Vec::new());
        }
        let now = ledger.present(self.world().now()).await?;
        let lost = |one: Interrupted| Some((loss(&one, ledger.is_shared(), now)?, one.operation));
        Ok(found.into_iter().filter_map(lost).collect())
    }

    async fn resume_one(&self, ledger: &Ledger, mut operation: Operation, loss: Loss) -> Result<(), LedgerError> {
        if matches!(operation.kind, OperationKind::DryRun | OperationKind::Check) {
            let now = self.world().now();
            operation.state = OperationState::Failed;
            operation.finished_at = Some(now);
            operation.step = None;
            operation.summary = "The server ended on the way; nothing was changed. Call the tool again.".to_owned();
            return ledger.finish(&operation, &[], now).await;
        }
        let (permit, operation) = self.take_up(ledger, operation, loss).await?;
        tracing::warn!(operation = %operation.id, "resuming");
        self.spawn(ledger.clone(), permit, operation);
        Ok(())
    }

    /// The right to go on with an operation, under a new fence.
    async fn take_up(
        &self,
        ledger: &Ledger,
        mut operation: Operation,
        loss: Loss,
    ) -> Result<(Permit, Operation), LedgerError> {
        let corrupt = LedgerError::Corrupt { what: "plan of an operation" };
        let Some(plan_id) = operation.plan.clone() else { return Err(corrupt) };
        let Some(stored) = ledger.plan(&plan_id).await? else { return Err(corrupt) };
        let resource = stored.plan.resource();
        let fence = ledger.take_over(&resource, &operation, loss, self.world().now(), LEASE_S).await?;
        let Ok(permit) = policy::readmit(stored.plan, &operation, fence) else { return Err(corrupt) };
        operation.fence = fence;
        Ok((permit, operation))
    }

    /// Goes on with an operation of this process that an outage of the ledger stopped, as after a crash, once the ledger is back.
    /// `None` when it has ended, or is somebody else's by then.
    pub(super) async fn regain(&self, ledger: &Ledger, id: &OperationId) -> Option<(Permit, Operation)> {
        let begun = Instant::now();
        while begun.elapsed() < GIVE_UP {
            sleep(AGAIN).await;
            let taken = match ledger.operation(id).await {
                Ok(Some(operation)) if !operation.state.is_terminal() => {
                    self.take_up(ledger, operation, Loss::LetGo).await
                }
                Ok(_) => return None,
                Err(error) => Err(error),
            };
            match taken {
                Ok(taken) => {
                    tracing::warn!(operation = %id, "the ledger is back: going on");
                    return Some(taken);
                }
                Err(error) if error.is_outage() => {}
                Err(error) => {
                    tracing::error!(operation = %id, "cannot go on: {error}");
                    return None;
                }
            }
        }
        None
    }
}

/// Whether an operation of another instance is lost, and why. On one machine its process tells. Where machines share a ledger, one
/// that cannot be seen from here has the time of its lease, and so has one that is seen and does nothing.
fn loss(one: &Interrupted, shared: bool, now: Time) -> Option<Loss> {
    let until = one.lease_until.unwrap_or_else(|| one.operation.started_at.plus_s(DRY_RUN_S));
    match instance::fate(one.by.as_str()) {
        Fate::Ended => Some(Loss::Ended),
        Fate::Elsewhere if !shared => Some(Loss::Ended),
        Fate::Running | Fate::Elsewhere => (shared && now >= until).then_some(Loss::LeaseOver),
    }
}
