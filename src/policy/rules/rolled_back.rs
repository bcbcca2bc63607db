//! A version that was rolled back is neither deployed again nor tagged: the fix gets a new tag.

use super::super::Case;
use crate::domain::{
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
    release::DeploymentState,
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let Some(revision) = &plan.body().revision else { return Ok(()) };
    if !matches!(plan.body().purpose, Purpose::Deploy | Purpose::Tag) {
        return Ok(());
    }
    let Some(earlier) = case.history.iter().find(|deployment| {
        deployment.state == DeploymentState::RolledBack
            && (deployment.commit == revision.commit || deployment.version == revision.version)
    }) else {
        return Ok(());
    };
    Err(Refusal::new(
        Code::VersionRolledBack,
        format!("{} was rolled back on {}.", earlier.version, earlier.at),
        "Fix the cause, tag the fix with a new version, and deploy that.",
    )
    .with_evidence(format!("rolled back by operation {}", earlier.operation)))
}
