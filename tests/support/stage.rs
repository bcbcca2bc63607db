//! The demo's sandbox with an engine of its own, driven directly or by a process that can be killed.

use std::{path::Path, sync::Arc};

use deploy_ops_mcp::{
    cli::{
        terminal::Terminal,
        wire::{self, Parts, Switches},
    },
    demo::sandbox::{Approvals, Sandbox},
    domain::{
        approval::{Channel, Decision},
        plan::PlanId,
        principal::{Principal, Scope},
        reach::Reach,
    },
    engine::{Caller, Engine, Hooks, Reply},
    world::{Clock, SystemClock},
};
use serde_json::Value;

/// A sandbox and an engine over it.
pub struct Stage {
    pub sandbox: Sandbox,
    pub engine: Engine,
    _directory: tempfile::TempDir,
}

/// The program under test.
pub fn program() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_deploy-ops"))
}

/// A caller with all scopes.
pub fn caller() -> Caller {
    Caller {
        principal: Principal::local(4242),
        scopes: [Scope::Read, Scope::Plan, Scope::Execute].into(),
        reach: Reach::default(),
        session: "test".to_owned(),
        progress: None,
    }
}

/// An engine over a configuration; scripts are run by the real program.
pub fn engine(config: &Path, hooks: Arc<dyn Hooks>, look_only: bool) -> Engine {
    engine_at(config, hooks, Arc::new(SystemClock), look_only)
}

/// The same with a clock of the test's own.
pub fn engine_at(config: &Path, hooks: Arc<dyn Hooks>, clock: Arc<dyn Clock>, look_only: bool) -> Engine {
    let switches = Switches { config: Some(config.to_path_buf()), look_only, ..Switches::default() };
    let parts = Parts { hooks, runner: program(), clock };
    wire::wire_with(&switches, &Terminal::quiet(), parts).expect("the sandbox's configuration is good").engine
}

impl Stage {
    pub async fn with(hooks: Arc<dyn Hooks>) -> Self {
        Self::of(hooks, |_| ()).await
    }

    /// The same with a changed configuration.
    pub async fn of(hooks: Arc<dyn Hooks>, configure: fn(&Sandbox)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
        configure(&sandbox);
        let engine = engine(&sandbox.config, hooks, false);
        Self { sandbox, engine, _directory: directory }
    }

    pub async fn call(&self, tool: &str, arguments: Value) -> Reply {
        call(&self.engine, tool, arguments).await
    }

    /// Dry run, approval, execution: to its end.
    pub async fn deploy(&self, service: &str, version: &str) -> Reply {
        deploy(&self.engine, service, version).await
    }

    /// The state of a target's directory and databases, as seen from outside.
    pub fn live(&self, service: &str) -> String {
        let root = self.sandbox.directory.join("srv").join(service);
        let page = ["current/index.html", "www/index.html"]
            .iter()
            .find_map(|name| std::fs::read_to_string(root.join(name)).ok());
        page.unwrap_or_default()
    }
}

pub async fn call(engine: &Engine, tool: &str, arguments: Value) -> Reply {
    let arguments = arguments.as_object().cloned().unwrap_or_default();
    engine.call(caller(), tool, arguments).await
}

/// A text of a reply, by JSON pointer.
pub fn text<'a>(reply: &'a Reply, pointer: &str) -> &'a str {
    reply.structured.pointer(pointer).and_then(Value::as_str).unwrap_or_default()
}

/// What a human at a terminal does.
pub async fn approve(engine: &Engine, plan: &str) {
    let id: PlanId = plan.parse().expect("a plan id");
    let shown = engine.plan_for_approval(&id).await.unwrap();
    engine.answer_plan(&shown, Decision::Approve, Principal::operator("alice"), Channel::Terminal).await.unwrap();
}

pub async fn plan(engine: &Engine, tool: &str, mut arguments: Value) -> Result<String, Reply> {
    arguments["wait_s"] = 40.into();
    let reply = call(engine, tool, arguments).await;
    let plan = text(&reply, "/plan/id").to_owned();
    if plan.is_empty() { Err(reply) } else { Ok(plan) }
}

pub async fn deploy(engine: &Engine, service: &str, version: &str) -> Reply {
    let plan = match plan(engine, "deploy_service", serde_json::json!({ "service": service, "version": version })).await
    {
        Ok(plan) => plan,
        Err(reply) => return reply,
    };
    approve(engine, &plan).await;
    call(engine, "deploy_service", serde_json::json!({ "mode": "execute", "plan": plan, "wait_s": 40 })).await
}
