//! The ledger, through its public interface, on real files.

use deploy_ops_mcp::{
    domain::{
        approval::{Approval, Channel, Decision},
        digest::Digest,
        effect::Tier,
        evidence::{Evidence, EvidenceKind, Outcome},
        facts::Facts,
        operation::{
            AttemptState, JournalEntry, Metrics, Operation, OperationId, OperationKind, OperationState, Phase,
        },
        plan::{Plan, PlanBody, PlanId, Purpose},
        principal::Principal,
        release::{Deployment, DeploymentState},
        snapshot::{SnapshotFormat, SnapshotId, SnapshotLevel, SnapshotManifest},
        step::{Step, TakeSnapshot},
        time::Time,
    },
    ledger::{Instance, Ledger},
    redact::Redactor,
};
use place::{PLACE, Place, Store};
use uuid::Uuid;

/// Each test once per store. The tests take the store and ask it for places.
macro_rules! both {
    ($($test:ident),* $(,)?) => {
        mod sqlite {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Store::Sqlite).await;
            })*
        }
        mod postgres {
            $(#[tokio::test]
            async fn $test() {
                super::$test(super::Store::Postgres).await;
            })*
        }
    };
}

mod chain;
mod durability;
mod opening;
mod operations;
mod place;
mod reads;
mod secrets;
mod server;
mod signals;
mod telling;

fn now() -> Time {
    Time::from_millis(1_736_933_400_000)
}

fn plan_of(service: &str, warning: &str) -> Plan {
    let database: deploy_ops_mcp::domain::name::DatabaseName = "crm".parse().unwrap();
    let snapshot = SnapshotId::new(&database, now(), 1);
    Plan::seal(PlanBody {
        schema: 1,
        id: PlanId::from_uuid(Uuid::now_v7()),
        purpose: Purpose::Deploy,
        service: Some(service.parse().unwrap()),
        environment: "production".parse().unwrap(),
        tier: Tier::Production,
        revision: None,
        facts: Facts::default(),
        requirements: Vec::new(),
        steps: vec![Step::TakeSnapshot(TakeSnapshot { database, snapshot })],
        rollback: None,
        warnings: vec![warning.to_owned()],
        policy: Digest::of(b"policy"),
        requester: Principal::token("ci"),
        created_at: now(),
        expires_at: now().plus_s(1800),
    })
    .unwrap()
}

fn operation_of(kind: OperationKind, plan: Option<&Plan>, fence: i64) -> Operation {
    Operation {
        id: OperationId::from_uuid(Uuid::now_v7()),
        kind,
        service: Some("crm".parse().unwrap()),
        environment: "production".parse().unwrap(),
        version: Some("v1.2.3".to_owned()),
        plan: plan.map(|plan| plan.id().clone()),
        requester: Principal::token("ci"),
        state: OperationState::Running,
        step: None,
        started_at: now(),
        finished_at: None,
        decide_by: None,
        summary: "running".to_owned(),
        verdict: None,
        blockers: Vec::new(),
        metrics: Metrics::default(),
        fence,
    }
}

fn ended(operation: &Operation, state: OperationState) -> Operation {
    Operation { state, finished_at: Some(now().plus_s(60)), summary: "ended".to_owned(), ..operation.clone() }
}

fn evidence_of(summary: &str) -> Evidence {
    Evidence {
        kind: EvidenceKind::Smoke,
        subject: "crm@abc".to_owned(),
        outcome: Outcome::Pass,
        summary: summary.to_owned(),
        counters: [("checks".to_owned(), 3)].into(),
        collected_at: now(),
        valid_until: now().plus_s(900),
        collector: "run_smoke".to_owned(),
        raw_digest: None,
    }
}

fn approval_of(plan: &Plan) -> Approval {
    Approval {
        plan_digest: plan.digest(),
        decision: Decision::Approve,
        approver: Principal::operator("alice"),
        channel: Channel::Terminal,
        given_at: now(),
        expires_at: now().plus_s(600),
        accepts_data_loss: false,
    }
}

fn intent_of(operation: &Operation, index: u32) -> JournalEntry {
    JournalEntry {
        operation: operation.id.clone(),
        phase: Phase::Do,
        index,
        step: "take_snapshot".to_owned(),
        summary: "take a snapshot of crm".to_owned(),
        attempt: 1,
        state: AttemptState::Intended,
        intended_at: now(),
        ended_at: None,
        outcome: String::new(),
    }
}

fn done(intent: &JournalEntry) -> JournalEntry {
    JournalEntry {
        state: AttemptState::Done,
        ended_at: Some(now().plus_s(1)),
        outcome: "taken".to_owned(),
        ..intent.clone()
    }
}

fn deployment_of(operation: &Operation, state: DeploymentState) -> Deployment {
    Deployment {
        service: "crm".parse().unwrap(),
        environment: "production".parse().unwrap(),
        version: "v1.2.3".parse().unwrap(),
        commit: "a".repeat(40),
        release: None,
        artifact: None,
        operation: operation.id.clone(),
        at: now(),
        state,
    }
}

fn snapshot_of(operation: &Operation, random: u32) -> SnapshotManifest {
    let database: deploy_ops_mcp::domain::name::DatabaseName = "crm".parse().unwrap();
    SnapshotManifest {
        id: SnapshotId::new(&database, now(), random),
        database,
        engine: "sqlite 3.51.3".to_owned(),
        format: SnapshotFormat::Sqlite,
        tool: "sqlite 3.51.3".to_owned(),
        encrypted: false,
        identity: "file-1".to_owned(),
        operation: operation.id.clone(),
        taken_at: now().plus_s(i64::from(random)),
        duration_ms: 1500,
        database_bytes: 4096,
        data_bytes: 1,
        stored_bytes: 512,
        digest: Digest::of(b"stored"),
        migration_head: None,
        schema: Digest::of(b"schema"),
        rows: [("users".to_owned(), 3)].into(),
        contents: [("users".to_owned(), Digest::of(b"users"))].into(),
        level: SnapshotLevel::Verified,
    }
}

/// A plan that was recorded with its dry run, and approved.
async fn approved(ledger: &Ledger) -> Plan {
    let plan = plan_of("crm", "none");
    let dry_run = operation_of(OperationKind::DryRun, None, 0);
    ledger.begin_dry_run(&dry_run).await.unwrap();
    let end = Operation { plan: Some(plan.id().clone()), ..ended(&dry_run, OperationState::Succeeded) };
    ledger.record_plan(&plan, &[evidence_of("dry run")], &end, now()).await.unwrap();
    ledger.record_approval(plan.id(), &approval_of(&plan)).await.unwrap();
    plan
}

/// A running deployment that holds the lock of its service.
async fn running(ledger: &Ledger) -> (Plan, Operation) {
    let plan = approved(ledger).await;
    let lease = ledger
        .acquire(&plan.resource(), plan.id().as_str(), "deploy", now(), 60)
        .await
        .unwrap()
        .expect("the lock is free");
    let operation = operation_of(OperationKind::Deploy, Some(&plan), lease.fence);
    ledger.begin(&plan, &operation).await.unwrap();
    (plan, operation)
}

/// A deployment from its dry run to its end: writes to every table that an operation writes to.
async fn whole_deployment(ledger: &Ledger) -> Operation {
    let (_, operation) = running(ledger).await;
    for index in 0..3 {
        let intent = intent_of(&operation, index);
        ledger.intend(&intent, operation.fence).await.unwrap();
        ledger.outcome(&done(&intent), &[evidence_of("step")], operation.fence).await.unwrap();
    }
    ledger.record_snapshot(&snapshot_of(&operation, 7)).await.unwrap();
    let end = ended(&operation, OperationState::Succeeded);
    ledger.finish(&end, &[deployment_of(&operation, DeploymentState::Live)], now()).await.unwrap();
    end
}
