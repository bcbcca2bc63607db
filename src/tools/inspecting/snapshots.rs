//! The snapshots of a database.

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen};
use crate::domain::{
    evidence::Outcome,
    inventory::Database,
    operation::OperationId,
    refusal::Refusal,
    snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
    time::Time,
};

/// The last verified snapshot of a database, and whether it still counts.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct SnapshotsView {
    /// The newest verified one.
    #[serde(skip_serializing_if = "Option::is_none")]
    last: Option<SnapshotView>,
    /// Whether it is as young as the configuration wants.
    current: bool,
    /// The oldest that still counts, s.
    max_age_s: u32,
    /// How many are kept.
    kept: usize,
}

/// A snapshot of the catalogue.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct SnapshotView {
    snapshot: SnapshotId,
    /// When it was taken (UTC).
    taken_at: Time,
    age_s: u64,
    level: SnapshotLevel,
    stored_bytes: u64,
    /// Rows in all tables.
    rows: u64,
    operation: OperationId,
}

impl SnapshotView {
    pub(in crate::tools) fn of(manifest: &SnapshotManifest, now: Time) -> Self {
        Self {
            snapshot: manifest.id.clone(),
            taken_at: manifest.taken_at,
            age_s: now.seconds_since(manifest.taken_at),
            level: manifest.level,
            stored_bytes: manifest.stored_bytes,
            rows: manifest.rows.values().sum(),
            operation: manifest.operation.clone(),
        }
    }
}

pub(in crate::tools) async fn look(context: Context<'_>, database: &Database) -> Result<Seen<SnapshotsView>, Refusal> {
    let now = context.reader.now();
    let known = context.records.snapshots(&database.name).await?;
    let last = known.iter().find(|manifest| manifest.level == SnapshotLevel::Verified);
    let age_s = last.map(|manifest| now.seconds_since(manifest.taken_at));
    let current = age_s.is_some_and(|age| age <= u64::from(database.snapshot_max_age_s));
    let found = match last {
        None => format!("{} has no verified snapshot", database.name),
        Some(manifest) => {
            let old = if current { "" } else { ": TOO OLD" };
            format!("last verified snapshot of {}: {}{old}", database.name, manifest.taken_at)
        }
    };
    Ok(Seen {
        outcome: if current { Outcome::Pass } else { Outcome::Fail },
        found,
        facts: SnapshotsView {
            last: last.map(|manifest| SnapshotView::of(manifest, now)),
            current,
            max_age_s: database.snapshot_max_age_s,
            kept: known.len(),
        },
    })
}
