//! … and not by its constructor.
use deploy_ops_mcp::{
    domain::{operation::OperationId, plan::Plan},
    policy::Permit,
};

fn grant(plan: Plan, operation: OperationId) -> Permit {
    Permit::grant(plan, operation, 1)
}

fn main() {}
