//! What an operator at a terminal asks of the engine. Nothing here can be reached over MCP.

use super::Engine;
use crate::{
    domain::{
        approval::{Approval, Channel, Decision},
        inventory::Environment,
        operation::OperationId,
        plan::{DatabaseStrategy, Plan, PlanId},
        principal::Principal,
        refusal::{Code, Refusal},
    },
    ledger::{HumanDecision, Ledger},
};

/// Why an approval was not recorded.
pub type ApproveError = Refusal;

/// A plan as a human has to see it before they answer.
#[derive(Debug)]
pub struct PlanForApproval {
    /// The plan, whole.
    pub plan: Plan,
    /// Where it would run.
    pub environment: Environment,
    /// What would still stop it.
    pub blockers: Vec<Refusal>,
}

impl PlanForApproval {
    /// Whether approving it means accepting the loss of data.
    pub fn loses_data(&self) -> bool {
        let rollback = self.plan.body().rollback.as_ref();
        rollback.is_some_and(|rollback| matches!(rollback.database, DatabaseStrategy::Restore { .. }))
    }
}

impl Engine {
    /// The plans that wait for an answer.
    pub async fn pending_plans(&self) -> Result<Vec<Plan>, Refusal> {
        Ok(self.ledger().await?.pending_plans(self.world().now()).await?)
    }

    /// A plan, for a human to read before answering.
    pub async fn plan_for_approval(&self, id: &PlanId) -> Result<PlanForApproval, ApproveError> {
        let ledger = self.ledger().await?;
        let Some(stored) = ledger.plan(id).await? else {
            return Err(Refusal::new(Code::NotFound, "There is no such plan.", "Run `deploy-ops plans` to see them."));
        };
        if stored.consumed_by.is_some() {
            return Err(Refusal::new(Code::WrongState, "The plan was executed already.", "Nothing is left to answer."));
        }
        let evidence = ledger.plan_evidence(id).await?;
        let blockers = self.blockers(ledger, &stored.plan, &evidence).await?;
        let environment = self.environment_or_strict(&stored.plan.body().environment);
        Ok(PlanForApproval { plan: stored.plan, environment, blockers })
    }

    /// Records a human's answer to exactly the plan they were shown.
    pub async fn answer_plan(
        &self,
        shown: &PlanForApproval,
        decision: Decision,
        approver: Principal,
        channel: Channel,
    ) -> Result<(), ApproveError> {
        let ledger = self.ledger().await?;
        let body = shown.plan.body();
        // A client and a terminal of one account are one person, unless a device that the client does not have tells them apart.
        let told_apart = approver != body.requester
            && shown.environment.approval.same_user_with_totp
            && channel == Channel::TerminalTotp;
        if decision == Decision::Approve && approver.is_same_person(&body.requester) && !told_apart {
            return Err(Refusal::new(
                Code::SelfApproval,
                "You asked for this plan yourself.",
                "Somebody else has to approve it: another user account, or another configured operator.",
            ));
        }
        let now = self.world().now();
        if now >= body.expires_at {
            return Err(Refusal::new(Code::PlanExpired, "The plan has expired.", "Make a new one with mode=dry_run."));
        }
        let approval = Approval {
            plan_digest: shown.plan.digest(),
            decision,
            approver,
            channel,
            given_at: now,
            expires_at: now.plus_s(i64::from(shown.environment.approval.valid_for_s)),
            accepts_data_loss: decision == Decision::Approve && shown.loses_data(),
        };
        Ok(ledger.record_approval(shown.plan.id(), &approval).await?)
    }

    /// Whether a one-time password's time step was not used before in that environment; it is used from now on.
    pub async fn use_totp_step(&self, environment: &Environment, step: u64) -> Result<bool, Refusal> {
        Ok(self.ledger().await?.totp_step_is_new(&environment.name, step).await?)
    }

    /// Stops all changes, until [`Engine::resume_changes`].
    pub async fn halt(&self, by: &Principal, reason: &str) -> Result<(), Refusal> {
        let reason = self.redactor().text(reason);
        Ok(self.ledger().await?.halt(by, &reason, self.world().now()).await?)
    }

    /// Allows changes again.
    pub async fn resume_changes(&self, by: &Principal) -> Result<(), Refusal> {
        Ok(self.ledger().await?.resume_changes(by, self.world().now()).await?)
    }

    /// A human's decision about an operation that waits for one.
    pub async fn decide(
        &self,
        id: &OperationId,
        decision: HumanDecision,
        by: &Principal,
        why: &str,
    ) -> Result<(), Refusal> {
        let why = self.redactor().text(why);
        Ok(self.ledger().await?.decide_operation(id, decision, by, &why, self.world().now()).await?)
    }

    /// A human says that a frozen service is repaired.
    pub async fn unfreeze(&self, id: &OperationId, by: &Principal, why: &str) -> Result<(), Refusal> {
        let why = self.redactor().text(why);
        Ok(self.ledger().await?.clear_freeze(id, by, &why, self.world().now()).await?)
    }

    /// The ledger, for the operator's commands that look at it as it is.
    pub async fn ledger_for_operator(&self) -> Result<&Ledger, Refusal> {
        self.ledger().await
    }
}
