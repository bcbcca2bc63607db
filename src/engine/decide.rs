//! Waiting for a human: after a result between success and failure, and when nobody can tell what happened.

use std::time::Duration;

use super::{journal::Run, unwind::cancelled_and};
use crate::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        inventory::Event,
        operation::{AttemptState, Operation, OperationState, Phase},
        plan::DatabaseStrategy,
        step::{CheckSmoke, Step},
    },
    ledger::{HumanDecision, LedgerError},
    steps::{self, Done, Probe},
};

/// How often the ledger is asked whether a human has decided.
const ASK: Duration = Duration::from_millis(300);

/// What was decided about a result between success and failure.
pub(super) enum Decided {
    /// It stays.
    Accept,
    /// It goes, and why.
    RollBack(String),
}

impl Run<'_> {
    /// DEGRADED or INCONCLUSIVE: a human decides before the deadline, then it is rolled back. The deadline survives a restart.
    pub(super) async fn await_decision(&self, operation: &mut Operation) -> Result<Decided, LedgerError> {
        let engine = self.engine;
        let deadline = *operation
            .decide_by
            .get_or_insert_with(|| engine.world().now().plus_s(i64::from(engine.settings().decision_s)));
        let judgement = operation.verdict.as_ref().map(|v| v.judgement);
        operation.state = OperationState::AwaitingDecision;
        operation.step = None;
        operation.summary =
            format!("The verdict is {judgement:?}. A human decides with `deploy-ops decide {}`.", operation.id);
        self.save(operation).await?;
        self.tell_channels(operation, Event::Attention).await?;
        loop {
            match self.ledger.decision(&operation.id).await? {
                Some(HumanDecision::Accept) => return Ok(Decided::Accept),
                Some(HumanDecision::RollBack) => return Ok(Decided::RollBack("a human decided so".to_owned())),
                Some(HumanDecision::ProbeAgain | HumanDecision::MarkDone) | None => {}
            }
            if self.ledger.cancel_requested(&operation.id).await? {
                return Ok(Decided::RollBack("it was cancelled while a decision was due".to_owned()));
            }
            if engine.world().now() >= deadline {
                return Ok(Decided::RollBack(format!("nobody decided until {deadline}")));
            }
            tokio::time::sleep(ASK).await;
        }
    }

    /// INDETERMINATE: alarm, look from outside, then the policy or a human decides. `None` means go on behind the step.
    pub(super) async fn await_certainty(
        &self,
        operation: &mut Operation,
        index: usize,
        why: &str,
    ) -> Result<Option<String>, LedgerError> {
        let engine = self.engine;
        tracing::error!(operation = %operation.id, "INDETERMINATE: {why}");
        operation.state = OperationState::Indeterminate;
        operation.summary = format!(
            "It cannot be proven whether step {} took effect: {why} A human decides with `deploy-ops decide {}`.",
            operation.step.as_deref().unwrap_or("?"),
            operation.id
        );
        self.save(operation).await?;
        let alarm = engine.0.redactor.json(serde_json::json!({ "alarm": "INDETERMINATE", "why": why }));
        self.ledger.note("alarm", Some(&operation.id), &operation.requester, alarm, engine.world().now()).await?;
        self.tell_channels(operation, Event::Attention).await?;
        if self.is_down(index).await && !self.loses_data() {
            return Ok(Some(format!("{why}, and the service does not answer")));
        }
        let Some(step) = self.permit.plan().steps().get(index) else { return Ok(Some(why.to_owned())) };
        loop {
            let decision = self.ledger.decision(&operation.id).await?;
            let settled = match decision {
                Some(HumanDecision::RollBack) => return Ok(Some("a human decided so".to_owned())),
                Some(HumanDecision::MarkDone | HumanDecision::Accept) => {
                    Some(Done::new("a human says that it is done"))
                }
                Some(HumanDecision::ProbeAgain) => match steps::probe(step, &self.context(index)).await {
                    Probe::Done(done) => Some(done),
                    Probe::Failed(done) => return Ok(Some(done.summary)),
                    Probe::Cancelled(done) => return Ok(Some(cancelled_and(&done.summary))),
                    Probe::NotStarted | Probe::Running | Probe::Unknown(_) => None,
                },
                None => None,
            };
            if let Some(done) = settled {
                let journal = self.ledger.journal(&operation.id).await?;
                if let Some(entry) = super::drive::last_of(&journal, Phase::Do, index)
                    && let Some(why) = self.record(&mut entry.clone(), AttemptState::Done, &done).await?
                {
                    return Ok(Some(why));
                }
                operation.state = OperationState::Running;
                self.save(operation).await?;
                return Ok(None);
            }
            tokio::time::sleep(ASK).await;
        }
    }

    /// Whether smoke checks fail now. Only looks.
    async fn is_down(&self, index: usize) -> bool {
        let body = self.permit.plan().body();
        let Some(revision) = body.revision.as_ref() else { return false };
        let step = Step::CheckSmoke(CheckSmoke { version: revision.version.clone() });
        match steps::run(&step, &self.context(index)).await {
            Ok(done) => done.evidence.iter().any(|e| e.kind == EvidenceKind::Smoke && e.outcome == Outcome::Fail),
            Err(_) => false,
        }
    }

    fn loses_data(&self) -> bool {
        let rollback = self.permit.plan().body().rollback.as_ref();
        rollback.is_some_and(|rollback| matches!(rollback.database, DatabaseStrategy::Restore { .. }))
    }
}
