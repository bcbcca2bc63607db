//! What was written to a database since a snapshot of it.

use super::proof::expected;
use crate::{
    domain::snapshot::SnapshotManifest,
    world::{Reader, WorldError},
};

/// What was written since a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changes {
    /// Rows in all tables, now.
    pub rows_now: u64,
    /// The tables whose rows are not those of the snapshot, with how many there were then and are now.
    pub tables: Vec<ChangedTable>,
}

/// A table whose rows are not those of the snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChangedTable {
    /// Its name.
    pub name: String,
    /// Its rows in the snapshot.
    pub then: u64,
    /// Its rows now.
    pub now: u64,
}

impl Reader<'_> {
    /// Reads the whole database in one transaction and compares it with what the snapshot's manifest says.
    pub async fn changes_since(&self, manifest: &SnapshotManifest) -> Result<Changes, WorldError> {
        let then = expected(manifest);
        let now = self.database_contents(&manifest.database).await?;
        let rows = |rows: &std::collections::BTreeMap<String, u64>, name: &str| rows.get(name).copied().unwrap_or(0);
        let tables = then.changed_tables(&now).into_iter().map(|name| ChangedTable {
            then: rows(&then.rows, &name),
            now: rows(&now.rows, &name),
            name,
        });
        Ok(Changes { rows_now: now.rows.values().sum(), tables: tables.collect() })
    }
}
