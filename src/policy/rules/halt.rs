//! Nothing changes while the operator has halted the server, or while a human has to look at the service.

use super::super::Case;
use crate::domain::{
    plan::{Plan, Purpose},
    refusal::{Code, NextCall, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    if let Some(reason) = case.halted {
        return Err(Refusal::new(
            Code::Halted,
            format!("The operator has stopped all changes: {reason}"),
            "Wait until an operator runs `deploy-ops resume`.",
        ));
    }
    match case.frozen_by {
        // A rollback that a human asked for is how a frozen service is repaired.
        Some(operation) if plan.body().purpose == Purpose::Deploy => Err(Refusal::new(
            Code::ServiceFrozen,
            format!("The service is frozen by operation {}: {}", operation.id, operation.summary),
            "A human decides with `deploy-ops decide`, or go back with rollback.",
        )
        .with_next(NextCall::new(
            "operation_status",
            serde_json::json!({ "operation": operation.id }),
            "see what happened",
        ))),
        _ => Ok(()),
    }
}
