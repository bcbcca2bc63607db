//! `deploy-ops operations [id]`

use std::collections::BTreeSet;

use super::{
    Exit,
    person::Person,
    plans::looking,
    terminal::{Terminal, words},
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        operation::{OperationFilter, OperationId},
        principal::Scope,
        reach::Reach,
        refusal::Refusal,
    },
    engine::Caller,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// One operation, with its journal and evidence.
    operation: Option<OperationId>,
    /// Only those that have not ended.
    #[arg(long)]
    open: bool,
    /// At most that many, newest first.
    #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u32).range(1..=1000))]
    limit: u32,
    /// Print JSON, one operation a line.
    #[arg(long)]
    json: bool,
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    looking(switches, terminal, async |wired| match &options.operation {
        Some(id) => Ok(one(wired, id, options.json, terminal).await),
        None => list(wired, options, terminal).await,
    })
}

/// What `operation_status` says, journal and all.
async fn one(wired: &Wired, id: &OperationId, json: bool, terminal: &Terminal) -> Exit {
    let caller = Caller {
        principal: Person::here().caller(),
        scopes: BTreeSet::from([Scope::Read]),
        reach: Reach::default(),
        session: "cli".to_owned(),
        progress: None,
    };
    let arguments = [("operation".to_owned(), id.as_str().into()), ("journal".to_owned(), true.into())];
    let reply = wired.engine.call(caller, "operation_status", arguments.into_iter().collect()).await;
    if json {
        terminal.json(&reply.structured);
    } else {
        terminal.show(&reply.text);
    }
    if reply.is_error { Exit::Refused } else { Exit::Done }
}

async fn list(wired: &Wired, options: &Options, terminal: &Terminal) -> Result<Exit, Refusal> {
    let filter = OperationFilter { open_only: options.open, limit: options.limit, ..OperationFilter::default() };
    let operations = wired.engine.ledger_for_operator().await?.operations(&filter).await?;
    if operations.is_empty() && !options.json {
        terminal.line("There is no such operation.");
    }
    for operation in operations {
        if options.json {
            terminal.json(&wired.redactor.json(serde_json::to_value(&operation).unwrap_or_default()));
            continue;
        }
        let service = operation.service.as_ref().map_or("databases", |service| service.as_str());
        let version = operation.version.as_deref().map_or(String::new(), |version| format!(" {version}"));
        terminal.say(
            &wired.redactor,
            &format!(
                "{} {} {} {service}{version} in {} by {}: {}: {}",
                operation.started_at,
                operation.id,
                words(&operation.kind),
                operation.environment,
                operation.requester,
                words(&operation.state).to_uppercase(),
                operation.summary
            ),
        );
    }
    Ok(Exit::Done)
}
