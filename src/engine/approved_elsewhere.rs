//! Answers to plans that people gave on GitHub. They are looked for when a plan is executed, and judged by the policy like those that were
//! typed at a terminal; nothing that a client can say makes one.

use serde_json::json;

use super::Engine;
use crate::{
    domain::{
        approval::{Approval, Channel, Decision},
        inventory::Environment,
        plan::Plan,
        principal::Principal,
        refusal::{Code, Refusal},
    },
    ledger::Ledger,
};

impl Engine {
    /// The newest answer to a plan that was typed here, or else the one that was given on GitHub, where the environment allows that.
    pub(super) async fn answer_to(
        &self,
        ledger: &Ledger,
        plan: &Plan,
        environment: &Environment,
    ) -> Result<Option<Approval>, Refusal> {
        let typed = ledger.latest_approval(plan.id()).await?;
        let body = plan.body();
        let (None, Some(rule), Some(service)) = (&typed, &environment.approval.github, &body.service) else {
            return Ok(typed);
        };
        let reader = self.world().reader();
        let service = self.inventory().service(service)?;
        let Some(answer) = reader.answer_on_github(service, rule, &plan.digest()).await? else { return Ok(None) };
        if answer.approved
            && let Some(doubt) = reader.doubts_about_approvals(service, rule).await?.first()
        {
            return Err(Refusal::new(
                Code::ApprovalRequired,
                format!("The plan was approved on GitHub, but that proves nothing: {doubt}."),
                format!("The operator corrects the environment there, or runs `deploy-ops approve {}`.", plan.id()),
            ));
        }
        let asks_as = rule.approvers.get(&answer.login);
        let asked = asks_as.is_some_and(|names| names.iter().any(|name| name == body.requester.as_str()));
        // Whoever asked for the plan and approved it is one person: the policy refuses that.
        let approver = if asked { body.requester.clone() } else { Principal::github(&answer.login) };
        let now = self.world().now();
        let what = json!({
            "plan": plan.id(), "digest": plan.digest(), "login": answer.login, "run": answer.run, "approved": answer.approved,
        });
        ledger.note("answer_on_github", None, &approver, self.redactor().json(what), now).await?;
        // GitHub does not say when the answer came; it counts from when it was asked for.
        let given_at = answer.asked_at.min(now);
        Ok(Some(Approval {
            plan_digest: plan.digest(),
            decision: if answer.approved { Decision::Approve } else { Decision::Deny },
            approver,
            channel: Channel::GitHub,
            given_at,
            expires_at: given_at.plus_s(i64::from(environment.approval.valid_for_s)),
            // Nobody is shown there what would be lost.
            accepts_data_loss: false,
        }))
    }
}
