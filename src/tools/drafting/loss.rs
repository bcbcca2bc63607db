//! What a restore would lose, counted before anybody approves it.

use std::time::Duration;

use super::super::{Context, inspecting::name};
use crate::{
    domain::{plan::Loss, snapshot::SnapshotManifest},
    world::snapshots::ChangedTable,
};

/// How many tables are named.
const NAMED: usize = 20;
/// How long the reading of all databases may take; what is not read by then is said to be unknown.
const LIMIT: Duration = Duration::from_mins(2);

/// The loss of each database that would get one of these snapshots. What cannot be read does not stop the plan: it says so.
pub(in crate::tools) async fn of_restore(context: Context<'_>, snapshots: &[SnapshotManifest]) -> Vec<Loss> {
    futures::future::join_all(snapshots.iter().map(|manifest| of(context, manifest))).await
}

async fn of(context: Context<'_>, manifest: &SnapshotManifest) -> Loss {
    let read = tokio::time::timeout(LIMIT, context.reader.changes_since(manifest)).await;
    let changes = read.ok().and_then(Result::ok);
    let tables = changes.as_ref().map_or(&[][..], |changes| &changes.tables);
    Loss {
        database: manifest.database.clone(),
        taken_at: manifest.taken_at,
        span_s: context.reader.now().seconds_since(manifest.taken_at),
        rows_then: manifest.rows.values().sum(),
        rows_now: changes.as_ref().map(|changes| changes.rows_now),
        tables: tables.iter().take(NAMED).map(described).collect(),
        more_tables: tables.len().saturating_sub(NAMED) as u64,
    }
}

/// `orders (+12)`; a table with as many rows as before was changed in place.
fn described(table: &ChangedTable) -> String {
    let name = name(&table.name);
    match table.now.checked_sub(table.then) {
        Some(0) => format!("{name} (changed)"),
        Some(more) => format!("{name} (+{more})"),
        None => format!("{name} (-{})", table.then - table.now),
    }
}
