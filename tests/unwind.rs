//! Every step of every plan fails once: the previous version answers, or nothing was changed.

use std::sync::{
    Arc, Mutex, OnceLock,
    atomic::{AtomicBool, Ordering},
};

use deploy_ops_mcp::{
    demo::sandbox::Sandbox,
    domain::{evidence::EvidenceKind, operation::Phase},
    engine::{Hooks, Point},
    redact::{Redactor, Secret},
};
use serde_json::json;

use crate::support::{
    lighthouse,
    stage::{self, Stage, text},
};

/// Fails one step, at every attempt.
struct FailsAt {
    index: usize,
    /// Instead of the index.
    step: Option<&'static str>,
    armed: AtomicBool,
    reached: AtomicBool,
}

impl Hooks for FailsAt {
    fn fails(&self, phase: Phase, index: usize, step: &'static str) -> bool {
        let here = self.step.map_or(index == self.index, |wanted| wanted == step);
        let hit = self.armed.load(Ordering::SeqCst) && phase == Phase::Do && here;
        if hit {
            self.reached.store(true, Ordering::SeqCst);
        }
        hit
    }
}

/// Deploys v13, then v14 with a failing step; what users see must be v13 again. Returns false when there is no such step.
async fn fails_at(service: &str, index: usize, step: Option<&'static str>) -> bool {
    let hooks = Arc::new(FailsAt { index, step, armed: AtomicBool::new(false), reached: AtomicBool::new(false) });
    let configure: fn(&Sandbox) = if step.is_some() { lighthouse::look_at_shop } else { |_| () };
    let stage = Stage::of(hooks.clone(), configure).await;
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
    while fails_at(service, index, None).await {
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

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_survives_the_failure_of_its_looks_at_pages() {
    for step in ["check_lighthouse", "check_visual"] {
        assert!(fails_at("shop", 0, Some(step)).await, "{step} is no step of it");
    }
}

/// Learns, when a script has run, of a secret that is what the script's evidence says: that cannot be stored any more.
#[derive(Default)]
struct Learns {
    redactor: Mutex<Option<Redactor>>,
    value: OnceLock<String>,
}

impl Hooks for Learns {
    fn at(&self, phase: Phase, _: usize, step: &'static str, point: Point) {
        if (phase, step, point) == (Phase::Do, "run_script", Point::AfterEffect)
            && let (Some(redactor), Some(value)) = (&*self.redactor.lock().unwrap(), self.value.get())
        {
            redactor.add([Secret::new("LATE", value.as_str())]);
        }
    }
}

/// What the ledger refuses to store, because it could not be read back, does not leave an operation without an end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_outcome_that_cannot_be_stored_is_taken_back_and_not_left_open() {
    let hooks = Arc::new(Learns::default());
    let mut ended = Vec::new();
    for _ in 0..2 {
        let stage = Stage::with(hooks.clone()).await;
        *hooks.redactor.lock().unwrap() = Some(stage.engine.redactor().clone());
        let done = stage.deploy("shop", "v2025.01.13").await;
        let ledger = stage.engine.ledger_for_operator().await.unwrap();
        let evidence = ledger.evidence(&text(&done, "/operation/id").parse().unwrap()).await.unwrap();
        let migrated = evidence.iter().find(|evidence| evidence.kind == EvidenceKind::Migrations);
        let schema = migrated.and_then(|evidence| serde_json::to_value(evidence.raw_digest?).ok());
        // The next sandbox has the same schema, and its redactor is another one.
        hooks.value.get_or_init(|| schema.unwrap_or_default().as_str().unwrap_or_default().to_owned());
        ended.push((text(&done, "/operation/state").to_owned(), done.text.clone()));
    }
    assert_eq!(ended[0].0, "succeeded", "{}", *ended[0].1);
    assert_eq!(ended[1].0, "rolled_back", "{}", *ended[1].1);
    assert!(ended[1].1.contains("it does not count"), "{}", *ended[1].1);
}
