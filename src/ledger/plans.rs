//! Plans: stored as the exact text that was hashed, used once.

use serde_json::json;

use super::{Ledger, change::Note, error::LedgerError, evidence, operations, record, seal, sql::query};
use crate::domain::{
    evidence::Evidence,
    operation::{Operation, OperationId},
    plan::{Plan, PlanId},
    time::Time,
};

const WHAT: &str = "plan";

/// A plan with what became of it.
#[derive(Debug, Clone, PartialEq)]
pub struct StoredPlan {
    /// The plan.
    pub plan: Plan,
    /// The operation that used it; a plan is used once.
    pub consumed_by: Option<OperationId>,
    /// The operation whose dry run made it.
    pub dry_run: OperationId,
}

impl Ledger {
    /// Stores a sealed plan with its evidence, and the end of the dry run that made it, in one transaction.
    ///
    /// # Errors
    /// [`LedgerError::SecretInPlan`] when the text holds a known secret: it cannot be masked without becoming another plan.
    pub async fn record_plan(
        &self,
        plan: &Plan,
        evidence: &[Evidence],
        operation: &Operation,
        now: Time,
    ) -> Result<(), LedgerError> {
        if self.inner.redactor.holds_known(plan.text()) {
            return Err(LedgerError::SecretInPlan);
        }
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        operations::store(&mut change, operation).await?;
        change
            .run(
                query(
                    "INSERT INTO plans (id, text, digest, expires_at, dry_run, entry) VALUES ($1, $2, $3, $4, $5, $6)",
                )
                .bind(plan.id().as_str())
                .bind(plan.text().to_owned())
                .bind(plan.digest().to_string())
                .bind(plan.body().expires_at.as_millis())
                .bind(operation.id.as_str())
                .bind(entry),
            )
            .await?;
        evidence::store(&mut change, &operation.id, Some(plan.id()), evidence).await?;
        let what = json!({
            "plan": plan.id(), "digest": plan.digest(), "service": operation.service, "environment": operation.environment,
            "state": operation.state, "evidence": evidence.len(),
        });
        let note = Note {
            kind: "plan_recorded",
            operation: Some(&operation.id),
            actor: &operation.requester,
            at: Some(now),
            what,
        };
        change.commit(&[&seal::OPERATIONS, &seal::PLANS, &seal::EVIDENCE], note).await.map(drop)
    }

    /// A plan. It is proven to have the digest it was stored with.
    pub async fn plan(&self, id: &PlanId) -> Result<Option<StoredPlan>, LedgerError> {
        let row: Option<(String, String, Option<String>, String)> = self
            .inner
            .readers
            .row(WHAT, query("SELECT text, digest, consumed_by, dry_run FROM plans WHERE id = $1").bind(id.as_str()))
            .await?;
        let Some((text, digest, consumed_by, dry_run)) = row else { return Ok(None) };
        Ok(Some(StoredPlan {
            plan: open(&text, digest)?,
            consumed_by: consumed_by.map(|id| record::parse(WHAT, id)).transpose()?,
            dry_run: record::parse(WHAT, dry_run)?,
        }))
    }

    /// The evidence that a plan was stored with, in order.
    pub async fn plan_evidence(&self, id: &PlanId) -> Result<Vec<Evidence>, LedgerError> {
        let texts: Vec<String> = self
            .inner
            .readers
            .texts(
                "evidence",
                query("SELECT record FROM evidence WHERE plan = $1 ORDER BY entry, number").bind(id.as_str()),
            )
            .await?;
        record::read_all("evidence", &texts)
    }

    /// The plans that may still be used at `now`, the one that expires first at the front.
    pub async fn pending_plans(&self, now: Time) -> Result<Vec<Plan>, LedgerError> {
        let rows: Vec<(String, String)> = self.inner.readers.rows("plans", query(
            "SELECT text, digest FROM plans WHERE consumed_by IS NULL AND expires_at > $1 ORDER BY expires_at, id",
        )
        .bind(now.as_millis())).await?;
        rows.into_iter().map(|(text, digest)| open(&text, digest)).collect()
    }
}

fn open(text: &str, digest: String) -> Result<Plan, LedgerError> {
    Plan::open(text, record::parse(WHAT, digest)?).map_err(|_| LedgerError::Corrupt { what: WHAT })
}
