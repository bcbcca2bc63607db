//! Principle 1: dry run first.

use super::{super::Case, evidence};
use crate::domain::{
    evidence::EvidenceKind,
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    const FIX: &str =
        "Read its output with operation_status, repair the script, and call deploy_service with mode=dry_run.";
    if plan.body().purpose == Purpose::Deploy && !evidence::required(plan, EvidenceKind::DryRun) {
        return Err(Refusal::new(Code::DryRunMissing, "The plan does not rest on a dry run.", FIX));
    }
    evidence::require(plan, case, EvidenceKind::DryRun, Code::DryRunFailed, "The dry run", FIX)
}
