//! Principle 4: the way back is recorded before the way forth.

use super::{super::Case, evidence};
use crate::domain::{
    evidence::EvidenceKind,
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    const FIX: &str =
        "Give the service a rollback script (or deploy it by releases), and call deploy_service with mode=dry_run.";
    if plan.body().purpose == Purpose::Deploy && plan.body().rollback.is_none() {
        return Err(Refusal::new(Code::RollbackNotReady, "The plan has no rollback plan.", FIX));
    }
    evidence::require(plan, case, EvidenceKind::RollbackReady, Code::RollbackNotReady, "The rollback plan", FIX)
}
