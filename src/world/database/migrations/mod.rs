//! Where migrations stand, read from the tables that the migration tools keep.

mod drupal;
mod history;
mod tables;

use super::Connection;
use crate::{domain::inventory::MigrationTool, world::WorldError};

/// Where the migrations of a database stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    /// The newest applied one as the tool counts; several heads are joined by `,`. Absent when none was applied.
    pub head: Option<String>,
    /// All that were applied, oldest first where the tool remembers the order. Alembic remembers its heads alone.
    pub applied: Vec<AppliedMigration>,
    /// Those that began and did not end, or failed: the database is half migrated.
    pub unfinished: Vec<String>,
    /// Flyway: the version up to which files count as applied without having been run.
    pub baseline: Option<String>,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Its id as the tool writes it.
    pub id: String,
    /// When it was applied, as the tool wrote it.
    pub applied_at: Option<String>,
    /// The checksum of the file that was applied, where the tool keeps one.
    pub checksum: Option<String>,
}

impl Migrations {
    /// All of it in a few words: what a plan is bound to. It changes with the head, with the count, and when one fails.
    pub fn position(&self) -> String {
        let head = self.head.as_deref().unwrap_or("none");
        let half =
            if self.unfinished.is_empty() { String::new() } else { format!(", {} unfinished", self.unfinished.len()) };
        match self.applied.len() {
            0 | 1 => format!("{head}{half}"),
            count => format!("{head}, {count} applied{half}"),
        }
    }

    /// How many entries are applied that were not before, by id.
    pub fn applied_since(&self, before: &[String]) -> u64 {
        self.applied.iter().filter(|migration| !before.contains(&migration.id)).count() as u64
    }
}

/// Reads the table of a tool. A database without that table has no migration applied.
pub(super) async fn read(tool: MigrationTool, connection: &mut Connection) -> Result<Migrations, WorldError> {
    if tool == MigrationTool::Drush {
        return drupal::read(connection).await;
    }
    let Some(table) = tables::find(connection, tables::name(tool)).await? else {
        return Ok(Migrations::default());
    };
    let rows = connection.rows(&tables::query(tool, &table, connection)).await?;
    Ok(history::of(tool, rows))
}
