//! How large a database is, and how long a snapshot of it takes.

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen, first, name};
use crate::domain::{evidence::Outcome, inventory::Database, refusal::Refusal, snapshot::SnapshotManifest};

/// What a first snapshot is assumed to manage, bytes per ms: dump, compress, restore and compare.
const ASSUMED_BYTES_PER_MS: u64 = 20_000;
/// What even an empty database costs, ms: programs start, a scratch database is made and dropped.
const AT_LEAST_MS: u64 = 200;

/// The sizes of a database.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct SizesView {
    /// Size of the database, bytes.
    pub(in crate::tools) database_bytes: u64,
    /// The largest tables.
    pub(in crate::tools) largest_tables: Vec<TableSize>,
    /// Smaller tables that are not shown.
    pub(in crate::tools) tables_left_out: usize,
    /// Expected duration of a snapshot, from the last ones, or from the size; ms.
    pub(in crate::tools) snapshot_ms: u64,
}

/// The size of a table.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct TableSize {
    table: String,
    /// Exact on SQLite, the server's estimate elsewhere.
    rows: u64,
    bytes: u64,
}

pub(in crate::tools) async fn look(
    context: Context<'_>,
    database: &Database,
    limit: usize,
) -> Result<Seen<SizesView>, Refusal> {
    let found = context.reader.inspect_database(&database.name).await?;
    let known = context.records.snapshots(&database.name).await?;
    let database_bytes = found.identity.bytes;
    let (snapshot_ms, count) = (estimate(database_bytes, &known), found.tables.len());
    let (largest, tables_left_out) = first(found.tables, limit);
    let table = |size: crate::world::database::TableSize| TableSize {
        table: name(&size.name),
        rows: size.rows,
        bytes: size.bytes,
    };
    let basis = if known.is_empty() { "guessed from the size" } else { "from the last snapshots" };
    Ok(Seen {
        outcome: Outcome::Pass,
        found: format!(
            "{} has {count} tables in {}; a snapshot takes about {} s ({basis})",
            database.name,
            human(database_bytes),
            snapshot_ms.div_ceil(1000)
        ),
        facts: SizesView {
            database_bytes,
            largest_tables: largest.into_iter().map(table).collect(),
            tables_left_out,
            snapshot_ms,
        },
    })
}

/// The speed of the newest snapshots, applied to the size of today.
pub(in crate::tools) fn estimate(bytes: u64, known: &[SnapshotManifest]) -> u64 {
    let recent = known.iter().take(3);
    let (time, size) = recent.fold((0_u128, 0_u128), |(time, size), snapshot| {
        (time + u128::from(snapshot.duration_ms), size + u128::from(snapshot.database_bytes))
    });
    match (time * u128::from(bytes)).checked_div(size) {
        Some(scaled) => u64::try_from(scaled).unwrap_or(u64::MAX),
        None => (bytes / ASSUMED_BYTES_PER_MS).max(AT_LEAST_MS),
    }
}

/// Bytes for a reader.
fn human(bytes: u64) -> String {
    let units = [("GiB", 1_u64 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)];
    match units.into_iter().find(|(_, unit)| bytes >= *unit) {
        Some((name, unit)) => format!("{}.{} {name}", bytes / unit, bytes % unit * 10 / unit),
        None => format!("{bytes} bytes"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_for_a_reader() {
        assert_eq!(human(12), "12 bytes");
        assert_eq!(human(1536), "1.5 KiB");
        assert_eq!(human(3 << 30), "3.0 GiB");
        assert_eq!(estimate(0, &[]), AT_LEAST_MS);
    }
}
