//! The journal of an operation: the intent before the effect, the outcome after it.

use serde_json::json;

use super::{
    Ledger,
    change::{Change, Note},
    error::LedgerError,
    evidence,
    record::{self, word},
    seal,
    sql::query,
};
use crate::domain::{
    evidence::Evidence,
    operation::{JournalEntry, OperationId},
    principal::Principal,
    time::Time,
};

const WHAT: &str = "journal entry";

impl Ledger {
    /// Makes an intent durable. Only when this has returned may the effect begin.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] when `fence` is not the operation's newest; [`LedgerError::Exists`] when this attempt was intended
    /// before: whoever repeats a step counts a new attempt.
    pub async fn intend(&self, entry: &JournalEntry, fence: i64) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        guard(&mut change, &entry.operation, fence).await?;
        let number = change.entry();
        let line = change.record(entry)?;
        let inserted = change
            .run(
                query(
                    "INSERT INTO journal (operation, phase, position, attempt, intent, record, entry) \
                     VALUES ($1, $2, $3, $4, $5, $6, $5) ON CONFLICT DO NOTHING",
                )
                .bind(entry.operation.as_str())
                .bind(word(entry.phase))
                .bind(i64::from(entry.index))
                .bind(i64::from(entry.attempt))
                .bind(number)
                .bind(line.text),
            )
            .await?;
        if inserted == 0 {
            change.abandon().await?;
            return Err(LedgerError::Exists { what: WHAT });
        }
        commit(change, "step_intended", entry, entry.intended_at).await
    }

    /// Stores how an attempt ended, with the evidence it gave.
    ///
    /// # Errors
    /// [`LedgerError::Fenced`] as for [`intend`](Self::intend); [`LedgerError::Missing`] when the attempt was never intended.
    pub async fn outcome(&self, entry: &JournalEntry, evidence: &[Evidence], fence: i64) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        guard(&mut change, &entry.operation, fence).await?;
        let number = change.entry();
        let line = change.record(entry)?;
        let updated = change
            .run(
                query(
                    "UPDATE journal SET record = $5, entry = $6 \
                     WHERE operation = $1 AND phase = $2 AND position = $3 AND attempt = $4",
                )
                .bind(entry.operation.as_str())
                .bind(word(entry.phase))
                .bind(i64::from(entry.index))
                .bind(i64::from(entry.attempt))
                .bind(line.text)
                .bind(number),
            )
            .await?;
        if updated == 0 {
            change.abandon().await?;
            return Err(LedgerError::Missing { what: "intent of this step" });
        }
        evidence::store(&mut change, &entry.operation, None, evidence).await?;
        commit(change, "step_ended", entry, entry.ended_at.unwrap_or(entry.intended_at)).await
    }

    /// The journal of an operation, in the order of the intents.
    pub async fn journal(&self, id: &OperationId) -> Result<Vec<JournalEntry>, LedgerError> {
        let texts: Vec<String> = self
            .inner
            .readers
            .texts(
                "journal",
                query("SELECT record FROM journal WHERE operation = $1 ORDER BY intent").bind(id.as_str()),
            )
            .await?;
        record::read_all(WHAT, &texts)
    }
}

/// Refuses whoever does not hold the newest fence of the operation.
async fn guard(change: &mut Change<'_>, operation: &OperationId, fence: i64) -> Result<(), LedgerError> {
    let holder = query("SELECT fence FROM operations WHERE id = $1").bind(operation.as_str());
    match change.find::<(i64,)>(holder).await? {
        Some((newest,)) if newest == fence => Ok(()),
        Some(_) => Err(LedgerError::Fenced),
        None => Err(LedgerError::Missing { what: "operation" }),
    }
}

async fn commit(change: Change<'_>, kind: &str, entry: &JournalEntry, at: Time) -> Result<(), LedgerError> {
    let what = json!({
        "phase": entry.phase, "index": entry.index, "step": entry.step, "attempt": entry.attempt, "state": entry.state,
        "outcome": entry.outcome,
    });
    let note = Note { kind, operation: Some(&entry.operation), actor: &Principal::server(), at: Some(at), what };
    change.commit(&[&seal::JOURNAL, &seal::EVIDENCE], note).await.map(drop)
}
