//! Deployments keep their window. A freeze wins over a window; neither ever blocks a rollback.

use super::super::Case;
use crate::domain::{
    plan::{Plan, Purpose},
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    if plan.body().purpose != Purpose::Deploy {
        return Ok(());
    }
    match case.environment.closed_at(case.now) {
        Some(closed) => Err(Refusal::new(Code::WindowClosed, closed.why, closed.fix)),
        None => Ok(()),
    }
}
