//! What was observed.

use serde_json::json;

use super::{
    Ledger,
    change::{Change, Note},
    error::LedgerError,
    record, seal,
    sql::query,
};
use crate::domain::{evidence::Evidence, operation::OperationId, plan::PlanId, principal::Principal};

const WHAT: &str = "evidence";

impl Ledger {
    /// Stores evidence that belongs to an operation but to none of its steps.
    pub async fn record_evidence(&self, operation: &OperationId, evidence: &[Evidence]) -> Result<(), LedgerError> {
        let Some(last) = evidence.iter().map(|e| e.collected_at).max() else { return Ok(()) };
        let mut change = self.change(WHAT).await?;
        store(&mut change, operation, None, evidence).await?;
        let seen: Vec<_> = evidence
            .iter()
            .map(|e| json!({ "kind": e.kind, "subject": e.subject, "outcome": e.outcome, "collector": e.collector }))
            .collect();
        let note = Note {
            kind: "evidence_recorded",
            operation: Some(operation),
            actor: &Principal::server(),
            at: Some(last),
            what: json!({ "evidence": seen }),
        };
        change.commit(&[&seal::EVIDENCE], note).await.map(drop)
    }

    /// The evidence that an operation collected, in order.
    pub async fn evidence(&self, id: &OperationId) -> Result<Vec<Evidence>, LedgerError> {
        let texts: Vec<String> = self
            .inner
            .readers
            .texts(
                WHAT,
                query("SELECT record FROM evidence WHERE operation = $1 ORDER BY entry, number").bind(id.as_str()),
            )
            .await?;
        record::read_all(WHAT, &texts)
    }

    /// The evidence that the newest operations collected: that of the newest first, and each one's in order.
    pub async fn newest_evidence(&self, operations: u32) -> Result<Vec<Evidence>, LedgerError> {
        let sql = "SELECT evidence.record FROM evidence JOIN \
                   (SELECT id, started_at FROM operations ORDER BY started_at DESC, id DESC LIMIT $1) AS newest \
                   ON newest.id = evidence.operation \
                   ORDER BY newest.started_at DESC, newest.id DESC, evidence.entry, evidence.number";
        let texts = self.inner.readers.texts(WHAT, query(sql).bind(i64::from(operations))).await?;
        record::read_all(WHAT, &texts)
    }
}

/// Stores evidence as part of a change.
pub(super) async fn store(
    change: &mut Change<'_>,
    operation: &OperationId,
    plan: Option<&PlanId>,
    evidence: &[Evidence],
) -> Result<(), LedgerError> {
    let entry = change.entry();
    for (one, number) in evidence.iter().zip(1_i64..) {
        let text = change.record(one)?.text;
        let sql = "INSERT INTO evidence (entry, number, operation, plan, record) VALUES ($1, $2, $3, $4, $5)";
        let row = query(sql)
            .bind(entry)
            .bind(number)
            .bind(operation.as_str())
            .bind(plan.map(|id| id.as_str().to_owned()))
            .bind(text);
        change.run(row).await?;
    }
    Ok(())
}
