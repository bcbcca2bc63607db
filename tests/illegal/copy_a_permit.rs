//! A permit is used once: it can be moved into an execution, not kept.
use deploy_ops_mcp::policy::Permit;

fn execute(_: Permit) {}

fn twice(permit: Permit) {
    execute(permit);
    execute(permit);
}

fn keep(permit: &Permit) -> Permit {
    permit.clone()
}

fn main() {}
