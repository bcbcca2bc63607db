//! Every step of every plan fails once: the previous version answers, or nothing was changed.

use std::sync::{
    Arc, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use deploy_ops_mcp::{
    domain::operation::Phase,
    engine::{Hooks, Point},
    redact::{Redactor, Secret},
};
use serde_json::json;

use crate::support::stage::{self, Stage, text};

/// Fails one step, at every attempt.
struct FailsAt {
    index: usize,
    armed: AtomicBool,
    reached: AtomicBool,
}

impl Hooks for FailsAt {
    fn fails(&self, phase: Phase, index: usize, _: &'static str) -> bool {
        let hit = self.armed.load(Ordering::SeqCst) && phase == Phase::Do && index == self.index;
        if hit {
            self.reached.store(true, Ordering::SeqCst);
        }
        hit
    }
}

/// Deploys v13, then v14 with a failing step; what users see must be v13 again. Returns false when there is no such step.
async fn fails_at(service: &str, index: usize) -> bool {
    let hooks = Arc::new(FailsAt { index, armed: AtomicBool::new(false), reached: AtomicBool::new(false) });
    let stage = Stage::with(hooks.clone()).await;
    let first = stage.deploy(service, "v2025.01.13").await;
    assert_eq!(text(&first, "/operation/state"), "succeeded", "{}", *first.text);
    let before = stage.live(service);
    hooks.armed.store(true, Ordering::SeqCst);
    let second = stage.deploy(service, "v2025.01.14").await;
    if !hooks.reached.load(Ordering::SeqCst) {
        assert_eq!(text(&second, "/operation/state"), "succeeded", "{}", *second.text);
        return false;
    }
    let state = text(&second, "/operation/state").to_owned();
    assert!(matches!(state.as_str(), "failed" | "rolled_back"), "{service} step {index}: {}", *second.text);
    assert_eq!(stage.live(service), before, "{service} step {index}: {state}");
    let smoke = stage.call("run_smoke", json!({ "services": [service] })).await;
    assert_eq!(text(&smoke, "/outcome"), "PASS", "{service} step {index}: {}", *smoke.text);
    // The lock is free again and the service is not frozen: the fixed version can be planned.
    hooks.armed.store(false, Ordering::SeqCst);
    let again =
        stage::plan(&stage.engine, "deploy_service", json!({ "service": service, "version": "v2025.01.13" })).await;
    drop(again);
    true
}

async fn every_step(service: &str, at_least: usize) {
    let mut index = 0;
    while fails_at(service, index).await {
        index += 1;
    }
    assert!(index >= at_least, "{service} has only {index} steps");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_deployment_survives_the_failure_of_each_step() {
    every_step("shop", 7).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_deployment_survives_the_failure_of_each_step() {
    every_step("forum", 4).await;
}

/// Learns of a secret when a step has taken effect: from then on nothing can be stored in which its value is a word.
#[derive(Default)]
struct Learns {
    redactor: OnceLock<Redactor>,
    step: &'static str,
    value: &'static str,
}

impl Hooks for Learns {
    fn at(&self, phase: Phase, _: usize, step: &'static str, point: Point) {
        if let (Phase::Do, Point::AfterEffect, Some(redactor)) = (phase, point, self.redactor.get())
            && step == self.step
        {
            redactor.add([Secret::new("LATE", self.value)]);
        }
    }
}

/// What the ledger refuses to store, because it could not be read back, does not leave an operation without an end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_stored_is_taken_back_and_not_left_open() {
    let hooks = Arc::new(Learns { step: "run_script", value: "migrations", ..Learns::default() });
    let stage = Stage::with(hooks.clone()).await;
    hooks.redactor.set(stage.engine.redactor().clone()).unwrap_or_default();
    let done = stage.deploy("shop", "v2025.01.13").await;
    assert_eq!(text(&done, "/operation/state"), "rolled_back", "{}", *done.text);
    assert!(done.text.contains("it does not count"), "{}", *done.text);
    stage.engine.drain().await;
}
