//! An approved plan waits as long as its environment says, so that others can look at it and deny it. A rollback never waits.

use super::{super::Case, approval};
use crate::domain::{
    approval::{Approval, Decision},
    inventory::Environment,
    plan::{Plan, Purpose},
    refusal::{Code, NextCall, Refusal},
    time::Time,
};

/// How long the plan waits after its approval, s; 0 when it needs none, and for every rollback.
pub fn wait_s(plan: &Plan, environment: &Environment) -> u32 {
    let waits = plan.body().purpose != Purpose::Rollback && approval::needed(plan, environment);
    if waits { environment.approval.wait_s } else { 0 }
}

/// From when the plan may be executed, when it waits and this answer approves it.
pub fn not_before(plan: &Plan, environment: &Environment, answer: &Approval) -> Option<Time> {
    let wait = wait_s(plan, environment);
    let approved = answer.decision == Decision::Approve && answer.plan_digest == plan.digest();
    (wait > 0 && approved).then(|| answer.given_at.plus_s(i64::from(wait)))
}

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    // Without an approval it is the rule before that refuses.
    let from = case.approval.and_then(|answer| not_before(plan, case.environment, answer));
    let Some(from) = from.filter(|from| case.now < *from) else { return Ok(()) };
    let why = format!("from {from} on");
    Err(Refusal::new(
        Code::WaitNotOver,
        format!(
            "The plan is approved; {} waits {} s after an approval, and it is {} now.",
            case.environment.name, case.environment.approval.wait_s, case.now
        ),
        format!("Execute the same plan {why}. Until then a human can stop it with `deploy-ops deny {}`.", plan.id()),
    )
    .with_next(NextCall::new(
        plan.body().purpose.tool(),
        serde_json::json!({ "mode": "execute", "plan": plan.id() }),
        why,
    )))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        domain::{
            approval::Channel,
            digest::Digest,
            effect::Tier,
            facts::Facts,
            inventory::ApprovalRule,
            plan::{PlanBody, PlanId},
            principal::Principal,
            step::{CheckSmoke, PruneReleases, Step},
        },
        policy::{self, Settings},
    };

    const WAIT_S: u32 = 300;
    const PURPOSES: [Purpose; 7] = [
        Purpose::Deploy,
        Purpose::Rollback,
        Purpose::Snapshot,
        Purpose::Issue,
        Purpose::Tag,
        Purpose::Report,
        Purpose::Notice,
    ];

    fn now() -> Time {
        "2025-01-15T10:00:00Z".parse().unwrap()
    }

    fn environment(tier: Tier, required: bool) -> Environment {
        let approval = ApprovalRule {
            required,
            totp: false,
            same_user_with_totp: false,
            valid_for_s: 900,
            wait_s: WAIT_S,
            github: None,
            signed_comments: None,
        };
        Environment {
            name: "live".parse().unwrap(),
            tier,
            approval,
            windows: Vec::new(),
            freezes: Vec::new(),
            monitoring: Vec::new(),
            monitoring_watch_s: 0,
            notify: Vec::new(),
        }
    }

    fn plan(purpose: Purpose, environment: &Environment, step: &Step) -> Plan {
        Plan::seal(PlanBody {
            schema: 1,
            id: PlanId::from_uuid(uuid::Uuid::from_u128(1)),
            purpose,
            service: Some("app".parse().unwrap()),
            environment: environment.name.clone(),
            tier: environment.tier,
            revision: None,
            facts: Facts::default(),
            requirements: Vec::new(),
            steps: vec![step.clone()],
            rollback: None,
            warnings: Vec::new(),
            policy: Settings::default().digest().unwrap(),
            requester: Principal::local(1000),
            created_at: now().plus_s(-600),
            expires_at: now().plus_s(600),
        })
        .unwrap()
    }

    fn answer(plan_digest: Digest, decision: Decision, age_s: i64) -> Approval {
        let given_at = now().plus_s(-age_s);
        Approval {
            plan_digest,
            decision,
            approver: Principal::operator("ada"),
            channel: Channel::Terminal,
            given_at,
            expires_at: given_at.plus_s(900),
            accepts_data_loss: false,
        }
    }

    /// Whether the plan is told to wait.
    fn waits(plan: &Plan, environment: &Environment, approval: Option<&Approval>) -> bool {
        let settings = Settings::default();
        let policy = settings.digest().unwrap();
        let case = Case {
            settings: &settings,
            policy,
            environment,
            evidence: &[],
            approval,
            facts: None,
            history: &[],
            frozen_by: None,
            halted: None,
            now: now(),
        };
        policy::blockers(plan, &case).iter().any(|refusal| refusal.code == Code::WaitNotOver)
    }

    #[test]
    fn whatever_needs_an_approval_waits_to_the_last_second_but_a_rollback_never_does() {
        let smoke = Step::CheckSmoke(CheckSmoke { version: "v1".parse().unwrap() });
        let prune = Step::PruneReleases(PruneReleases { keep: 3, protect: None });
        for (tier, required) in [
            (Tier::Production, true),
            (Tier::Production, false),
            (Tier::Staging, true),
            (Tier::Staging, false),
            (Tier::Development, true),
            (Tier::Development, false),
        ] {
            let environment = environment(tier, required);
            for (purpose, (step, only_adds)) in
                PURPOSES.into_iter().flat_map(|purpose| [(purpose, (&smoke, true)), (purpose, (&prune, false))])
            {
                let plan = plan(purpose, &environment, step);
                let needed = (tier == Tier::Production || required) && (!only_adds || purpose == Purpose::Tag);
                let wanted = needed && purpose != Purpose::Rollback;
                let about = format!("{purpose:?} {tier:?} {required} {only_adds}");
                assert_eq!(wait_s(&plan, &environment) == WAIT_S, wanted, "{about}");
                let after = |s| waits(&plan, &environment, Some(&answer(plan.digest(), Decision::Approve, s)));
                assert_eq!([0, 299, 300, 301].map(after), [wanted, wanted, false, false], "{about}");
                let other = answer(Digest::of(b"another plan"), Decision::Approve, 0);
                let denied = answer(plan.digest(), Decision::Deny, 0);
                for none in [None, Some(&other), Some(&denied)] {
                    assert!(!waits(&plan, &environment, none), "{about}: it is the approval that is missing");
                }
            }
        }
    }
}
