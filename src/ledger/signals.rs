//! What humans and other processes want of a running server: cancel, decide, halt.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Ledger,
    change::{Change, Note},
    error::LedgerError,
    record::{self, word},
    seal,
    sql::query,
};
use crate::{
    domain::{operation::OperationId, principal::Principal, time::Time},
    redact::Redacted,
};

/// What a human decided about an operation that waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum HumanDecision {
    /// Accept a result below success.
    Accept,
    /// Roll back.
    RollBack,
    /// Find out once more whether the step took effect.
    ProbeAgain,
    /// The step took effect: go on after it.
    MarkDone,
}

impl Ledger {
    /// Asks an operation to stop at its next safe point. Asking twice is asking once.
    pub async fn request_cancel(&self, operation: &OperationId, by: &Principal, now: Time) -> Result<(), LedgerError> {
        let mut change = known(self.change("request to cancel").await?, operation).await?;
        let entry = change.entry();
        let who = change.redact(by.as_str());
        let sql = "INSERT INTO cancels (operation, requested_by, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING";
        let new = change.run(query(sql).bind(operation.as_str()).bind(who).bind(entry)).await?;
        if new == 0 {
            return change.abandon().await;
        }
        let note =
            Note { kind: "cancel_requested", operation: Some(operation), actor: by, at: Some(now), what: json!({}) };
        change.commit(&[&seal::CANCELS], note).await.map(drop)
    }

    /// Whether somebody asked the operation to stop.
    pub async fn cancel_requested(&self, operation: &OperationId) -> Result<bool, LedgerError> {
        let found: Option<(i64,)> = self
            .inner
            .readers
            .row(
                "request to cancel",
                query("SELECT CAST(1 AS BIGINT) FROM cancels WHERE operation = $1").bind(operation.as_str()),
            )
            .await?;
        Ok(found.is_some())
    }

    /// Stores what a human decided, for the server that runs the operation.
    pub async fn decide_operation(
        &self,
        operation: &OperationId,
        decision: HumanDecision,
        by: &Principal,
        why: &Redacted<String>,
        now: Time,
    ) -> Result<(), LedgerError> {
        let mut change = known(self.change("decision").await?, operation).await?;
        let entry = change.entry();
        let (who, reason) = (change.redact(by.as_str()), change.redact(why));
        change
            .run(
                query(
                    "INSERT INTO decisions (operation, number, decision, decided_by, why, taken, entry) \
                     SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3, $4, 0, $5 FROM decisions WHERE operation = $1",
                )
                .bind(operation.as_str())
                .bind(word(decision))
                .bind(who)
                .bind(reason.clone())
                .bind(entry),
            )
            .await?;
        let note = Note {
            kind: "decision_made",
            operation: Some(operation),
            actor: by,
            at: Some(now),
            what: json!({ "decision": decision, "why": reason }),
        };
        change.commit(&[&seal::DECISIONS], note).await.map(drop)
    }

    /// The newest decision that nobody has taken yet. It is taken by this call: the next one returns `None`.
    pub async fn decision(&self, operation: &OperationId) -> Result<Option<HumanDecision>, LedgerError> {
        const OPEN: &str =
            "SELECT decision FROM decisions WHERE operation = $1 AND taken = 0 ORDER BY number DESC LIMIT 1";
        let waiting: Option<String> = self.inner.readers.text("decision", query(OPEN).bind(operation.as_str())).await?;
        if waiting.is_none() {
            return Ok(None);
        }
        let mut change = self.change("decision").await?;
        let entry = change.entry();
        let found = change.find::<(String,)>(query(OPEN).bind(operation.as_str())).await?;
        let Some((decision,)) = found else {
            change.abandon().await?;
            return Ok(None);
        };
        let sql = "UPDATE decisions SET taken = 1, entry = $2 WHERE operation = $1 AND taken = 0";
        change.run(query(sql).bind(operation.as_str()).bind(entry)).await?;
        let note = Note {
            kind: "decision_taken",
            operation: Some(operation),
            actor: &Principal::server(),
            at: None,
            what: json!({ "decision": decision }),
        };
        change.commit(&[&seal::DECISIONS], note).await?;
        record::parse("decision", decision).map(Some)
    }

    /// Stops all changes, on every server that uses this ledger, until [`resume_changes`](Self::resume_changes).
    pub async fn halt(&self, by: &Principal, reason: &Redacted<String>, now: Time) -> Result<(), LedgerError> {
        let mut change = self.change("halt").await?;
        let entry = change.entry();
        let (who, reason) = (change.redact(by.as_str()), change.redact(reason));
        change
            .run(
                query(
                    "INSERT INTO halts (number, halted_by, reason, entry) \
                     SELECT COALESCE(MAX(number), 0) + 1, $1, $2, $3 FROM halts",
                )
                .bind(who)
                .bind(reason.clone())
                .bind(entry),
            )
            .await?;
        let what = json!({ "reason": reason });
        let note = Note { kind: "changes_halted", operation: None, actor: by, at: Some(now), what };
        change.commit(&[&seal::HALTS], note).await.map(drop)
    }

    /// Allows changes again.
    pub async fn resume_changes(&self, by: &Principal, now: Time) -> Result<(), LedgerError> {
        let mut change = self.change("halt").await?;
        let entry = change.entry();
        let who = change.redact(by.as_str());
        let sql = "UPDATE halts SET ended_by = $1, entry = $2 WHERE ended_by IS NULL";
        if change.run(query(sql).bind(who).bind(entry)).await? == 0 {
            return change.abandon().await;
        }
        let note = Note { kind: "changes_resumed", operation: None, actor: by, at: Some(now), what: json!({}) };
        change.commit(&[&seal::HALTS], note).await.map(drop)
    }

    /// Why all changes are stopped, when they are.
    pub async fn halted(&self) -> Result<Option<String>, LedgerError> {
        self.inner
            .readers
            .text("halt", query("SELECT reason FROM halts WHERE ended_by IS NULL ORDER BY number DESC LIMIT 1"))
            .await
    }
}

/// Goes on only when there is such an operation.
async fn known<'l>(mut change: Change<'l>, operation: &OperationId) -> Result<Change<'l>, LedgerError> {
    let wanted = query("SELECT CAST(1 AS BIGINT) FROM operations WHERE id = $1").bind(operation.as_str());
    if change.find::<(i64,)>(wanted).await?.is_some() {
        return Ok(change);
    }
    change.abandon().await?;
    Err(LedgerError::Missing { what: "operation" })
}
