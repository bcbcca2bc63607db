//! `deploy-ops call <tool> key=value …`

use std::{
    collections::BTreeSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

use serde_json::{Map, Value, json};
use tokio::signal::unix::{SignalKind, signal};

use super::{
    Exit,
    arguments::arguments,
    person::Person,
    terminal::Terminal,
    wire::{self, Switches, Wired},
};
use crate::{
    domain::{name, operation::OperationState, principal::Scope, reach::Reach, refusal::Code},
    engine::{Caller, Reply},
    redact::Redacted,
    tools::Tool,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The tool; `deploy-ops schema` lists them.
    tool: String,
    /// The arguments as key=value; lists by commas.
    arguments: Vec<String>,
    /// The arguments as one JSON object; key=value wins over it.
    #[arg(long, value_name = "JSON")]
    json: Option<String>,
    /// What to print: the text that a model reads, or the structured result on one line.
    #[arg(long, value_enum, default_value_t = Output::Text)]
    output: Output,
    /// Print the end of the operation instead of its begin.
    #[arg(long)]
    wait: bool,
    /// Refuse tools that change something.
    #[arg(long)]
    read_only: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Output {
    Text,
    Json,
}

/// The tool that says how an operation stands.
const STATUS: &str = "operation_status";

/// How long one look at a running operation waits, seconds; no call takes longer than 40.
const LOOK_S: u32 = 30;

pub(super) fn run(switches: Switches, options: Options, terminal: &Terminal) -> Exit {
    let switches = Switches { read_only: options.read_only, ..switches };
    let wired = match wire::wire(&switches, terminal) {
        Ok(wired) => wired,
        Err(exit) => return exit,
    };
    let tools = crate::tools::all();
    let Some(tool) = tools.iter().find(|tool| tool.name == options.tool) else {
        let near = name::nearest(&options.tool, tools.iter().map(|tool| tool.name));
        let hint = if near.is_empty() {
            "see deploy-ops schema".to_owned()
        } else {
            format!("did you mean {}?", near.join(" or "))
        };
        return terminal.mistake(&format!("there is no such tool; {hint}"));
    };
    let arguments = match arguments(&(tool.input_schema)(), options.json.as_deref(), &options.arguments) {
        Ok(arguments) => arguments,
        Err(problem) => return terminal.mistake(&problem.to_string()),
    };
    let runtime = match wire::runtime(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    runtime.block_on(async {
        let stopped = stop_signal();
        tokio::select! {
            exit = call(&wired, tool, arguments, &options, terminal) => exit,
            () = stopped => {
                terminal.remark(&wired.redactor, "Interrupted. An operation that was running goes on when a server or a call starts.");
                flush(&wired).await;
                Exit::Running
            }
        }
    })
}

/// SIGINT or SIGTERM. Where they cannot be caught, they end the process as ever.
pub(super) async fn stop_signal() {
    let (Ok(mut interrupt), Ok(mut terminate)) = (signal(SignalKind::interrupt()), signal(SignalKind::terminate()))
    else {
        return std::future::pending().await;
    };
    tokio::select! {
        _ = interrupt.recv() => {}
        _ = terminate.recv() => {}
    }
}

/// What waits to be recorded reaches the disk, unless the disk is too slow for somebody who wants us gone.
pub(super) async fn flush(wired: &Wired) {
    let flushed = async {
        if let Ok(ledger) = wired.engine.ledger_for_operator().await {
            ledger.flush().await;
        }
    };
    let _ = tokio::time::timeout(std::time::Duration::from_secs(1), flushed).await;
}

async fn call(
    wired: &Wired,
    tool: &Tool,
    arguments: Map<String, Value>,
    options: &Options,
    terminal: &Terminal,
) -> Exit {
    let quiet = Arc::new(AtomicBool::new(false));
    let caller = caller(wired, terminal.clone(), quiet.clone());
    let mut reply = wired.engine.call(caller.clone(), tool.name, arguments).await;
    if exit_of(&reply) == Exit::Running {
        if !options.wait {
            print(&reply, options.output, terminal);
            terminal.remark(
                &wired.redactor,
                "The operation is running; this command stays until what it runs itself has ended.",
            );
        }
        reply = settled(wired, &caller, reply).await;
        // What this process runs must not be cut off by its end; after a decision, too, there is an end to be shown.
        quiet.store(true, Ordering::Relaxed);
        wired.engine.drain().await;
        if let Some(id) = operation_id(&reply) {
            reply = status(wired, &caller, &id, 0).await;
        }
        if tool.name != STATUS {
            reply.structured = wired.redactor.json(as_the_tool_says_it(reply.structured.into_inner()));
        }
        if options.wait {
            print(&reply, options.output, terminal);
        }
    } else {
        print(&reply, options.output, terminal);
        wired.engine.drain().await;
    }
    exit_of(&reply)
}

/// The caller is the account that runs this command: it can execute its own plans, and approve none of them.
fn caller(wired: &Wired, terminal: Terminal, quiet: Arc<AtomicBool>) -> Caller {
    let redactor = wired.redactor.clone();
    let say = move |line: Redacted<String>| {
        if !quiet.load(Ordering::Relaxed) {
            terminal.remark(&redactor, &line);
        }
    };
    Caller {
        principal: Person::here().caller(),
        scopes: BTreeSet::from([Scope::Read, Scope::Plan, Scope::Execute]),
        reach: Reach::default(),
        session: "cli".to_owned(),
        progress: Some(Arc::new(say)),
    }
}

/// Looks until the operation no longer runs. One that waits for a human is told about, and waited for.
async fn settled(wired: &Wired, caller: &Caller, mut reply: Reply) -> Reply {
    while exit_of(&reply) == Exit::Running {
        let Some(id) = operation_id(&reply) else { return reply };
        reply = status(wired, caller, &id, LOOK_S).await;
    }
    reply
}

async fn status(wired: &Wired, caller: &Caller, id: &str, wait_s: u32) -> Reply {
    let arguments = [("operation".to_owned(), json!(id)), ("wait_s".to_owned(), json!(wait_s))];
    wired.engine.call(caller.clone(), STATUS, arguments.into_iter().collect()).await
}

fn print(reply: &Reply, output: Output, terminal: &Terminal) {
    match output {
        Output::Text => terminal.show(&reply.text),
        Output::Json => terminal.json(&reply.structured),
    }
}

fn operation_id(reply: &Reply) -> Option<String> {
    told(&reply.structured).pointer("/operation/id").and_then(Value::as_str).map(str::to_owned)
}

/// How an operation stands as the tool says it that began it, and not as `operation_status` does: a script reads one shape, whether
/// the operation took longer than the call or not.
fn as_the_tool_says_it(mut structured: Value) -> Value {
    let Some(Value::Object(mut view)) = structured.get_mut("detail").map(Value::take) else { return structured };
    if let Value::Object(beside) = structured {
        view.extend(beside.into_iter().filter(|(name, _)| name != "detail"));
    }
    Value::Object(view)
}

/// What is told of an operation: by the tool that began it, or by `operation_status`.
fn told(structured: &Value) -> &Value {
    structured.get("detail").unwrap_or(structured)
}

/// What a script should know: refused, blocked, failed, running, or well.
fn exit_of(reply: &Reply) -> Exit {
    exit_of_structured(&reply.structured, reply.is_error)
}

fn exit_of_structured(structured: &Value, is_error: bool) -> Exit {
    let read = |path: &str| told(structured).pointer(path).cloned();
    if is_error {
        let code = read("/error/code").and_then(|code| serde_json::from_value::<Code>(code).ok());
        return code.map_or(Exit::Refused, Exit::of_code);
    }
    let Some(state) = read("/operation/state").and_then(|state| serde_json::from_value::<OperationState>(state).ok())
    else {
        return match read("/verdict").or_else(|| read("/outcome")).as_ref().and_then(Value::as_str) {
            Some("failed" | "fail" | "FAILED" | "FAIL") => Exit::Failed,
            Some("inconclusive" | "INCONCLUSIVE" | "degraded" | "DEGRADED") => Exit::Blocked,
            // Secrets that are not there.
            _ if read("/missing").is_some() => Exit::Refused,
            _ => Exit::Done,
        };
    };
    let blocked =
        read("/operation/blockers").is_some_and(|blockers| blockers.as_array().is_some_and(|all| !all.is_empty()));
    Exit::of_operation(state, blocked)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_says_what_came_of_it() {
        let operation = |state: &str, blockers: Value| json!({ "operation": { "state": state, "blockers": blockers } });
        for (structured, is_error, wanted) in [
            (json!({ "services": [] }), false, Exit::Done),
            (json!({ "error": { "code": "PLAN_STALE" } }), true, Exit::Refused),
            (json!({ "error": { "code": "APPROVAL_REQUIRED" } }), true, Exit::Blocked),
            (json!({ "error": "?" }), true, Exit::Refused),
            (operation("succeeded", json!([])), false, Exit::Done),
            (operation("succeeded", json!([{}])), false, Exit::Blocked),
            (operation("accepted", Value::Null), false, Exit::Done),
            (operation("rolled_back", Value::Null), false, Exit::Failed),
            (operation("failed", Value::Null), false, Exit::Failed),
            (operation("running", Value::Null), false, Exit::Running),
            (operation("awaiting_decision", Value::Null), false, Exit::Blocked),
            (json!({ "outcome": "fail" }), false, Exit::Failed),
            (json!({ "detail": operation("rolled_back", Value::Null) }), false, Exit::Failed),
            (json!({ "detail": operation("running", Value::Null) }), false, Exit::Running),
            (json!({ "found": [], "missing": ["A"] }), false, Exit::Refused),
        ] {
            assert_eq!(exit_of_structured(&structured, is_error), wanted, "{structured}");
        }
    }
}
