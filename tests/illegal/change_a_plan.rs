//! A plan does not change after it was sealed.
use deploy_ops_mcp::domain::plan::Plan;

fn change(plan: &mut Plan) {
    plan.body().steps.clear();
}

fn main() {}
