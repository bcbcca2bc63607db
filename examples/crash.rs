//! For `tests/crash.rs`: runs one scenario and kills itself, as `kill -9` does, at one moment of one step. Started again with
//! `resume` it goes on, and says how every operation ended.

#![allow(
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::print_stdout,
    reason = "a helper of the tests stops at the first surprise, and says its result on stdout"
)]

use std::{
    path::PathBuf,
    process::ExitCode,
    sync::{
        Arc,
        atomic::{AtomicUsize, Ordering::SeqCst},
    },
    time::Duration,
};

use deploy_ops_mcp::{
    cli::{
        terminal::Terminal,
        wire::{self, Parts, Switches},
    },
    domain::{
        approval::{Channel, Decision},
        operation::{OperationFilter, Phase},
        plan::PlanId,
        principal::{Principal, Scope},
    },
    engine::{Caller, Engine, Hooks, Point},
    world::SystemClock,
};
use serde_json::{Value, json};

/// Kills the process at one moment.
struct Killer {
    phase: Phase,
    index: usize,
    point: Point,
    /// How long after that moment.
    later: Duration,
}

impl Hooks for Killer {
    fn at(&self, phase: Phase, index: usize, _: &'static str, point: Point) {
        if (phase, index, point) == (self.phase, self.index, self.point) {
            let die = || rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
            if self.later.is_zero() {
                let _ = die();
            }
            let later = self.later;
            tokio::spawn(async move {
                tokio::time::sleep(later).await;
                let _ = die();
            });
        }
    }
}

/// Kills the process at one moment of the step of that name, whichever plan it is in.
struct Named {
    step: String,
    point: Point,
    /// How often it passes before.
    passes: AtomicUsize,
}

impl Hooks for Named {
    fn at(&self, _: Phase, _: usize, step: &'static str, point: Point) {
        let hit = step == self.step && point == self.point;
        if hit && self.passes.fetch_update(SeqCst, SeqCst, |left| left.checked_sub(1)).is_err() {
            let _ = rustix::process::kill_process(rustix::process::getpid(), rustix::process::Signal::KILL);
        }
    }
}

/// Never kills.
struct Peace;
impl Hooks for Peace {}

#[tokio::main]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let word = |at: usize| arguments.get(at).map(String::as_str).unwrap_or_default();
    let (config, program, scenario) = (PathBuf::from(word(0)), PathBuf::from(word(1)), word(2));
    let hooks: Arc<dyn Hooks> = match (word(3), word(4).parse(), word(5).parse::<usize>()) {
        (phase @ ("do" | "undo"), Ok(index), Ok(point)) => Arc::new(Killer {
            phase: if phase == "do" { Phase::Do } else { Phase::Undo },
            index,
            point: Point::ALL[point],
            later: Duration::ZERO,
        }),
        // In the course of the effect, that many milliseconds after the intent.
        ("during", Ok(index), Ok(later)) => Arc::new(Killer {
            phase: Phase::Do,
            index,
            point: Point::AfterIntent,
            later: Duration::from_millis(later as u64),
        }),
        // At that moment of the step of that name, after so many that pass.
        (step, Ok(passes), Ok(point)) => {
            Arc::new(Named { step: step.to_owned(), point: Point::ALL[point], passes: AtomicUsize::new(passes) })
        }
        _ => Arc::new(Peace),
    };
    let switches = Switches { config: Some(config), ..Switches::default() };
    let parts = Parts { hooks, runner: &program, clock: Arc::new(SystemClock) };
    let Ok(wired) = wire::wire_with(&switches, &Terminal::quiet(), parts) else { return ExitCode::from(2) };
    let engine = wired.engine;
    engine.start().await.expect("the engine starts");
    match scenario {
        "resume" => {}
        "deploy" => run(&engine, "deploy_service", json!({ "service": word(6), "version": word(7) })).await,
        "rollback" => run(&engine, "rollback", json!({ "service": word(6) })).await,
        "restore" => run(&engine, "rollback", json!({ "service": word(6), "databases": "restore" })).await,
        "snapshot" => drop(call(&engine, "snapshot_db", json!({ "databases": [word(6)], "wait_s": 40 })).await),
        // The arguments of one call, as JSON.
        "call" => drop(call(&engine, word(6), serde_json::from_str(word(7)).expect("arguments")).await),
        "execute" => run(&engine, word(6), serde_json::from_str(word(7)).expect("arguments")).await,
        other => panic!("no such scenario: {other}"),
    }
    engine.drain().await;
    let ledger = engine.ledger_for_operator().await.expect("the ledger opens");
    let filter = OperationFilter { limit: 20, ..OperationFilter::default() };
    let operations = ledger.operations(&filter).await.expect("the ledger is read");
    let list: Vec<Value> = operations
        .iter()
        .map(|o| json!({ "id": o.id, "kind": o.kind, "state": o.state, "summary": o.summary }))
        .collect();
    println!("{}", json!(list));
    ExitCode::SUCCESS
}

async fn call(engine: &Engine, tool: &str, arguments: Value) -> Value {
    let caller = Caller {
        principal: Principal::local(4242),
        scopes: [Scope::Read, Scope::Plan, Scope::Execute].into(),
        reach: deploy_ops_mcp::domain::reach::Reach::default(),
        session: "crash".to_owned(),
        progress: None,
    };
    let reply = engine.call(caller, tool, arguments.as_object().cloned().unwrap_or_default()).await;
    (*reply.structured).clone()
}

async fn run(engine: &Engine, tool: &str, mut arguments: Value) {
    arguments["wait_s"] = json!(40);
    let drafted = call(engine, tool, arguments).await;
    let plan = drafted.pointer("/plan/id").and_then(Value::as_str).unwrap_or_else(|| panic!("no plan: {drafted}"));
    let id: PlanId = plan.parse().expect("a plan id");
    let shown = engine.plan_for_approval(&id).await.expect("the plan can be read");
    let alice = Principal::operator("alice");
    engine.answer_plan(&shown, Decision::Approve, alice, Channel::Terminal).await.expect("it is approved");
    call(engine, tool, json!({ "mode": "execute", "plan": plan, "wait_s": 40 })).await;
}
