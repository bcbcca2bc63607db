//! The answers of humans, and the one-time codes they proved themselves with.

use serde_json::json;

use super::{Ledger, change::Note, error::LedgerError, record, seal, sql::query};
use crate::domain::{approval::Approval, name::EnvironmentName, plan::PlanId, principal::Principal};

const WHAT: &str = "approval";

impl Ledger {
    /// Stores an answer. It replaces none: the newest counts.
    pub async fn record_approval(&self, plan: &PlanId, approval: &Approval) -> Result<(), LedgerError> {
        let mut change = self.change(WHAT).await?;
        let entry = change.entry();
        let known: Option<(i64,)> =
            change.find(query("SELECT CAST(1 AS BIGINT) FROM plans WHERE id = $1").bind(plan.as_str())).await?;
        if known.is_none() {
            change.abandon().await?;
            return Err(LedgerError::Missing { what: "plan" });
        }
        let approval = change.record(approval)?;
        change
            .run(
                query(
                    "INSERT INTO approvals (plan, number, record, entry) \
                     SELECT $1, COALESCE(MAX(number), 0) + 1, $2, $3 FROM approvals WHERE plan = $1",
                )
                .bind(plan.as_str())
                .bind(approval.text)
                .bind(entry),
            )
            .await?;
        let given = approval.value;
        let what = json!({
            "plan": plan, "digest": given.plan_digest, "decision": given.decision, "channel": given.channel,
            "accepts_data_loss": given.accepts_data_loss, "expires_at": given.expires_at,
        });
        let note =
            Note { kind: "approval_given", operation: None, actor: &given.approver, at: Some(given.given_at), what };
        change.commit(&[&seal::APPROVALS], note).await.map(drop)
    }

    /// The newest answer that no operation has used.
    pub async fn latest_approval(&self, plan: &PlanId) -> Result<Option<Approval>, LedgerError> {
        let text: Option<String> = self
            .inner
            .readers
            .text(
                WHAT,
                query(
                    "SELECT record FROM approvals WHERE plan = $1 AND consumed_by IS NULL ORDER BY number DESC LIMIT 1",
                )
                .bind(plan.as_str()),
            )
            .await?;
        text.map(|text| record::read(WHAT, &text)).transpose()
    }

    /// Whether a one-time code of that time step is used for the first time; from then on it is used (RFC 6238 §5.2).
    pub async fn totp_step_is_new(&self, environment: &EnvironmentName, step: u64) -> Result<bool, LedgerError> {
        let mut change = self.change("one-time code").await?;
        let entry = change.entry();
        let inserted = change
            .run(
                query("INSERT INTO totp_steps (environment, step, entry) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING")
                    .bind(environment.as_str())
                    .bind(step.cast_signed())
                    .bind(entry),
            )
            .await?;
        if inserted == 0 {
            change.abandon().await?;
            return Ok(false);
        }
        let note = Note {
            kind: "one_time_code_used",
            operation: None,
            actor: &Principal::server(),
            at: None,
            what: json!({ "environment": environment, "step": step }),
        };
        change.commit(&[&seal::TOTP_STEPS], note).await?;
        Ok(true)
    }
}
