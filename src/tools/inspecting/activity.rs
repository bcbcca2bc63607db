//! What the server of a database is doing.

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen};
use crate::{
    domain::{evidence::Outcome, inventory::Database},
    world::{
        WorldError,
        database::{Session, SlowStatement},
    },
};

/// From which part of the connections on it is tight, percent.
const TIGHT: u64 = 90;

/// What a server is doing. Statements are shown without their literals.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct ActivityView {
    /// Connections to the server.
    #[serde(skip_serializing_if = "Option::is_none")]
    connections: Option<u64>,
    /// Connections to this database, where the server tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    connections_here: Option<u64>,
    /// As many as the server lets in.
    #[serde(skip_serializing_if = "Option::is_none")]
    connections_limit: Option<u64>,
    /// The statements that took the most time in all.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    slow: Vec<StatementView>,
    /// Transactions that are open for a minute or longer.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    long_transactions: Vec<SessionView>,
    /// Sessions that wait for a lock.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    waiting_for_locks: Vec<SessionView>,
    /// What could not be read, and what would help.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_read: Vec<String>,
}

/// A kind of statement.
#[derive(Debug, Serialize, JsonSchema)]
struct StatementView {
    calls: u64,
    total_ms: u64,
    mean_ms: u64,
    untrusted_text: String,
}

/// A session.
#[derive(Debug, Serialize, JsonSchema)]
struct SessionView {
    session: String,
    age_s: u64,
    state: String,
    /// The sessions that it waits for.
    #[serde(skip_serializing_if = "Option::is_none")]
    blocked_by: Option<String>,
    untrusted_text: String,
}

pub(in crate::tools) async fn look(
    context: Context<'_>,
    database: &Database,
    limit: usize,
) -> Result<Seen<ActivityView>, WorldError> {
    let found = context.reader.database_activity(&database.name, limit).await?;
    let tight = found.connections.as_ref().is_some_and(|c| c.server * 100 >= c.limit * TIGHT);
    let waits = found.waiting.as_ref().is_some_and(|waiting| !waiting.is_empty());
    let outcome = if tight || waits {
        Outcome::Fail
    } else if found.connections.is_none() || found.long.is_none() || found.waiting.is_none() {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    };
    let connections = found
        .connections
        .as_ref()
        .map_or_else(|| "connections unknown".to_owned(), |c| format!("{} of {} connections", c.server, c.limit));
    let (long, waiting) = (counted(found.long.as_ref()), counted(found.waiting.as_ref()));
    let slowest = found.slow.first().map_or_else(String::new, |slow| {
        format!("; the most expensive statement ran {} times at {} ms", slow.calls, slow.mean_ms)
    });
    Ok(Seen {
        outcome,
        found: format!(
            "{}: {connections}, {long} long transactions, {waiting} waiting for locks{slowest}",
            database.name
        ),
        facts: ActivityView {
            connections: found.connections.as_ref().map(|c| c.server),
            connections_here: found.connections.as_ref().and_then(|c| c.database),
            connections_limit: found.connections.as_ref().map(|c| c.limit),
            slow: found.slow.into_iter().map(statement).collect(),
            long_transactions: found.long.into_iter().flatten().map(session).collect(),
            waiting_for_locks: found.waiting.into_iter().flatten().map(session).collect(),
            not_read: found.not_read,
        },
    })
}

/// What could not be read is not none.
fn counted(found: Option<&Vec<Session>>) -> String {
    found.map_or_else(|| "unknown".to_owned(), |found| found.len().to_string())
}

fn statement(slow: SlowStatement) -> StatementView {
    let SlowStatement { calls, total_ms, mean_ms, text } = slow;
    StatementView { calls, total_ms, mean_ms, untrusted_text: text }
}

fn session(found: Session) -> SessionView {
    let Session { id, age_s, state, blocked_by, text } = found;
    SessionView { session: id, age_s, state, blocked_by, untrusted_text: text }
}
