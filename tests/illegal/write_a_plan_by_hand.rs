//! A plan is sealed, which wants at least one step.
use deploy_ops_mcp::domain::plan::{Plan, PlanBody};

fn by_hand(body: PlanBody) -> Plan {
    Plan { text: String::new(), digest: body.policy, body }
}

fn main() {}
