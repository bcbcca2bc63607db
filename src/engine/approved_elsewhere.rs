//! Answers to plans that people gave on GitHub. They are looked for when a plan is executed, and judged by the policy like those that were
//! typed at a terminal; nothing that a client can say makes one.

use std::cmp::Reverse;

use serde_json::json;

use super::Engine;
use crate::{
    domain::{
        approval::{Approval, Channel, Decision},
        inventory::{Environment, Service},
        plan::Plan,
        principal::Principal,
        refusal::{Code, Refusal},
    },
    ledger::Ledger,
    world::github::Answer,
};

/// An answer, and how it came.
struct Given {
    answer: Answer,
    channel: Channel,
    /// Whether who asked for the plan gave it.
    by_requester: bool,
}

impl Engine {
    /// The newest answer to a plan that was typed here, or else one that was given on GitHub, where the environment allows that. Of those a
    /// rejection counts before every approval.
    pub(super) async fn answer_to(
        &self,
        ledger: &Ledger,
        plan: &Plan,
        environment: &Environment,
    ) -> Result<Option<Approval>, Refusal> {
        let typed = ledger.latest_approval(plan.id()).await?;
        let body = plan.body();
        let (None, Some(service)) = (&typed, &body.service) else { return Ok(typed) };
        let service = self.inventory().service(service)?;
        let (mut given, mut refused) = (Vec::new(), None);
        for found in [self.reviewed(service, plan, environment).await, self.signed(service, plan, environment).await] {
            match found {
                Ok(found) => given.extend(found),
                // The other way may be good. GitHub that does not say everything approves nothing.
                Err(refusal) if refusal.code == Code::ApprovalRequired => refused = refused.or(Some(refusal)),
                Err(refusal) => return Err(refusal),
            }
        }
        let Some(Given { answer, channel, by_requester }) =
            given.into_iter().min_by_key(|given| (given.answer.approved, given.by_requester))
        else {
            return refused.map_or(Ok(None), Err);
        };
        // Whoever asked for the plan and approved it is one person: the policy refuses that.
        let approver = if by_requester { body.requester.clone() } else { Principal::github(&answer.login) };
        let now = self.world().now();
        let what = json!({
            "plan": plan.id(), "digest": plan.digest(), "login": answer.login, "in": answer.place, "approved": answer.approved,
        });
        ledger.note("answer_on_github", None, &approver, self.redactor().json(what), now).await?;
        let given_at = answer.at.min(now);
        Ok(Some(Approval {
            plan_digest: plan.digest(),
            decision: if answer.approved { Decision::Approve } else { Decision::Deny },
            approver,
            channel,
            given_at,
            expires_at: given_at.plus_s(i64::from(environment.approval.valid_for_s)),
            // Nobody is shown there what would be lost.
            accepts_data_loss: false,
        }))
    }

    /// What a reviewer of an environment on GitHub answered.
    async fn reviewed(
        &self,
        service: &Service,
        plan: &Plan,
        environment: &Environment,
    ) -> Result<Option<Given>, Refusal> {
        let Some(rule) = &environment.approval.github else { return Ok(None) };
        let reader = self.world().reader();
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
        let asks_as = rule.approvers.get(&answer.login).map_or(&[][..], Vec::as_slice);
        let by_requester = asks_as.iter().any(|name| name == plan.body().requester.as_str());
        Ok(Some(Given { answer, channel: Channel::GitHub, by_requester }))
    }

    /// What was answered in a comment that is signed.
    async fn signed(
        &self,
        service: &Service,
        plan: &Plan,
        environment: &Environment,
    ) -> Result<Option<Given>, Refusal> {
        let Some(rule) = &environment.approval.signed_comments else { return Ok(None) };
        let said = self.world().reader().signed_answers(service, rule, plan).await?;
        let given = said.answers.into_iter().map(|answer| {
            let asks_as = rule.approvers.get(&answer.login).map_or(&[][..], |signer| signer.asks_as.as_slice());
            let by_requester = asks_as.iter().any(|name| name == plan.body().requester.as_str());
            Given { answer, channel: Channel::SignedComment, by_requester }
        });
        let first = given.min_by_key(|given| (given.answer.approved, given.by_requester, Reverse(given.answer.at)));
        match (first, said.uncounted) {
            (None, Some((comment, why))) => Err(Refusal::new(
                Code::ApprovalRequired,
                format!("Comment {comment} on GitHub answers the plan, but does not count: {}.", why.why()),
                format!(
                    "An approver comments anew in issue {}, or a human runs `deploy-ops approve {}`.",
                    rule.issue,
                    plan.id()
                ),
            )),
            (first, _) => Ok(first),
        }
    }
}
