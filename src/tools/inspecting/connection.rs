//! Does a database answer?

use std::time::Instant;

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen};
use crate::{
    domain::{evidence::Outcome, inventory::Database},
    world::WorldError,
};

/// A connection that was made.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct ConnectionView {
    /// The engine with its version.
    engine: String,
    /// From the first packet to the first answer of a query, ms.
    latency_ms: u64,
    /// Size of the database, bytes.
    database_bytes: u64,
}

pub(in crate::tools) async fn look(
    context: Context<'_>,
    database: &Database,
) -> Result<Seen<ConnectionView>, WorldError> {
    let begun = Instant::now();
    let found = context.reader.database_identity(&database.name).await?;
    let latency_ms = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
    Ok(Seen {
        outcome: Outcome::Pass,
        found: format!("DB connection successful to {} ✓ ({}, {latency_ms} ms)", database.name, found.engine),
        facts: ConnectionView { engine: found.engine, latency_ms, database_bytes: found.bytes },
    })
}
