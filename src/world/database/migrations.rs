//! Where migrations stand, read from the tables that the migration tools keep.

use super::Connection;
use crate::{
    domain::{digest::Digest, inventory::MigrationTool},
    world::WorldError,
};

/// Where the migrations of a database stand.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Migrations {
    /// The last applied one; several heads are joined by `,`. Absent when none was applied.
    pub head: Option<String>,
    /// All that were applied, oldest first where the tool remembers the order.
    pub applied: Vec<AppliedMigration>,
    /// Those that began and did not end, or failed: the database is half migrated.
    pub unfinished: Vec<String>,
}

/// A migration that was applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AppliedMigration {
    /// Its id as the tool writes it.
    pub id: String,
    /// When it was applied, as the tool wrote it.
    pub applied_at: Option<String>,
}

/// Reads the table of a tool. A database without that table has no migration applied.
pub(super) async fn read(tool: MigrationTool, connection: &mut Connection) -> Result<Migrations, WorldError> {
    let (table, query) = source(tool);
    let (exists, text) = match connection {
        Connection::Sqlite(_) => {
            (format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '{table}'"), "TEXT")
        }
        Connection::Postgres(_) => (format!("SELECT to_regclass('public.{table}')"), "TEXT"),
        Connection::Mariadb(_) => (
            format!(
                "SELECT table_name FROM information_schema.tables \
                 WHERE table_schema = DATABASE() AND table_name = '{table}'"
            ),
            "CHAR",
        ),
    };
    if connection.text(&exists).await?.is_none() {
        return Ok(Migrations::default());
    }
    let query = query.replace("AS TEXT", &format!("AS {text}"));
    let mut found = Migrations::default();
    for row in connection.rows(&query).await? {
        let mut values = row.into_iter();
        let (Some(Some(id)), at, done) = (values.next(), values.next().flatten(), values.next().flatten()) else {
            continue;
        };
        match done.as_deref() {
            Some("0") => found.unfinished.push(id),
            _ => found.applied.push(AppliedMigration { id, applied_at: at }),
        }
    }
    let ids = || found.applied.iter().map(|m| m.id.as_str()).collect::<Vec<_>>();
    found.head = match tool {
        // Every row is a head.
        MigrationTool::Alembic if !found.applied.is_empty() => Some(ids().join(",")),
        // Every module counts by itself.
        MigrationTool::Drush if !found.applied.is_empty() => {
            Some(format!("schema-{}", Digest::of(ids().join("\n").as_bytes()).short()))
        }
        _ => ids().last().map(|id| (*id).to_owned()),
    };
    Ok(found)
}

/// The tool's table, and a query for id, time and, where the tool knows it, whether it ended well (`1` or `0`).
fn source(tool: MigrationTool) -> (&'static str, &'static str) {
    match tool {
        MigrationTool::Alembic => {
            ("alembic_version", "SELECT CAST(version_num AS TEXT), NULL FROM alembic_version ORDER BY 1")
        }
        MigrationTool::Prisma => (
            "_prisma_migrations",
            "SELECT CAST(migration_name AS TEXT), CAST(finished_at AS TEXT), \
             CASE WHEN finished_at IS NULL THEN '0' ELSE '1' END \
             FROM _prisma_migrations WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name",
        ),
        MigrationTool::Drush => (
            "key_value",
            "SELECT CAST(name || '=' || CAST(value AS TEXT) AS TEXT), NULL FROM key_value \
             WHERE collection = 'system.schema' ORDER BY name",
        ),
        MigrationTool::Django => (
            "django_migrations",
            "SELECT CAST(app || '.' || name AS TEXT), CAST(applied AS TEXT) FROM django_migrations ORDER BY id",
        ),
        MigrationTool::Laravel => {
            ("migrations", "SELECT CAST(migration AS TEXT), NULL FROM migrations ORDER BY batch, id")
        }
        MigrationTool::Flyway => (
            "flyway_schema_history",
            "SELECT CAST(coalesce(version, script) AS TEXT), CAST(installed_on AS TEXT), \
             CASE WHEN success THEN '1' ELSE '0' END FROM flyway_schema_history ORDER BY installed_rank",
        ),
        MigrationTool::Rails => {
            ("schema_migrations", "SELECT CAST(version AS TEXT), NULL FROM schema_migrations ORDER BY 1")
        }
        MigrationTool::Sqlx => (
            "_sqlx_migrations",
            "SELECT CAST(version AS TEXT), CAST(installed_on AS TEXT), CASE WHEN success THEN '1' ELSE '0' END \
             FROM _sqlx_migrations ORDER BY version",
        ),
    }
}
