//! What the policy wants to see before a plan may run, asked directly: no tool drafts a plan that lacks it.

use std::collections::BTreeMap;

use deploy_ops_mcp::{
    domain::{
        digest::Digest,
        effect::Tier,
        evidence::{Evidence, EvidenceKind, Outcome, Requirement},
        facts::Facts,
        operation::OperationId,
        plan::{DatabaseStrategy, Plan, PlanBody, PlanId, Purpose, RollbackPlan},
        principal::Principal,
        refusal::Refusal,
        snapshot::SnapshotId,
        step::{CheckSmoke, RestoreDatabase, Step, TakeSnapshot},
        time::Time,
    },
    policy::{self, Case, Permit, Settings},
};
use uuid::Uuid;

use crate::support::permit::environment;

/// The kinds of evidence that can be required, each with the code of its lack.
const KINDS: [(EvidenceKind, &str); 5] = [
    (EvidenceKind::Secrets, "SECRET_MISSING"),
    (EvidenceKind::Gate, "GATES_NOT_GREEN"),
    (EvidenceKind::DryRun, "DRY_RUN_FAILED"),
    (EvidenceKind::Snapshot, "BACKUP_MISSING"),
    (EvidenceKind::RollbackReady, "ROLLBACK_NOT_READY"),
];

fn now() -> Time {
    "2025-01-15T10:00:00Z".parse().unwrap()
}

/// A deployment that needs every kind of evidence.
fn body(steps: Vec<Step>) -> PlanBody {
    let requirements = KINDS.map(|(kind, _)| Requirement { kind, subject: "main".to_owned() });
    PlanBody {
        schema: 1,
        id: PlanId::from_uuid(Uuid::new_v4()),
        purpose: Purpose::Deploy,
        service: Some("app".parse().unwrap()),
        environment: "dev".parse().unwrap(),
        tier: Tier::Development,
        revision: None,
        facts: Facts::default(),
        requirements: requirements.into(),
        steps,
        rollback: Some(RollbackPlan {
            to: None,
            release: None,
            code: "It goes back.".to_owned(),
            database: DatabaseStrategy::Keep,
            rebuilt: false,
        }),
        warnings: vec![],
        policy: Settings::default().digest().unwrap(),
        requester: Principal::local(1000),
        created_at: now().plus_s(-60),
        expires_at: now().plus_s(600),
    }
}

fn all_good() -> Vec<Evidence> {
    let good = |(kind, _)| Evidence {
        kind,
        subject: "main".to_owned(),
        outcome: Outcome::Pass,
        summary: String::new(),
        counters: BTreeMap::new(),
        collected_at: now().plus_s(-50),
        valid_until: now().plus_s(50),
        collector: "test".to_owned(),
        raw_digest: None,
    };
    KINDS.map(good).into()
}

/// The code of the refusal, or `ok`.
fn decide(body: PlanBody, evidence: &[Evidence]) -> String {
    permit(body, evidence).map_or_else(|refusal| refusal.code.as_text(), |_| "ok".to_owned())
}

fn permit(body: PlanBody, evidence: &[Evidence]) -> Result<Permit, Refusal> {
    let settings = Settings::default();
    let environment = environment();
    let case = Case {
        settings: &settings,
        policy: settings.digest().unwrap(),
        environment: &environment,
        evidence,
        approval: None,
        facts: Some(&body.facts.clone()),
        history: &[],
        frozen_by: None,
        halted: None,
        now: now(),
    };
    let plan = Plan::seal(body).unwrap();
    policy::decide(plan, OperationId::from_uuid(Uuid::new_v4()), 1, &case)
}

fn smoke() -> Step {
    Step::CheckSmoke(CheckSmoke { version: "v1".parse().unwrap() })
}

#[test]
fn each_requirement_is_met_only_by_evidence_that_passed_fits_and_still_counts() {
    assert_eq!(decide(body(vec![smoke()]), &all_good()), "ok");
    for (index, (kind, code)) in KINDS.into_iter().enumerate() {
        let spoil = |change: &dyn Fn(&mut Evidence)| {
            let mut evidence = all_good();
            change(&mut evidence[index]);
            decide(body(vec![smoke()]), &evidence)
        };
        let changes: [(&str, &dyn Fn(&mut Evidence)); 6] = [
            ("failed", &|evidence| evidence.outcome = Outcome::Fail),
            ("inconclusive", &|evidence| evidence.outcome = Outcome::Inconclusive),
            ("out of date", &|evidence| evidence.valid_until = now()),
            ("from the future", &|evidence| evidence.collected_at = now().plus_s(1)),
            ("about something else", &|evidence| evidence.subject = "other".to_owned()),
            ("of another kind", &|evidence| evidence.kind = EvidenceKind::Monitoring),
        ];
        for (what, change) in changes {
            assert_eq!(spoil(change), code, "{kind:?} {what}");
        }
        // What was seen last counts, not what was seen best.
        let mut newer = all_good();
        newer.push(Evidence { outcome: Outcome::Fail, collected_at: now().plus_s(-1), ..newer[index].clone() });
        assert_eq!(decide(body(vec![smoke()]), &newer), code, "{kind:?} failed later");
    }
}

#[test]
fn a_database_is_snapshotted_inside_the_plan_before_it_is_touched() {
    let snapshot = SnapshotId::new(&"main".parse().unwrap(), now(), 1);
    let take = Step::TakeSnapshot(TakeSnapshot { database: "main".parse().unwrap(), snapshot: snapshot.clone() });
    let digest = Digest::of(b"");
    let restore = Step::RestoreDatabase(RestoreDatabase { database: "main".parse().unwrap(), snapshot, digest });
    let without: Vec<Evidence> = all_good().into_iter().filter(|e| e.kind != EvidenceKind::Snapshot).collect();
    assert_eq!(decide(body(vec![take.clone(), smoke()]), &without), "ok");
    assert_eq!(decide(body(vec![restore.clone(), take.clone()]), &without), "BACKUP_MISSING");
    assert_eq!(decide(body(vec![take, restore.clone()]), &all_good()), "ok");
    assert_eq!(decide(body(vec![restore]), &all_good()), "BACKUP_MISSING", "a restore always takes its own");
}

#[test]
fn a_deployment_without_a_way_back_or_a_dry_run_is_refused() {
    let mut plan = body(vec![smoke()]);
    plan.rollback = None;
    assert_eq!(decide(plan, &all_good()), "ROLLBACK_NOT_READY");
    let mut plan = body(vec![smoke()]);
    plan.requirements.retain(|requirement| requirement.kind != EvidenceKind::DryRun);
    assert_eq!(decide(plan, &all_good()), "DRY_RUN_MISSING");
}

#[test]
fn before_the_first_change_each_snapshot_is_looked_at_once_more() {
    let settings = Settings::default();
    let permit = permit(body(vec![smoke()]), &all_good()).unwrap();
    let look = |evidence: &[Evidence], now: Time| policy::before_change(&permit, &settings, evidence, now).is_ok();
    let fresh: Vec<Evidence> = all_good().into_iter().filter(|e| e.kind == EvidenceKind::Snapshot).collect();
    assert!(look(&fresh, now()));
    assert!(!look(&[], now()));
    assert!(!look(&[Evidence { outcome: Outcome::Inconclusive, ..fresh[0].clone() }], now()));
    assert!(!look(&[Evidence { subject: "other".to_owned(), ..fresh[0].clone() }], now()));
    // As valid as can be, and yet taken too long ago.
    let old = Evidence { collected_at: now().plus_s(-901), valid_until: now().plus_s(3600), ..fresh[0].clone() };
    assert!(!look(&[old], now()));
}
