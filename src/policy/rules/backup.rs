//! Principle 2: every database that a plan may change is snapshotted first, inside the operation.

use super::super::Case;
use crate::domain::{
    evidence::EvidenceKind,
    plan::Plan,
    refusal::{Code, Refusal},
    step::Step,
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let before_change = plan.steps().iter().take_while(|step| step.only_adds());
    let taken: Vec<&str> = before_change
        .filter_map(|step| match step {
            Step::TakeSnapshot(snapshot) => Some(snapshot.database.as_str()),
            _ => None,
        })
        .collect();
    for requirement in plan.body().requirements.iter().filter(|r| r.kind == EvidenceKind::Snapshot) {
        let already = case.newest(EvidenceKind::Snapshot, &requirement.subject).is_some_and(|e| e.holds(case.now));
        if !already && !taken.contains(&requirement.subject.as_str()) {
            return Err(Refusal::new(
                Code::BackupMissing,
                format!("The plan would change database {} without a snapshot before it.", requirement.subject),
                "Make a new plan: call the tool again with mode=dry_run.",
            ));
        }
    }
    // A restore overwrites: its database needs a snapshot of the present state, too.
    for step in plan.steps() {
        if let Step::RestoreDatabase(restore) = step
            && !taken.contains(&restore.database.as_str())
        {
            return Err(Refusal::new(
                Code::BackupMissing,
                format!(
                    "The plan would overwrite database {} without a snapshot of its present state.",
                    restore.database
                ),
                "Make a new plan: call rollback with mode=dry_run.",
            ));
        }
    }
    Ok(())
}
