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
    for kind in [EvidenceKind::Gate, EvidenceKind::RemoteGate, EvidenceKind::AlertGate, EvidenceKind::PlaceGate] {
        let fix = "Fix what the gate found, and call the tool again with mode=dry_run.";
        evidence::require(plan, case, kind, Code::GatesNotGreen, "A quality gate", fix)?;
    }
    Ok(())
}
