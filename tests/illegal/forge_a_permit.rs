//! Only `policy::decide` and `policy::readmit` make a permit: not by its fields …
use deploy_ops_mcp::{
    domain::{operation::OperationId, plan::Plan},
    policy::Permit,
};

fn forge(plan: Plan, operation: OperationId) -> Permit {
    Permit { plan, operation, fence: 1 }
}

fn main() {}
