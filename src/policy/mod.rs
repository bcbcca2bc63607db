//! The five safety principles, decided in one place: the only maker of a [`Permit`].
//!
//! Every function here is pure: rules, plan, evidence, approval and the present come in, a permit or a refusal comes out.

mod case;
mod permit;
mod rules;
mod settings;

pub use case::Case;
pub use permit::Permit;
pub use rules::wait::{not_before, wait_s};
pub use settings::Settings;

use crate::domain::{
    evidence::{Evidence, EvidenceKind},
    operation::{Operation, OperationId},
    plan::Plan,
    refusal::{Code, Refusal},
    step::Step,
    time::Time,
};

/// May this plan run now, as the operation that is about to consume it?
///
/// The rules are asked in a fixed order and the first refusal counts, so that the answer does not depend on chance.
pub fn decide(plan: Plan, operation: OperationId, fence: i64, case: &Case<'_>) -> Result<Permit, Refusal> {
    match rules::all().iter().find_map(|rule| (rule.check)(&plan, case).err()) {
        Some(refusal) => Err(refusal),
        None => Ok(Permit::grant(plan, operation, fence)),
    }
}

/// Everything that would stop this plan now, in the order of the rules: what a dry run shows as blockers.
pub fn blockers(plan: &Plan, case: &Case<'_>) -> Vec<Refusal> {
    rules::all().iter().filter_map(|rule| (rule.check)(plan, case).err()).collect()
}

/// What each rule says to this plan, for an operator who wants to know why.
pub fn explain(plan: &Plan, case: &Case<'_>) -> Vec<(&'static str, Result<(), Refusal>)> {
    rules::all().iter().map(|rule| (rule.name, (rule.check)(plan, case))).collect()
}

/// The permit of an operation that had already consumed its plan when its server ended.
///
/// Nothing is decided anew: the effects that the first permit allowed may have begun. The plan must be the one that the
/// operation consumed, and the fence a newer one, so that the old holder can no longer write.
pub fn readmit(plan: Plan, operation: &Operation, fence: i64) -> Result<Permit, Refusal> {
    if operation.plan.as_ref() == Some(plan.id()) && fence > operation.fence && !operation.state.is_terminal() {
        Ok(Permit::grant(plan, operation.id.clone(), fence))
    } else {
        Err(Refusal::new(
            Code::WrongState,
            "This operation cannot be taken over: it has ended, or it did not consume that plan.",
            "Look at it with operation_status.",
        ))
    }
}

/// The last look before the first step that changes something: is every snapshot of the plan verified and fresh?
pub fn before_change(permit: &Permit, settings: &Settings, evidence: &[Evidence], now: Time) -> Result<(), Refusal> {
    for requirement in permit.plan().body().requirements.iter().filter(|r| r.kind == EvidenceKind::Snapshot) {
        let fresh = evidence.iter().any(|e| {
            e.kind == EvidenceKind::Snapshot
                && e.subject == requirement.subject
                && e.holds(now)
                && now.seconds_since(e.collected_at) <= u64::from(settings.snapshot_fresh_s)
        });
        if !fresh {
            return Err(Refusal::new(
                Code::BackupMissing,
                format!("Database {} has no verified snapshot that is fresh enough.", requirement.subject),
                "Run the dry run again and execute the new plan; look at the snapshot's outcome with operation_status.",
            ));
        }
    }
    Ok(())
}

/// Whether the steps before `index` only added something of our own.
pub fn unchanged_before(plan: &Plan, index: usize) -> bool {
    plan.steps().iter().take(index).all(Step::only_adds)
}
