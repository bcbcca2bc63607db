//! What was planned is what is there.

use super::super::Case;
use crate::domain::{
    facts::Drift,
    plan::Plan,
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let mut drift = case.facts.map(|found| plan.body().facts.drift(found)).unwrap_or_default();
    if case.policy != plan.body().policy {
        drift.push(Drift {
            fact: "policy".to_owned(),
            planned: Some(plan.body().policy.short()),
            found: Some(case.policy.short()),
        });
    }
    let Some(first) = drift.first() else { return Ok(()) };
    let refusal = Refusal::new(
        Code::PlanStale,
        format!("{} changed since the dry run ({} differences in all).", first.fact, drift.len()),
        "Make a new plan: call the tool again with mode=dry_run.",
    );
    Err(drift.iter().take(10).fold(refusal, |refusal, one| refusal.with_evidence(describe(one))))
}

fn describe(drift: &Drift) -> String {
    let show = |value: &Option<String>| value.clone().unwrap_or_else(|| "nothing".to_owned());
    format!("{}: planned {}, found {}", drift.fact, show(&drift.planned), show(&drift.found))
}
