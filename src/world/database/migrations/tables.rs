//! The table that each tool keeps, as its documentation or source says, and how it is asked.

use super::super::Connection;
use crate::{domain::inventory::MigrationTool, world::WorldError};

/// The name of a tool's table.
pub(super) fn name(tool: MigrationTool) -> &'static str {
    match tool {
        MigrationTool::Alembic => "alembic_version",
        MigrationTool::Prisma => "_prisma_migrations",
        MigrationTool::Drush => "key_value",
        MigrationTool::Django => "django_migrations",
        MigrationTool::Laravel => "migrations",
        MigrationTool::Flyway => "flyway_schema_history",
        MigrationTool::Rails => "schema_migrations",
        MigrationTool::Sqlx => "_sqlx_migrations",
    }
}

/// The table as it is written in a query; on PostgreSQL in the schema that holds it, `public` first.
pub(super) async fn find(connection: &mut Connection, table: &str) -> Result<Option<String>, WorldError> {
    let query = match connection {
        Connection::Sqlite(_) => format!("SELECT name FROM sqlite_schema WHERE type = 'table' AND name = '{table}'"),
        Connection::Postgres(_) => format!(
            "SELECT quote_ident(n.nspname) || '.' || quote_ident(c.relname) FROM pg_class c \
             JOIN pg_namespace n ON n.oid = c.relnamespace \
             WHERE c.relname = '{table}' AND c.relkind IN ('r', 'p') AND n.nspname NOT LIKE 'pg\\_%' \
             ORDER BY n.nspname <> 'public', n.nspname LIMIT 1"
        ),
        Connection::Mariadb(_) => format!(
            "SELECT table_name FROM information_schema.tables \
             WHERE table_schema = DATABASE() AND table_name = '{table}'"
        ),
    };
    connection.text(&query).await
}

/// The query for id, time, whether it ended well (`1` or `0`), kind and checksum, oldest first. All values are texts.
pub(super) fn query(tool: MigrationTool, table: &str, connection: &Connection) -> String {
    let text = if matches!(connection, Connection::Mariadb(_)) { "CHAR" } else { "TEXT" };
    let hex = if matches!(connection, Connection::Postgres(_)) { "encode(checksum, 'hex')" } else { "hex(checksum)" };
    let (columns, rest) = match tool {
        MigrationTool::Alembic => ("version_num, NULL, '1', NULL, NULL".to_owned(), "ORDER BY 1"),
        MigrationTool::Prisma => (
            format!(
                "migration_name, CAST(finished_at AS {text}), \
                 CASE WHEN finished_at IS NULL THEN '0' ELSE '1' END, NULL, checksum"
            ),
            // A row that was rolled back says that its migration is not applied, whatever `migrate status` says.
            "WHERE rolled_back_at IS NULL ORDER BY started_at, migration_name",
        ),
        MigrationTool::Drush => ("name, NULL, '1', NULL, NULL".to_owned(), ""),
        MigrationTool::Django => {
            (format!("concat(app, '.', name), CAST(applied AS {text}), '1', NULL, NULL"), "ORDER BY id")
        }
        MigrationTool::Laravel => ("migration, NULL, '1', NULL, NULL".to_owned(), "ORDER BY batch, id"),
        MigrationTool::Flyway => (
            format!(
                "coalesce(version, script), CAST(installed_on AS {text}), CASE WHEN success THEN '1' ELSE '0' END, type, \
                 CAST(checksum AS {text})"
            ),
            "ORDER BY installed_rank",
        ),
        MigrationTool::Rails => ("version, NULL, '1', NULL, NULL".to_owned(), "ORDER BY 1"),
        MigrationTool::Sqlx => (
            format!(
                "CAST(version AS {text}), CAST(installed_on AS {text}), CASE WHEN success THEN '1' ELSE '0' END, NULL, {hex}"
            ),
            "ORDER BY version",
        ),
    };
    format!("SELECT {columns} FROM {table} {rest}")
}
