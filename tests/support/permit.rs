//! A permit, from the only place that makes one.

use deploy_ops_mcp::{
    domain::{
        effect::Tier,
        facts::Facts,
        inventory::{ApprovalRule, Environment},
        operation::OperationId,
        plan::{Plan, PlanBody, PlanId, Purpose, RollbackPlan},
        principal::Principal,
        step::Step,
        time::Time,
        version::Revision,
    },
    policy::{self, Case, Permit, Settings},
};
use uuid::Uuid;

/// The environment `dev`, where nobody has to approve anything.
pub(crate) fn environment() -> Environment {
    Environment {
        name: "dev".parse().unwrap(),
        tier: Tier::Development,
        approval: ApprovalRule {
            required: false,
            totp: false,
            same_user_with_totp: false,
            valid_for_s: 900,
            wait_s: 0,
            github: None,
            signed_comments: None,
        },
        windows: vec![],
        freezes: vec![],
        monitoring: Vec::new(),
        monitoring_watch_s: 0,
        notify: Vec::new(),
    }
}

/// The right to run `steps` for the service `app` in the environment `dev`, as a new operation.
pub(crate) fn permit(steps: Vec<Step>, revision: Option<Revision>, rollback: Option<RollbackPlan>) -> Permit {
    let settings = Settings::default();
    let now = Time::from(jiff::Timestamp::now());
    let environment = environment();
    let plan = Plan::seal(PlanBody {
        schema: 1,
        id: PlanId::from_uuid(Uuid::new_v4()),
        purpose: Purpose::Rollback,
        service: Some("app".parse().unwrap()),
        environment: environment.name.clone(),
        tier: environment.tier,
        revision,
        facts: Facts::default(),
        requirements: vec![],
        steps,
        rollback,
        warnings: vec![],
        policy: settings.digest().unwrap(),
        requester: Principal::local(1000),
        created_at: now,
        expires_at: now.plus_s(600),
    })
    .unwrap();
    let case = Case {
        settings: &settings,
        policy: settings.digest().unwrap(),
        environment: &environment,
        evidence: &[],
        approval: None,
        facts: None,
        history: &[],
        frozen_by: None,
        halted: None,
        now,
    };
    policy::decide(plan, OperationId::from_uuid(Uuid::new_v4()), 1, &case).unwrap()
}
