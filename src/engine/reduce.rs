//! Less to store, when the ledger refuses what was to be stored: a word, a name or a number in it is the value of a secret, so that it
//! could not be read back. An operation must come to its end nevertheless.

use super::journal::Run;
use crate::{
    domain::{
        evidence::Evidence,
        operation::{AttemptState, JournalEntry, Metrics, Operation, Phase},
        release::Deployment,
        time::Time,
    },
    ledger::LedgerError,
};

/// What stands for a text that cannot be stored.
const WITHHELD: &str = "What came of it is not stored: something in it is the value of a secret.";
/// What stands for evidence that cannot be stored.
const UNJUDGED: &str =
    "What was observed cannot be stored, because something in it is the value of a secret: it does not count.";

impl Run<'_> {
    /// Stores an outcome, or less of it. Says why the step does not count, when it does not: nobody can judge evidence that is not stored.
    pub(super) async fn store_outcome(
        &self,
        entry: &mut JournalEntry,
        evidence: &[Evidence],
    ) -> Result<Option<String>, LedgerError> {
        let fence = self.permit.fence();
        match self.ledger.outcome(entry, evidence, fence).await {
            Err(error) if error.is_refusal() => {
                tracing::error!(step = entry.step, "an outcome is stored in part: {error}");
            }
            other => return other.map(|()| None),
        }
        WITHHELD.clone_into(&mut entry.outcome);
        match self.ledger.outcome(entry, evidence, fence).await {
            Err(error) if error.is_refusal() && !evidence.is_empty() => {}
            other => return other.map(|()| None),
        }
        UNJUDGED.clone_into(&mut entry.outcome);
        if entry.phase == Phase::Undo || entry.state != AttemptState::Done {
            return self.ledger.outcome(entry, &[], fence).await.map(|()| None);
        }
        entry.state = AttemptState::Failed;
        self.ledger.outcome(entry, &[], fence).await.map(|()| Some(UNJUDGED.to_owned()))
    }

    /// Stores where the operation stands, or less of it.
    pub(super) async fn store_standing(&self, operation: &Operation) -> Result<(), LedgerError> {
        match self.ledger.update(operation).await {
            Err(error) if error.is_refusal() => self.ledger.update(&reduced(operation)).await,
            other => other,
        }
    }

    /// Stores the end of the operation, or less of it.
    pub(super) async fn store_end(
        &self,
        operation: &Operation,
        deployments: &[Deployment],
        now: Time,
    ) -> Result<(), LedgerError> {
        match self.ledger.finish(operation, deployments, now).await {
            Err(error) if error.is_refusal() => self.ledger.finish(&reduced(operation), deployments, now).await,
            other => other,
        }
    }
}

/// The operation with nothing in it that scripts, databases or checks have said.
fn reduced(operation: &Operation) -> Operation {
    Operation {
        step: None,
        summary: WITHHELD.to_owned(),
        verdict: None,
        blockers: Vec::new(),
        metrics: Metrics::default(),
        ..operation.clone()
    }
}
