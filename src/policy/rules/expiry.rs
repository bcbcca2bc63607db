//! A plan has a time.

use super::super::Case;
use crate::domain::{
    plan::Plan,
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    let body = plan.body();
    // A clock that went back proves nothing about freshness, so it expires the plan as well.
    if case.now < body.created_at || case.now >= body.expires_at {
        return Err(Refusal::new(
            Code::PlanExpired,
            format!("The plan could be used until {}; it is {} now.", body.expires_at, case.now),
            "Make a new plan: call the tool again with mode=dry_run.",
        ));
    }
    Ok(())
}
