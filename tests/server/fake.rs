//! A door whose answers were not redacted, so that only the gate behind it stands between a secret and the client.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicUsize, Ordering},
};

use deploy_ops_mcp::{
    domain::{
        effect::Effect,
        refusal::{Code, Refusal},
    },
    engine::{Caller, Given, Reply, ResourceBody},
    redact::{Redacted, Redactor, Secret},
    server::{
        Door, Handler,
        door::{CompletionKind, Opening, ResourceContent, ResourceInfo},
        handler::HandlerSettings,
        limits::CallLimits,
    },
    tools::{self, Tool, Toolset},
};
use serde_json::{Map, Value, json};
use tokio::sync::Notify;

/// A value that JSON has to escape.
pub(crate) const CANARY: &str = "cAnary-\"7f3Kq\"-\\x9Zt-4mWp2Lr8";

/// A value in the kept answer that becomes a secret when a test says so.
pub(crate) const LATER: &str = "Zq8Lw3RtYk5vHd2P";

pub(crate) const PLAN: &str = "plan_0192f0c1-2b3c-7d4e-8f50-112233445566";

pub(crate) struct FakeDoor {
    tools: Vec<Tool>,
    redactor: Redactor,
    /// Makes answers look redacted without being so.
    blind: Redactor,
    pub(crate) calls: AtomicUsize,
    pub(crate) approved: AtomicBool,
    pub(crate) finished: AtomicUsize,
    pub(crate) slow: Notify,
    kept: Arc<Reply>,
}

pub(crate) fn door() -> Arc<FakeDoor> {
    let redactor = Redactor::default();
    let _ = redactor.add([Secret::new("CANARY", CANARY)]);
    let mut tools: Vec<Tool> =
        ["leak", "fail", "whoami", "slow", "panic", "progress", "big", "kept", "made", "cancel_operation"]
            .map(|name| tool(name, Effect::Observe))
            .into();
    tools.push(tool("deploy_service", Effect::Change));
    tools.push(tool("rollback", Effect::Destroy));
    tools.sort_by_key(|tool| tool.name);
    let blind = Redactor::default();
    let text = format!("All is well, says \"{LATER}\".\n{}", "More of it.\n".repeat(400));
    let structured = blind.json(json!({"list": [1, null, true, {"deep": LATER}], "text": text}));
    let kept = Arc::new(Reply { text: blind.text(&text), structured, pictures: Vec::new(), is_error: false });
    Arc::new(FakeDoor {
        tools,
        redactor,
        blind,
        kept,
        calls: AtomicUsize::new(0),
        approved: AtomicBool::new(false),
        finished: AtomicUsize::new(0),
        slow: Notify::new(),
    })
}

pub(crate) fn handler(door: &Arc<FakeDoor>) -> Handler {
    let calls = CallLimits { reads_per_minute: 0, plans_per_hour: 0, changes_per_hour: 0, ..CallLimits::default() };
    Handler::new(door.clone(), HandlerSettings { calls, elicitation: true }).unwrap()
}

fn tool(name: &'static str, effect: Effect) -> Tool {
    Tool {
        name,
        title: name,
        description: "A tool of the tests.",
        toolset: Toolset::Inspect,
        effect,
        idempotent: effect == Effect::Observe,
        open_world: false,
        from_records: false,
        input_schema: Map::new,
        output_schema: || json!({"type": "object"}).as_object().cloned().unwrap(),
        handler: tools::Handler::Query(|_, _| Box::pin(async { Err(refusal()) })),
    }
}

fn refusal() -> Refusal {
    Refusal::new(Code::NotFound, format!("Nothing about {CANARY}."), "Look elsewhere.")
}

impl FakeDoor {
    /// One secret more from now on. False when the redactor knew it already.
    pub(crate) fn learn(&self, secret: Secret) -> bool {
        let known = self.redactor.secrets();
        let _ = self.redactor.add([secret]);
        self.redactor.secrets() > known
    }

    fn reply(&self, text: &str, structured: Value, is_error: bool) -> Reply {
        Reply { text: self.blind.text(text), structured: self.blind.json(structured), pictures: Vec::new(), is_error }
    }
}

impl Door for FakeDoor {
    fn call<'a>(&'a self, caller: Caller, tool: &'a str, arguments: Map<String, Value>) -> Opening<'a, Given> {
        self.calls.fetch_add(1, Ordering::SeqCst);
        Box::pin(async move {
            let reply = match tool {
                "leak" => self.reply(CANARY, json!({"deep": [{CANARY: CANARY}]}), false),
                "fail" => self.reply(CANARY, json!({"error": {"code": "WORLD_FAILED", "message": CANARY}}), true),
                "whoami" => {
                    let scopes: Vec<String> = caller.scopes.iter().map(|scope| format!("{scope:?}")).collect();
                    let who = json!({"principal": caller.principal, "scopes": scopes, "session": caller.session});
                    self.reply(caller.principal.as_str(), who, false)
                }
                "slow" => {
                    self.slow.notified().await;
                    self.finished.fetch_add(1, Ordering::SeqCst);
                    self.reply("done", json!({}), false)
                }
                "panic" => panic!("{CANARY}"),
                "progress" => {
                    for _ in 0..3 {
                        if let Some(tell) = &caller.progress {
                            tell(self.blind.text(CANARY));
                        }
                    }
                    self.reply("done", json!({}), false)
                }
                "big" => self.reply(&"x".repeat(64 * 1024), json!({}), false),
                "deploy_service" if self.approved.load(Ordering::SeqCst) => self.reply("running", json!({}), false),
                "deploy_service" => self.reply("no", json!({"error": {"code": "APPROVAL_REQUIRED"}}), true),
                "kept" => return Given::Again(self.kept.clone()),
                // The same answer, as others would be given it.
                "made" => (*self.kept).clone(),
                _ => self.reply("ok", Value::Object(arguments), false),
            };
            reply.into()
        })
    }
    fn tools(&self) -> &[Tool] {
        &self.tools
    }
    fn resources<'a>(&'a self, _: &'a Caller) -> Opening<'a, Vec<ResourceInfo>> {
        let info = |n: usize| ResourceInfo {
            uri: format!("deploy-ops://operations/{n}"),
            name: CANARY.to_owned(),
            title: CANARY.to_owned(),
            description: CANARY.to_owned(),
            mime: "application/json",
        };
        Box::pin(async move { (0..120).map(info).collect() })
    }
    fn read_resource<'a>(&'a self, _: &'a Caller, uri: &'a str) -> Opening<'a, Result<ResourceContent, Refusal>> {
        Box::pin(async move {
            if uri.starts_with("deploy-ops://") {
                Ok(ResourceContent { mime: "application/json", body: ResourceBody::Text(self.blind.text(CANARY)) })
            } else {
                Err(refusal())
            }
        })
    }
    fn complete<'a>(
        &'a self,
        _: &'a Caller,
        _: CompletionKind,
        _: &'a str,
        _: Option<&'a str>,
    ) -> Opening<'a, Vec<Redacted<String>>> {
        Box::pin(async { vec![self.blind.text(CANARY), self.blind.text("shop")] })
    }
    fn instructions(&self) -> String {
        format!("Do not say {CANARY}.")
    }
    fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }
}

/// Whether the canary is in what left, plain or as JSON escapes it.
pub(crate) fn leaked(bytes: &[u8]) -> bool {
    let text = String::from_utf8_lossy(bytes);
    let escaped = serde_json::to_string(CANARY).unwrap();
    text.contains(CANARY) || text.contains(escaped.trim_matches('"'))
}
