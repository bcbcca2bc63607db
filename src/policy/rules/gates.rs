//! Principle 3: all quality gates are green. A rollback needs none.

use super::{super::Case, evidence};
use crate::domain::{
    evidence::EvidenceKind,
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    if plan.body().purpose == Purpose::Rollback {
        return Ok(());
    }
    evidence::require(
        plan,
        case,
        EvidenceKind::Gate,
        Code::GatesNotGreen,
        "A quality gate",
        "Fix what the gate found, and call the tool again with mode=dry_run.",
    )
}
