//! Taking steps back, last first, and proving that the previous version answers.

use super::{
    drive::last_of,
    journal::{Run, Stuck},
};
use crate::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        operation::{AttemptState, Operation, OperationState, Phase},
        step::{CheckSmoke, Step, StepClass},
    },
    ledger::LedgerError,
    steps::{self, Probe},
};

/// How the summary of an operation that is being rolled back begins; behind it stands the reason.
const ROLLING_BACK: &str = "Rolling back: ";

/// Why a cancelled operation is taken back.
pub(super) const CANCELLED: &str = "it was cancelled";

/// The same, with what became of the script that was running.
pub(super) fn cancelled_and(outcome: &str) -> String {
    format!("{CANCELLED}; {}", outcome.trim_end_matches('.'))
}

/// Whether that is why an operation is taken back.
pub(super) fn is_cancellation(reason: &str) -> bool {
    reason.strip_prefix(CANCELLED).is_some_and(|rest| rest.is_empty() || rest.starts_with("; "))
}

/// Why an operation was being rolled back when its server ended.
pub(super) fn reason_of(summary: &str) -> String {
    let reason = summary.strip_prefix(ROLLING_BACK).and_then(|reason| reason.strip_suffix('.'));
    reason.unwrap_or("the rollback was interrupted").to_owned()
}

impl Run<'_> {
    /// Takes back what was done, and closes. When nothing that users see was changed there is nothing to take back.
    pub(super) async fn take_back(&self, mut operation: Operation, reason: String) -> Result<(), LedgerError> {
        let cancelled = is_cancellation(&reason);
        let journal = self.ledger.journal(&operation.id).await?;
        let steps = self.permit.plan().steps();
        let begun = |index: usize| last_of(&journal, Phase::Do, index).is_some();
        let changed = steps.iter().enumerate().any(|(index, step)| !step.only_adds() && begun(index));
        if !changed {
            let state = if cancelled { OperationState::Cancelled } else { OperationState::Failed };
            return self.close_unchanged(operation, state, &reason).await;
        }
        operation.state = OperationState::RollingBack;
        operation.decide_by = None;
        operation.summary = format!("{ROLLING_BACK}{reason}.");
        self.save(&operation).await?;
        self.live.say(format!("rolling back: {reason}"));
        // What only reads has nothing to take back.
        let taken = steps.iter().enumerate().rev().filter(|(_, step)| step.class() != StepClass::ReadOnly);
        for (index, step) in taken.filter(|(index, _)| begun(*index)) {
            operation.step = Some(format!("undo {}", step.name()));
            self.save(&operation).await?;
            if let Err(why) = self.undo_step(index, step, last_of(&journal, Phase::Undo, index).cloned()).await? {
                return self.close_rollback_failed(operation, &reason, &why).await;
            }
        }
        operation.metrics.rollbacks += 1;
        if let Err(why) = self.previous_answers().await? {
            return self.close_rollback_failed(operation, &reason, &why).await;
        }
        self.close_rolled_back(operation, &reason, cancelled).await
    }

    /// One step, back. The inner error says why it could not be taken back.
    async fn undo_step(
        &self,
        index: usize,
        step: &Step,
        last: Option<crate::domain::operation::JournalEntry>,
    ) -> Result<Result<(), String>, LedgerError> {
        let mut attempts = 0;
        if let Some(mut entry) = last {
            attempts = entry.attempt;
            match entry.state {
                AttemptState::Done => return Ok(Ok(())),
                AttemptState::Failed | AttemptState::Unknown => return Ok(Err(entry.outcome)),
                AttemptState::Intended => match steps::probe_undo(step, &self.context(index)).await {
                    Probe::NotStarted | Probe::Running => {}
                    Probe::Done(done) => {
                        self.record(&mut entry, AttemptState::Done, &done).await?;
                        return Ok(Ok(()));
                    }
                    Probe::Failed(done) | Probe::Cancelled(done) => {
                        self.record(&mut entry, AttemptState::Failed, &done).await?;
                        return Ok(Err(done.summary));
                    }
                    Probe::Unknown(done) => {
                        self.record(&mut entry, AttemptState::Unknown, &done).await?;
                        return Ok(Err(done.summary));
                    }
                },
            }
        }
        match self.attempt(Phase::Undo, index, step, attempts + 1).await {
            Ok(_) => Ok(Ok(())),
            Err(Stuck::Failed(why) | Stuck::Cancelled(why) | Stuck::Unknown(why)) => Ok(Err(why)),
            Err(Stuck::Ledger(error)) => Err(error),
        }
    }

    /// Smoke checks against the version that should be live again. Without a previous version there is nothing to ask.
    async fn previous_answers(&self) -> Result<Result<(), String>, LedgerError> {
        let body = self.permit.plan().body();
        let previous = body.rollback.as_ref().and_then(|rollback| rollback.to.as_ref());
        let checked = body.steps.iter().any(|step| matches!(step, Step::CheckSmoke(_)));
        let Some(previous) = previous.filter(|_| checked) else { return Ok(Ok(())) };
        let step = Step::CheckSmoke(CheckSmoke { version: previous.version.clone() });
        // Not a step of the plan: it has the index behind the last.
        let journal = self.ledger.journal(self.permit.operation()).await?;
        let attempts = last_of(&journal, Phase::Undo, body.steps.len()).map_or(0, |entry| entry.attempt);
        match self.attempt(Phase::Undo, body.steps.len(), &step, attempts + 1).await {
            Ok(done) => {
                let smoke = done.evidence.iter().find(|e| e.kind == EvidenceKind::Smoke);
                Ok(match smoke {
                    Some(evidence) if evidence.outcome == Outcome::Pass => Ok(()),
                    Some(evidence) if evidence.outcome == Outcome::Fail => {
                        Err(format!("the previous version does not answer: {}", evidence.summary))
                    }
                    Some(evidence) => {
                        Err(format!("it cannot be told whether the previous version answers: {}", evidence.summary))
                    }
                    None => Err("the previous version was not checked".to_owned()),
                })
            }
            Err(Stuck::Failed(why) | Stuck::Cancelled(why) | Stuck::Unknown(why)) => Ok(Err(why)),
            Err(Stuck::Ledger(error)) => Err(error),
        }
    }
}
