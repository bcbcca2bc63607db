//! Running the steps of a plan, from the first or from where a crash left them.

use std::time::Duration;

use futures::{FutureExt, StreamExt, stream};

use super::{
    Engine,
    decide::Decided,
    journal::{Run, Stuck},
    live::Live,
    unwind::{CANCELLED, cancelled_and},
};
use crate::{
    domain::{
        effect::Effect,
        inventory::Event,
        operation::{AttemptState, JournalEntry, Operation, OperationState, Phase},
        step::{Step, StepClass},
        verdict::Judgement,
    },
    ledger::{Ledger, LedgerError},
    policy::{self, Permit},
    steps::{self, Probe},
};

/// How long a lock is held without being renewed, s.
pub(super) const LEASE_S: u32 = 60;
/// How often it is renewed, s.
const RENEW_S: u64 = 15;
/// How often a parked operation looks whether it may go on.
const PARKED: Duration = Duration::from_millis(500);

/// How many snapshots are taken at a time: each keeps a core busy, and a server under load has others to serve.
const SIDE_BY_SIDE: usize = 2;

/// Why the steps stopped.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Stop {
    /// All are done.
    Done,
    /// A step failed, or what must hold before the first change does not.
    Failed(String),
    /// Somebody asked for the end; why it is taken back.
    Cancelled(String),
    /// It cannot be told whether the step at that index took effect.
    Unknown(usize, String),
}

impl Engine {
    /// Runs an operation in the background, to its end.
    pub(super) fn spawn(&self, ledger: Ledger, permit: Permit, operation: Operation) -> Live {
        let live = self.0.live.add(&operation.id, operation.state);
        let (engine, handle) = (self.clone(), live.clone());
        tokio::spawn(async move {
            let id = operation.id.clone();
            let mut next = Some((permit, operation));
            while let Some((permit, operation)) = next {
                next = engine.drive(&ledger, &handle, &permit, operation).await;
            }
            engine.tell_end(&ledger, &id);
            handle.set(OperationState::Failed);
            engine.0.live.remove(&id);
        });
        live
    }

    /// Runs an operation to its end, or to where the ledger stops it. Then nothing may be touched any more: the journal tells where
    /// to go on, which is the return value once the ledger is back.
    async fn drive(
        &self,
        ledger: &Ledger,
        live: &Live,
        permit: &Permit,
        operation: Operation,
    ) -> Option<(Permit, Operation)> {
        let id = permit.operation();
        let renewing = tokio::spawn(renew(self.clone(), ledger.clone(), permit.plan().resource(), permit.fence()));
        let stopped = Run { engine: self, ledger, permit, live }.drive(operation).await;
        renewing.abort();
        let error = stopped.err()?;
        tracing::error!(operation = %id, "stopped at a safe point: {error}");
        if error.is_outage() { self.regain(ledger, id).await } else { None }
    }
}

/// Keeps the lock while the operation runs. Losing it is noticed by the next journal write, which carries the fence.
pub(super) async fn renew(engine: Engine, ledger: Ledger, resource: String, fence: i64) {
    loop {
        tokio::time::sleep(Duration::from_secs(RENEW_S)).await;
        if let Err(error) = ledger.renew(&resource, fence, engine.world().now(), LEASE_S).await {
            tracing::warn!(%resource, "cannot renew the lock: {error}");
        }
    }
}

impl Run<'_> {
    /// Runs, judges, takes back if need be, and closes. Returns an error only when the ledger stops us.
    async fn drive(&self, mut operation: Operation) -> Result<(), LedgerError> {
        self.engine.owe(self.ledger, &operation).await?;
        let mut stop = match operation.state {
            OperationState::RollingBack => Stop::Failed(super::unwind::reason_of(&operation.summary)),
            OperationState::AwaitingDecision => Stop::Done,
            _ => {
                self.tell_channels(&operation, Event::Started).await?;
                self.steps(&mut operation).await?
            }
        };
        loop {
            match stop {
                Stop::Done => {
                    let verdict = self.judge(&operation).await?;
                    operation.verdict = verdict.clone();
                    self.measure(&mut operation).await?;
                    let reason = match verdict.as_ref().map(|v| v.judgement) {
                        None | Some(Judgement::Success) => return self.close_success(operation).await,
                        Some(Judgement::Failed) => {
                            operation.metrics.failures += verdict.map_or(0, |verdict| verdict.not_met());
                            "the verdict is FAILED".to_owned()
                        }
                        Some(Judgement::Degraded | Judgement::Inconclusive) => {
                            match self.await_decision(&mut operation).await? {
                                Decided::Accept => return self.close_accepted(operation).await,
                                Decided::RollBack(why) => why,
                            }
                        }
                    };
                    return self.take_back(operation, reason).await;
                }
                Stop::Failed(reason) | Stop::Cancelled(reason) => return self.take_back(operation, reason).await,
                Stop::Unknown(index, why) => {
                    match self.await_certainty(&mut operation, index, &why).await? {
                        // A human says that it is done, or a new probe found out: go on behind it.
                        None => stop = self.steps(&mut operation).await?,
                        Some(why) => return self.take_back(operation, why).await,
                    }
                }
            }
        }
    }

    /// Runs every step that has no outcome yet: one after the other, snapshots that follow each other side by side.
    pub(super) async fn steps(&self, operation: &mut Operation) -> Result<Stop, LedgerError> {
        let journal = self.ledger.journal(&operation.id).await?;
        let steps: Vec<(usize, &Step)> = self.permit.plan().steps().iter().enumerate().collect();
        for stage in steps.chunk_by(|(_, a), (_, b)| a.is_snapshot() && b.is_snapshot()) {
            let open = stage.iter().filter(|(index, _)| {
                last_of(&journal, Phase::Do, *index).is_none_or(|entry| entry.state != AttemptState::Done)
            });
            let open: Vec<(usize, &Step)> = open.copied().collect();
            let Some(&(first, step)) = open.first() else { continue };
            // A script that was begun and may still run comes to its outcome first; where it may be ended, it is.
            let under_way = self.is_under_way(first, step, last_of(&journal, Phase::Do, first)).await;
            if let Some(stop) = self.safe_point(operation).await?.filter(|_| !under_way) {
                return Ok(stop);
            }
            // What failed already goes back at once: no further look could make it good.
            if step.is_long_look() && self.has_failed(operation).await? {
                return Ok(Stop::Done);
            }
            operation.step = Some(step.name().to_owned());
            self.save(operation).await?;
            if !under_way && let Some(stop) = self.before_change(first, step).await? {
                return Ok(stop);
            }
            let mut running = Vec::new();
            for (index, step) in open {
                running.push(self.go_on(index, step, last_of(&journal, Phase::Do, index)).boxed());
            }
            // All have ended when one of them stops the operation: nothing goes on behind its back.
            for stop in stream::iter(running).buffered(SIDE_BY_SIDE).collect::<Vec<_>>().await {
                if let Some(stop) = stop? {
                    operation.metrics.failures += u64::from(!matches!(stop, Stop::Cancelled(_)));
                    return Ok(stop);
                }
            }
        }
        Ok(Stop::Done)
    }

    /// Whether what was seen so far is a failure.
    async fn has_failed(&self, operation: &Operation) -> Result<bool, LedgerError> {
        let verdict = self.judge(operation).await?;
        Ok(verdict.is_some_and(|verdict| verdict.judgement == Judgement::Failed))
    }

    /// Brings one step to its outcome, from where the journal says that it stands.
    async fn go_on(&self, index: usize, step: &Step, last: Option<&JournalEntry>) -> Result<Option<Stop>, LedgerError> {
        match last {
            Some(entry) if entry.state == AttemptState::Intended => self.after_crash(index, step, entry.clone()).await,
            Some(entry) if entry.state == AttemptState::Failed && step.class() == StepClass::AtMostOnce => {
                Ok(Some(Stop::Failed(entry.outcome.clone())))
            }
            Some(entry) if entry.state == AttemptState::Unknown => {
                Ok(Some(Stop::Unknown(index, entry.outcome.clone())))
            }
            other => self.do_step(index, step, other.map_or(0, |entry| entry.attempt)).await,
        }
    }

    /// Attempts a step; what is idempotent gets a second chance.
    async fn do_step(&self, index: usize, step: &Step, attempts: u32) -> Result<Option<Stop>, LedgerError> {
        let chances = if step.class() == StepClass::Idempotent { 2 } else { 1 };
        let mut reason = String::new();
        for chance in 1..=chances {
            match self.attempt(Phase::Do, index, step, attempts + chance).await {
                Ok(_) => return Ok(None),
                Err(Stuck::Failed(why)) => reason = why,
                Err(Stuck::Cancelled(why)) => return Ok(Some(Stop::Cancelled(cancelled_and(&why)))),
                Err(Stuck::Unknown(why)) => return Ok(Some(Stop::Unknown(index, why))),
                Err(Stuck::Ledger(error)) => return Err(error),
            }
        }
        Ok(Some(Stop::Failed(reason)))
    }

    /// A step with an intent and no outcome: ask the world, then go on.
    async fn after_crash(
        &self,
        index: usize,
        step: &Step,
        mut entry: JournalEntry,
    ) -> Result<Option<Stop>, LedgerError> {
        match steps::probe(step, &self.context(index)).await {
            Probe::NotStarted | Probe::Running => self.do_step(index, step, entry.attempt).await,
            Probe::Done(done) => Ok(self.record(&mut entry, AttemptState::Done, &done).await?.map(Stop::Failed)),
            Probe::Failed(done) => {
                self.record(&mut entry, AttemptState::Failed, &done).await?;
                Ok(Some(Stop::Failed(done.summary)))
            }
            Probe::Cancelled(done) => {
                self.record(&mut entry, AttemptState::Failed, &done).await?;
                Ok(Some(Stop::Cancelled(cancelled_and(&done.summary))))
            }
            Probe::Unknown(done) => {
                self.record(&mut entry, AttemptState::Unknown, &done).await?;
                Ok(Some(Stop::Unknown(index, done.summary)))
            }
        }
    }

    /// Whether a script has begun and is not known to have ended. Taking it back would find it running.
    async fn is_under_way(&self, index: usize, step: &Step, last: Option<&JournalEntry>) -> bool {
        match (step, last.map(|entry| entry.state)) {
            (Step::RunScript(_), Some(AttemptState::Intended)) => {
                steps::probe(step, &self.context(index)).await != Probe::NotStarted
            }
            (Step::RunScript(_), Some(AttemptState::Unknown)) => true,
            _ => false,
        }
    }

    /// Before the first step that changes something, the snapshots have to be verified and fresh.
    async fn before_change(&self, index: usize, step: &Step) -> Result<Option<Stop>, LedgerError> {
        if step.only_adds() || step.effect() == Effect::Observe || !policy::unchanged_before(self.permit.plan(), index)
        {
            return Ok(None);
        }
        let mut evidence = self.ledger.evidence(self.permit.operation()).await?;
        evidence.extend(self.ledger.plan_evidence(self.permit.plan().id()).await?);
        let engine = self.engine;
        match policy::before_change(self.permit, engine.settings(), &evidence, engine.world().now()) {
            Ok(()) => Ok(None),
            Err(refusal) => Ok(Some(Stop::Failed(refusal.to_string()))),
        }
    }

    /// Between two steps: is it cancelled, or has the operator halted everything? A halted operation is parked here.
    async fn safe_point(&self, operation: &mut Operation) -> Result<Option<Stop>, LedgerError> {
        loop {
            if self.ledger.cancel_requested(&operation.id).await? {
                return Ok(Some(Stop::Cancelled(CANCELLED.to_owned())));
            }
            if self.ledger.halted().await?.is_none() && !self.engine.world().reader().halt_file_exists() {
                return Ok(None);
            }
            if operation.step.as_deref() != Some("parked") {
                operation.step = Some("parked".to_owned());
                self.save(operation).await?;
                self.live.say("parked: the operator has halted all changes".to_owned());
            }
            tokio::time::sleep(PARKED).await;
        }
    }
}

/// The last journal entry about a step.
pub(super) fn last_of(journal: &[JournalEntry], phase: Phase, index: usize) -> Option<&JournalEntry> {
    journal.iter().rev().find(|entry| entry.phase == phase && usize::try_from(entry.index) == Ok(index))
}
