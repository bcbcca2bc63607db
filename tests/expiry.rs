//! Plans, approvals and decisions have a time. The clock is the test's own.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use deploy_ops_mcp::{
    domain::{
        approval::{Channel, Decision},
        operation::Phase,
        principal::Principal,
        time::Time,
    },
    engine::{Engine, Hooks, NoHooks, Point},
    world::{Clock, SystemClock},
};
use serde_json::json;

use crate::support::{
    lighthouse::{self, report},
    mcp::House,
    pages::site_service,
    stage::{self, text},
    wait::until,
};

/// The system's clock, set forward or back by that many seconds.
#[derive(Debug, Default)]
struct ShiftedClock {
    seconds: AtomicI64,
    readings: AtomicU64,
}

impl ShiftedClock {
    fn shift(&self, seconds: i64) {
        self.seconds.fetch_add(seconds, Ordering::SeqCst);
    }

    /// Waits until somebody has looked at it twice: whoever looks again and again has then seen the present time.
    async fn seen(&self) {
        let before = self.readings.load(Ordering::SeqCst);
        until(|| (self.readings.load(Ordering::SeqCst) >= before + 2).then_some(())).await;
    }
}

impl Clock for ShiftedClock {
    fn now(&self) -> Time {
        self.readings.fetch_add(1, Ordering::SeqCst);
        SystemClock.now().plus_s(self.seconds.load(Ordering::SeqCst))
    }
}

/// An engine over the house's configuration, and its clock.
fn engine(house: &House) -> (Engine, Arc<ShiftedClock>) {
    let clock = Arc::new(ShiftedClock::default());
    (stage::engine_at(&house.sandbox.config, Arc::new(NoHooks), clock.clone(), false), clock)
}

async fn plan(engine: &Engine, service: &str, version: &str) -> String {
    let arguments = json!({ "service": service, "version": version });
    stage::plan(engine, "deploy_service", arguments).await.unwrap_or_else(|reply| panic!("{}", *reply.text))
}

/// The state in which the execution of a plan ends, or the code of its refusal.
async fn execute(engine: &Engine, plan: &str) -> String {
    execute_by(engine, "deploy_service", plan).await
}

async fn execute_by(engine: &Engine, tool: &str, plan: &str) -> String {
    let arguments = json!({ "mode": "execute", "plan": plan, "wait_s": 40 });
    let reply = stage::call(engine, tool, arguments).await;
    let outcome = if reply.is_error { "/error/code" } else { "/operation/state" };
    text(&reply, outcome).to_owned()
}

#[tokio::test]
async fn a_plan_can_be_executed_and_approved_until_it_expires() {
    let house = House::production().await;
    let (engine, clock) = engine(&house);
    let id = plan(&engine, "forum", "v2025.01.13").await;
    stage::approve(&engine, &id).await;
    // A production plan lives 15 minutes, and so does its approval.
    clock.shift(901);
    assert_eq!(execute(&engine, &id).await, "PLAN_EXPIRED");
    let shown = engine.plan_for_approval(&id.parse().unwrap()).await.unwrap();
    assert!(shown.blockers.iter().any(|blocker| blocker.code.as_text() == "PLAN_EXPIRED"), "{:?}", shown.blockers);
    let late = engine
        .answer_plan(&shown, Decision::Approve, Principal::operator("alice"), Channel::Terminal)
        .await
        .unwrap_err();
    assert_eq!(late.code.as_text(), "PLAN_EXPIRED");
    assert!(engine.pending_plans().await.unwrap().is_empty());
    // A clock that goes back behind the plan's making proves nothing about its age.
    clock.shift(-2000);
    assert_eq!(execute(&engine, &id).await, "PLAN_EXPIRED");
    assert_eq!(house.sandbox.forum_starts(), 0);
}

#[tokio::test]
async fn a_plan_is_good_to_its_last_second() {
    let house = House::production().await;
    let (engine, clock) = engine(&house);
    let id = plan(&engine, "forum", "v2025.01.13").await;
    clock.shift(600);
    stage::approve(&engine, &id).await;
    // Seconds are left for a slow machine between the two readings of the clock.
    clock.shift(240);
    assert_eq!(execute(&engine, &id).await, "succeeded");
}

#[tokio::test]
async fn an_approval_expires_before_its_plan_and_can_be_given_again() {
    let house = House::production().await;
    house.configure(|text| {
        text.replacen("tier = \"production\"", "tier = \"production\"\napproval = { valid_for_s = 60 }", 1)
    });
    let (engine, clock) = engine(&house);
    let id = plan(&engine, "forum", "v2025.01.13").await;
    clock.shift(200);
    stage::approve(&engine, &id).await;
    clock.shift(61);
    assert_eq!(execute(&engine, &id).await, "APPROVAL_REQUIRED");
    clock.shift(-100);
    assert_eq!(execute(&engine, &id).await, "APPROVAL_REQUIRED", "an approval from the future is none");
    clock.shift(100);
    stage::approve(&engine, &id).await;
    assert_eq!(execute(&engine, &id).await, "succeeded");
}

#[tokio::test]
async fn an_approved_plan_waits_as_long_as_its_environment_says_and_a_rollback_does_not() {
    let house = House::production().await;
    house.configure(|text| {
        text.replacen("tier = \"production\"", "tier = \"production\"\napproval = { wait_s = 300 }", 1)
    });
    let (engine, clock) = engine(&house);
    for version in ["v2025.01.13", "v2025.01.14"] {
        let id = plan(&engine, "forum", version).await;
        assert_eq!(execute(&engine, &id).await, "APPROVAL_REQUIRED");
        stage::approve(&engine, &id).await;
        assert_eq!(execute(&engine, &id).await, "WAIT_NOT_OVER");
        // Seconds are left for a slow machine between two readings of the clock.
        clock.shift(240);
        assert_eq!(execute(&engine, &id).await, "WAIT_NOT_OVER");
        clock.shift(60);
        assert_eq!(execute(&engine, &id).await, "succeeded", "{version}");
    }
    let back = stage::plan(&engine, "rollback", json!({ "service": "forum" })).await;
    let back = back.unwrap_or_else(|reply| panic!("{}", *reply.text));
    stage::approve(&engine, &back).await;
    assert_eq!(execute_by(&engine, "rollback", &back).await, "succeeded");
}

#[tokio::test]
async fn evidence_goes_stale_before_a_long_lived_plan_does() {
    let house = House::staging().await;
    house.configure(|text| format!("{text}\n[policy]\nplan_lifetime_s = 14400\n"));
    let (engine, clock) = engine(&house);
    let id = plan(&engine, "forum", "v2025.01.13").await;
    clock.shift(1801);
    assert_eq!(execute(&engine, &id).await, "DRY_RUN_FAILED");
    clock.shift(1800);
    assert_eq!(execute(&engine, &id).await, "GATES_NOT_GREEN");
    assert_eq!(house.sandbox.forum_starts(), 0);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_whose_turn_comes_too_late_is_not_measured() {
    let house = House::staging().await;
    site_service(&house, "http://127.0.0.1:9", "early = { path = \"/early\" }\nlate = { path = \"/late\" }\n");
    let good = [report(json!(1))];
    lighthouse::fake(&house.sandbox, &[("early", &good), ("late", &good)], "runs = 1");
    // It waits until somebody writes into a pipe.
    let (program, pipe) = (house.path("fake/lighthouse"), house.path("fake/go"));
    let text = std::fs::read_to_string(&program).unwrap();
    std::fs::write(&program, text.replace("echo \"$page $run\" >&2", "read -r go < \"$here/go\"")).unwrap();
    assert!(std::process::Command::new("mkfifo").arg(&pipe).status().unwrap().success());
    let (engine, clock) = engine(&house);
    let measured = stage::call(&engine, "run_lighthouse", json!({ "services": ["site"], "wait_s": 40 }));
    let time_passes = async {
        until(|| house.path("fake/early.runs").exists().then_some(())).await;
        clock.shift(1801);
        tokio::task::spawn_blocking(move || std::fs::write(pipe, "go\n")).await.unwrap().unwrap();
    };
    let (reply, ()) = tokio::join!(measured, time_passes);
    assert!(
        reply.text.contains("INCONCLUSIVE: Lighthouse of site: 1 of 2 pages could not be measured."),
        "{}",
        *reply.text
    );
    assert!(reply.text.contains("site late in production: not measured: the others took 1800 s"), "{}", *reply.text);
    assert!(!house.path("fake/late.runs").exists());
}

/// Sets the clock forward once a snapshot is taken.
struct SlowAfterSnapshot(Arc<ShiftedClock>);

impl Hooks for SlowAfterSnapshot {
    fn at(&self, phase: Phase, _: usize, step: &'static str, point: Point) {
        if (phase, step, point) == (Phase::Do, "take_snapshot", Point::AfterOutcome) {
            self.0.shift(901);
        }
    }
}

#[tokio::test]
async fn a_snapshot_that_has_grown_old_before_the_first_change_is_none() {
    let house = House::staging().await;
    let clock = Arc::new(ShiftedClock::default());
    let hooks = Arc::new(SlowAfterSnapshot(clock.clone()));
    let engine = stage::engine_at(&house.sandbox.config, hooks, clock, false);
    let id = plan(&engine, "forum", "v2025.01.13").await;
    let arguments = json!({ "mode": "execute", "plan": id, "wait_s": 40 });
    let reply = stage::call(&engine, "deploy_service", arguments).await;
    assert_eq!(text(&reply, "/operation/state"), "failed", "{}", *reply.text);
    assert!(reply.text.contains("BACKUP_MISSING"), "{}", *reply.text);
    assert_eq!(house.sandbox.forum_starts(), 0);
}

#[tokio::test]
async fn a_result_that_nobody_decides_about_is_taken_back_at_its_deadline() {
    let house = House::staging().await;
    house.commit(
        &[("deploy-tool.sh", "#!/bin/sh\n[ \"${1:-}\" = --dry-run ] || echo x >> \"$DEPLOY_ROOT/runs\"\n")],
        "v3",
    );
    house.add_script_service("tool", "deploy-tool.sh", 30, "");
    let (engine, clock) = engine(&house);
    let id = plan(&engine, "tool", "v3").await;
    let reply = stage::call(&engine, "deploy_service", json!({ "mode": "execute", "plan": id, "wait_s": 40 })).await;
    assert_eq!(text(&reply, "/operation/state"), "awaiting_decision", "{}", *reply.text);
    assert_eq!(text(&reply, "/operation/verdict/judgement"), "INCONCLUSIVE");
    let operation = text(&reply, "/operation/id").to_owned();
    let status = async |wait_s: u32| {
        stage::call(&engine, "operation_status", json!({ "operation": operation, "wait_s": wait_s, "journal": true }))
            .await
    };
    // Half an hour is left to decide in; a minute before its end the operation still waits.
    clock.shift(1740);
    clock.seen().await;
    let reply = status(0).await;
    assert_eq!(text(&reply, "/detail/operation/state"), "awaiting_decision", "{}", *reply.text);
    clock.shift(61);
    tokio::time::timeout(Duration::from_mins(1), engine.drain()).await.expect("it is taken back at its deadline");
    let reply = status(0).await;
    assert_eq!(text(&reply, "/detail/operation/state"), "rolled_back", "{}", *reply.text);
    assert!(reply.text.contains("nobody decided until"), "{}", *reply.text);
    let again =
        stage::call(&engine, "deploy_service", json!({ "service": "tool", "version": "v3", "wait_s": 40 })).await;
    assert!(again.text.contains("VERSION_ROLLED_BACK"), "{}", *again.text);
}
