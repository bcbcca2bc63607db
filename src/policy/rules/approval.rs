//! A human who is not the requester has approved exactly this plan.

use super::super::Case;
use crate::domain::{
    approval::{Channel, Decision},
    effect::Tier,
    inventory::Environment,
    plan::{DatabaseStrategy, Plan, Purpose},
    refusal::{Code, NextCall, Refusal},
    signed_answer::{self, NAMESPACE},
};

/// Whether somebody has to approve it there.
pub(super) fn needed(plan: &Plan, environment: &Environment) -> bool {
    // What only adds (a snapshot) needs nobody's leave. A tag is for good, and others build on it.
    let for_good = plan.body().purpose == Purpose::Tag;
    (!plan.only_adds() || for_good) && (environment.approval.required || environment.tier == Tier::Production)
}

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let rule = &case.environment.approval;
    if !needed(plan, case.environment) {
        return Ok(());
    }
    let mut or_there = rule.github.as_ref().map_or_else(String::new, |there| {
        format!(
            ", or starts {} on GitHub for {} and another approves that run in {}",
            there.workflow,
            plan.digest(),
            there.environment
        )
    });
    if let Some(there) = &rule.signed_comments {
        let line = signed_answer::line(Decision::Approve, &plan.digest());
        or_there += &format!(
            ", or comments in issue {} on GitHub with the line `{line}` and its signature (ssh-keygen -Y sign -n {NAMESPACE})",
            there.issue
        );
    }
    let approve =
        format!("A human runs `deploy-ops approve {}` at a terminal{or_there}; then execute the same plan.", plan.id());
    let Some(approval) = case.approval.filter(|a| a.plan_digest == plan.digest()) else {
        return Err(Refusal::new(
            Code::ApprovalRequired,
            format!("A plan for {} needs a human's approval.", case.environment.name),
            approve,
        )
        .with_next(NextCall::new(
            plan.body().purpose.tool(),
            serde_json::json!({ "mode": "execute", "plan": plan.id() }),
            "after the approval",
        )));
    };
    if approval.decision == Decision::Deny {
        return Err(Refusal::new(
            Code::ApprovalDenied,
            format!("{} denied the plan on {}.", approval.approver, approval.given_at),
            "Talk to them, change what they object to, and make a new plan.",
        ));
    }
    if approval.approver == plan.body().requester {
        return Err(Refusal::new(
            Code::SelfApproval,
            "The approver is the requester.",
            "Somebody else has to approve the plan.",
        ));
    }
    let counts = match approval.channel {
        Channel::GitHub => rule.github.is_some(),
        Channel::SignedComment => rule.signed_comments.is_some(),
        Channel::Terminal | Channel::TerminalTotp | Channel::Console => true,
    };
    if !counts {
        return Err(Refusal::new(
            Code::ApprovalRequired,
            format!("Approvals on GitHub do not count for {}.", case.environment.name),
            approve,
        ));
    }
    if case.now < approval.given_at || case.now >= approval.expires_at {
        return Err(Refusal::new(
            Code::ApprovalRequired,
            format!("The approval counted until {}.", approval.expires_at),
            approve,
        ));
    }
    if rule.totp && approval.channel == Channel::Terminal {
        return Err(Refusal::new(
            Code::ApprovalRequired,
            format!("An approval for {} needs a one-time password.", case.environment.name),
            approve,
        ));
    }
    let loses_data =
        plan.body().rollback.as_ref().is_some_and(|r| matches!(r.database, DatabaseStrategy::Restore { .. }));
    if loses_data && !approval.accepts_data_loss {
        return Err(Refusal::new(
            Code::ApprovalRequired,
            "The plan restores databases, and the approver has not accepted the loss of the writes since the snapshot.",
            approve,
        ));
    }
    Ok(())
}
