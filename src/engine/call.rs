//! One tool call, from the door to the reply.

use std::sync::Arc;

use serde_json::{Map, Value};

use super::{Caller, Engine, Given, Reply, memo::Basis, records::EngineRecords, reply};
use crate::{
    domain::{
        effect::Effect,
        principal::Scope,
        refusal::{Code, NextCall, Refusal},
    },
    tools::{self, Handler, Tool, Wish, records::OperationView},
    world::browser::Image,
};

/// What a call brought, before it is redacted.
pub(super) struct Outcome {
    pub(super) status: String,
    pub(super) output: Value,
    pub(super) next: Vec<NextCall>,
    pub(super) pictures: Vec<Image>,
}

impl From<tools::ErasedAnswer> for Outcome {
    fn from(answer: tools::ErasedAnswer) -> Self {
        let tools::ErasedAnswer { status, output, next, pictures, sighting: _ } = answer;
        Self { status, output, next, pictures }
    }
}

impl Engine {
    /// Calls a tool. It always replies; what the caller can fix is a reply with `is_error`.
    pub async fn call(&self, caller: Caller, name: &str, arguments: Map<String, Value>) -> Reply {
        self.give(caller, name, arguments).await.into_reply()
    }

    /// The same for a caller who can make use of an answer that others have, too.
    pub async fn give(&self, caller: Caller, name: &str, arguments: Map<String, Value>) -> Given {
        let tool = self.tools().iter().find(|tool| tool.name == name);
        match self.admit(&caller, tool, name) {
            Ok(tool) if tool.from_records => self.recall(&caller, tool, arguments).await,
            Ok(tool) => self.answer(&caller, tool, arguments).await.into(),
            Err(refusal) => self.reply(&caller, tool, Err(refusal)).await.into(),
        }
    }

    /// An answer that follows from the ledger alone: the one that was given before, while nothing has happened since.
    async fn recall(&self, caller: &Caller, tool: &Tool, arguments: Map<String, Value>) -> Given {
        // A ledger that cannot be read is waited for once, not at every look.
        let Some(basis) = self.basis().await else {
            return self.answer(caller, tool, arguments).await.into();
        };
        if let Some(reply) = self.known(caller, tool, &arguments, basis) {
            return Given::Again(reply);
        }
        let _turn = self.0.memo.turn().await;
        let Some(basis) = self.basis().await else {
            return self.answer(caller, tool, arguments).await.into();
        };
        if let Some(reply) = self.known(caller, tool, &arguments, basis) {
            return Given::Again(reply);
        }
        let masked = self.0.redactor.hits().total;
        let reply = self.answer(caller, tool, arguments.clone()).await;
        // What changed meanwhile may be in it or not; and whatever was masked has to be counted each time.
        let unmasked = self.0.redactor.hits().total == masked;
        if !reply.is_error && unmasked && self.basis().await == Some(basis) {
            return Given::Again(self.0.memo.keep(tool.name, arguments, basis, reply));
        }
        reply.into()
    }

    fn known(&self, caller: &Caller, tool: &Tool, arguments: &Map<String, Value>, basis: Basis) -> Option<Arc<Reply>> {
        let reply = self.0.memo.recall(tool.name, arguments, basis)?;
        self.record(caller, tool, None);
        Some(reply)
    }

    /// What answers rest on now; nothing before the ledger is open or when it cannot be read.
    async fn basis(&self) -> Option<Basis> {
        let head = self.0.ledger.get()?.head().await.ok()?;
        Some(Basis { head, secrets: self.0.redactor.secrets(), hosts: self.world().reader().hosts_seen() })
    }

    async fn answer(&self, caller: &Caller, tool: &Tool, arguments: Map<String, Value>) -> Reply {
        let outcome = self.dispatch(caller, tool, Value::Object(arguments)).await;
        self.reply(caller, Some(tool), outcome).await
    }

    /// Notes that a tool was called, for the next batch.
    fn record(&self, caller: &Caller, tool: &Tool, refused: Option<Code>) {
        if let Some(ledger) = self.0.ledger.get() {
            ledger.read_happened(tool.name, &caller.principal, refused, self.world().now());
        }
    }

    async fn reply(&self, caller: &Caller, tool: Option<&Tool>, outcome: Result<Outcome, Refusal>) -> Reply {
        if let Some(tool) = tool {
            self.record(caller, tool, outcome.as_ref().err().map(|refusal| refusal.code));
        }
        let head = match self.0.ledger.get() {
            Some(ledger) => ledger.head().await.ok().map(|head| head.to_string()),
            None => None,
        };
        let before = self.0.redactor.hits().known;
        let reply = reply::build(&self.0.redactor, outcome, head.as_deref());
        // Another session's masks may be counted along with ours; the limit is far above what that adds.
        let masked = self.0.redactor.hits().known.saturating_sub(before);
        self.0.live.add_masked(&caller.session, masked);
        reply
    }

    /// Whether this caller may call this tool at all.
    fn admit<'t>(&self, caller: &Caller, tool: Option<&'t Tool>, name: &str) -> Result<&'t Tool, Refusal> {
        let Some(tool) = tool else {
            let known = tools::all();
            if let Some(hidden) = known.iter().find(|tool| tool.name == name) {
                let why = if self.0.options.read_only && hidden.effect != Effect::Observe {
                    "The server runs read-only; this tool changes something."
                } else {
                    "This tool is switched off on this server."
                };
                return Err(Refusal::new(Code::ReadOnly, why, "Ask the operator; no argument can change this."));
            }
            return Err(Refusal::unknown_name("tool", name, known.iter().map(|tool| tool.name)));
        };
        let limit = self.0.options.session_stop_hits;
        if limit > 0 && self.0.live.masked(&caller.session) >= limit {
            return Err(Refusal::new(
                Code::SessionStopped,
                "This session asked for texts that held too many secrets; it is stopped.",
                "The operator looks at the ledger and starts a new session.",
            ));
        }
        if !caller.scopes.contains(&Scope::Read) {
            return Err(forbidden("read"));
        }
        Ok(tool)
    }

    async fn dispatch(&self, caller: &Caller, tool: &Tool, arguments: Value) -> Result<Outcome, Refusal> {
        match tool.handler {
            Handler::Query(answer) => Ok(self.query(caller, answer, arguments).await?.into()),
            Handler::Observation(observation) => {
                let wait = self.0.options.waits.of((observation.wait_s)(&arguments)?);
                outcome_of(self.observe(caller, observation, arguments, wait).await?)
            }
            Handler::Action(action) => {
                let wish = (action.wish)(&arguments)?;
                let waits = self.0.options.waits;
                let view = match wish {
                    Wish::Look => {
                        return Ok(self.query(caller, action.look, arguments).await?.into());
                    }
                    Wish::Propose { wait_s } => {
                        require(caller, Scope::Plan)?;
                        self.propose(caller, tool, action, arguments, waits.of(wait_s), false).await?
                    }
                    Wish::Start { wait_s } => {
                        require(caller, Scope::Execute)?;
                        self.propose(caller, tool, action, arguments, waits.of(wait_s), true).await?
                    }
                    Wish::Execute { plan, wait_s } => {
                        require(caller, Scope::Execute)?;
                        self.execute(caller, tool, action, &plan, waits.of(wait_s)).await?
                    }
                    Wish::Cancel { operation } => {
                        require(caller, Scope::Execute)?;
                        self.cancel(caller, &operation).await?
                    }
                };
                outcome_of(view)
            }
        }
    }
}

type Answering =
    for<'a> fn(
        Value,
        tools::Context<'a>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<tools::ErasedAnswer, Refusal>> + Send + 'a>>;

impl Engine {
    /// Lets a tool read and answer.
    async fn query(
        &self,
        caller: &Caller,
        answer: Answering,
        arguments: Value,
    ) -> Result<tools::ErasedAnswer, Refusal> {
        let ledger = self.ledger().await?;
        let (records, begun) = (EngineRecords::new(self, ledger), self.world().now());
        let progress = progress_of(self, caller);
        let context = tools::Context {
            reader: self.world().reader(),
            records: &records,
            principal: &caller.principal,
            progress: &progress,
        };
        let mut answer = answer(arguments, context).await?;
        if let Some(sighting) = answer.sighting.take() {
            let kept = self.keep_sighting(ledger, &caller.principal, begun, &answer.status, sighting).await;
            answer.next.extend(kept);
        }
        Ok(answer)
    }
}

/// A channel to the caller that is cleaned on the way.
pub(super) fn progress_of(engine: &Engine, caller: &Caller) -> impl Fn(String) + Send + Sync + 'static {
    let (redactor, sink) = (engine.0.redactor.clone(), caller.progress.clone());
    move |line: String| {
        if let Some(sink) = &sink {
            sink(redactor.text(&line));
        }
    }
}

fn require(caller: &Caller, scope: Scope) -> Result<(), Refusal> {
    let name = match scope {
        Scope::Read => "read",
        Scope::Plan => "plan",
        Scope::Execute => "execute",
    };
    if caller.scopes.contains(&scope) { Ok(()) } else { Err(forbidden(name)) }
}

fn forbidden(scope: &str) -> Refusal {
    Refusal::new(
        Code::Forbidden,
        format!("This client's token does not have the scope {scope}."),
        "The operator gives the scope in the configuration, under [[tokens]].",
    )
}

fn outcome_of(view: OperationView) -> Result<Outcome, Refusal> {
    let (status, next) = tools::headline::headline(&view);
    let output = serde_json::to_value(&view).map_err(|_| {
        Refusal::new(
            Code::WorldFailed,
            "The answer could not be written as JSON.",
            "Report this as a defect of the server.",
        )
    })?;
    Ok(Outcome { status, output, next, pictures: Vec::new() })
}
