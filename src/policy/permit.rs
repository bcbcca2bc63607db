//! The proof that a plan may run.

use crate::domain::{operation::OperationId, plan::Plan};

/// The right to run one plan, as one operation, while holding one fence.
///
/// It owns its plan, can be neither copied nor read from anywhere, and every changing method of `world` wants to see it.
#[derive(Debug)]
pub struct Permit {
    plan: Plan,
    operation: OperationId,
    fence: i64,
}

impl Permit {
    pub(super) fn grant(plan: Plan, operation: OperationId, fence: i64) -> Self {
        Self { plan, operation, fence }
    }
    /// The plan that may run.
    pub fn plan(&self) -> &Plan {
        &self.plan
    }
    /// The operation it runs as.
    pub fn operation(&self) -> &OperationId {
        &self.operation
    }
    /// The fencing number: whoever holds a higher one has taken over.
    pub fn fence(&self) -> i64 {
        self.fence
    }
}
