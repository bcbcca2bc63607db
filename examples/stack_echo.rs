//! Our whole stack in front of a door that only echoes: what serving costs beside a bare rmcp server.
//!
//! `stack_echo stdio` or `stack_echo http PORT`.

use std::sync::Arc;

use deploy_ops_mcp::{
    domain::{
        effect::Effect,
        refusal::{Code, Refusal},
    },
    engine::{Caller, Given, Reply},
    redact::{Redacted, Redactor, Secret},
    server::{
        Door, Handler,
        door::{CompletionKind, Opening, ResourceContent, ResourceInfo},
        handler::HandlerSettings,
        http::{self, HttpLimits, HttpSettings},
        limits::CallLimits,
        log, stdio,
    },
    tools::{self, Tool, Toolset},
};
use serde_json::{Map, Value, json};

struct Echo {
    tools: Vec<Tool>,
    redactor: Redactor,
}

impl Echo {
    fn new() -> Self {
        let redactor = Redactor::default();
        let _ = redactor.add((0..20).map(|n| Secret::new(format!("S{n}"), format!("example-value-{n}-Zq8Lw3Rt"))));
        let tool = Tool {
            name: "echo",
            title: "Echo",
            description: "Echoes its text.",
            toolset: Toolset::Inspect,
            effect: Effect::Observe,
            idempotent: true,
            open_world: false,
            from_records: false,
            input_schema: || map(json!({"type": "object", "properties": {"text": {"type": "string"}}})),
            output_schema: || map(json!({"type": "object", "properties": {"text": {"type": "string"}}})),
            handler: tools::Handler::Query(|_, _| Box::pin(async { Err(nothing()) })),
        };
        Self { tools: vec![tool], redactor }
    }
}

fn map(value: Value) -> Map<String, Value> {
    value.as_object().cloned().unwrap_or_default()
}

fn nothing() -> Refusal {
    Refusal::new(Code::NotFound, "There is nothing here.", "Call echo.")
}

impl Door for Echo {
    fn call<'a>(&'a self, _: Caller, _: &'a str, arguments: Map<String, Value>) -> Opening<'a, Given> {
        Box::pin(async move {
            let text = arguments.get("text").and_then(Value::as_str).unwrap_or_default();
            let structured = self.redactor.json(json!({ "text": text }));
            Reply { text: self.redactor.text(text), structured, pictures: Vec::new(), is_error: false }.into()
        })
    }
    fn tools(&self) -> &[Tool] {
        &self.tools
    }
    fn resources<'a>(&'a self, _: &'a Caller) -> Opening<'a, Vec<ResourceInfo>> {
        Box::pin(async { Vec::new() })
    }
    fn read_resource<'a>(&'a self, _: &'a Caller, _: &'a str) -> Opening<'a, Result<ResourceContent, Refusal>> {
        Box::pin(async { Err(nothing()) })
    }
    fn complete<'a>(
        &'a self,
        _: &'a Caller,
        _: CompletionKind,
        _: &'a str,
        _: Option<&'a str>,
    ) -> Opening<'a, Vec<Redacted<String>>> {
        Box::pin(async { Vec::new() })
    }
    fn instructions(&self) -> String {
        "Call echo.".to_owned()
    }
    fn redactor(&self) -> Redactor {
        self.redactor.clone()
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let echo = Echo::new();
    let redactor = echo.redactor();
    log::start(redactor.clone(), "warn");
    let calls = CallLimits { reads_per_minute: 0, ..CallLimits::default() };
    let handler = Handler::new(Arc::new(echo), HandlerSettings { calls, elicitation: true })?;
    let mut arguments = std::env::args().skip(1);
    if arguments.next().as_deref() != Some("http") {
        stdio::serve(&handler).await?;
        return Ok(());
    }
    let limits = HttpLimits { connections: 2048, sessions: 2048, requests: 2048, ..HttpLimits::default() };
    let settings = HttpSettings { limits, ..HttpSettings::loopback(arguments.next().unwrap_or_default().parse()?) };
    let listener = http::listen(&settings).await?;
    http::serve(listener, handler, redactor, settings, tokio_util::sync::CancellationToken::new()).await?;
    Ok(())
}
