//! Whether the calendar, the operator and earlier operations let a deployment begin.

use super::{Candidate, Seen};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    operation::OperationFilter,
    refusal::{Code, NextCall, Refusal},
    release::DeploymentState,
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let held_up = match held_up(candidate).await {
        Ok(found) => found,
        Err(refusal) => return vec![candidate.unseen(EvidenceKind::Schedule, "", refusal)],
    };
    if held_up.is_empty() {
        let found = "Deployments are open, and nothing else is under way.";
        return vec![Seen {
            evidence: candidate.seen(EvidenceKind::Schedule, "", Outcome::Pass, found),
            blocker: None,
            wrote: None,
        }];
    }
    let seen = |refusal: Refusal| Seen {
        evidence: candidate.seen(EvidenceKind::Schedule, "", Outcome::Fail, refusal.message.clone()),
        blocker: Some(candidate.named(refusal)),
        wrote: None,
    };
    held_up.into_iter().map(seen).collect()
}

async fn held_up(candidate: Candidate<'_>) -> Result<Vec<Refusal>, Refusal> {
    let Candidate { context, service, environment, revision, .. } = candidate;
    let mut found = Vec::new();
    if let Some(reason) = context.records.halted().await? {
        found.push(Refusal::new(
            Code::Halted,
            format!("The operator has stopped all changes: {reason}"),
            "Wait until an operator runs `deploy-ops resume`.",
        ));
    }
    if let Some(closed) = context.reader.inventory().environment(environment)?.closed_at(context.reader.now()) {
        found.push(Refusal::new(Code::WindowClosed, closed.why, closed.fix));
    }
    let filter = OperationFilter {
        service: Some(service.name.clone()),
        environment: Some(environment.clone()),
        open_only: true,
        limit: 5,
        offset: 0,
    };
    for operation in context.records.operations(&filter).await? {
        let code = if operation.state.freezes() { Code::ServiceFrozen } else { Code::Locked };
        // Checks and dry runs, this one among them, are in nobody's way.
        if operation.plan.is_none() && code == Code::Locked {
            continue;
        }
        let next = NextCall::new("operation_status", serde_json::json!({ "operation": operation.id }), "see it");
        let message = format!("Operation {} is still open: {}", operation.id, operation.summary);
        found.push(Refusal::new(code, message, "Wait for it, or let a human decide.").with_next(next));
    }
    let history = context.records.deployments(&service.name, environment).await?;
    let same = |version: &str, commit: &str| version == revision.version.to_string() || commit == revision.commit;
    if let Some(earlier) = history.iter().find(|deployment| {
        deployment.state == DeploymentState::RolledBack && same(&deployment.version.to_string(), &deployment.commit)
    }) {
        found.push(Refusal::new(
            Code::VersionRolledBack,
            format!("{} was rolled back on {}.", earlier.version, earlier.at),
            "Fix the cause, tag the fix with a new version, and deploy that.",
        ));
    }
    Ok(found)
}
