//! Databases.

use std::path::PathBuf;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::super::name::{DatabaseName, HostName, SecretName};

/// A database.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Database {
    /// Its name in the inventory.
    pub name: DatabaseName,
    /// What it is and how it is reached.
    pub engine: Engine,
    /// How its schema is migrated.
    pub migrations: Option<MigrationTool>,
    /// The oldest snapshot that still counts as current, seconds.
    pub snapshot_max_age_s: u32,
}

/// What a database is and how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "engine")]
pub enum Engine {
    /// A file.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
    /// PostgreSQL.
    Postgres {
        /// Server address or socket directory.
        address: String,
        /// TCP port.
        port: u16,
        /// Database name on the server.
        database: String,
        /// Login role.
        user: String,
        /// The secret that holds the password.
        password: SecretName,
        /// The host through which it is reached, when it answers only there.
        via: Option<HostName>,
    },
    /// MariaDB or MySQL.
    Mariadb {
        /// Server address or socket path.
        address: String,
        /// TCP port.
        port: u16,
        /// Database name on the server.
        database: String,
        /// User.
        user: String,
        /// The secret that holds the password.
        password: SecretName,
        /// The host through which it is reached, when it answers only there.
        via: Option<HostName>,
    },
}

impl Engine {
    /// The engine's usual name.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres { .. } => "postgres",
            Self::Mariadb { .. } => "mariadb",
        }
    }
}

/// The tool that migrates a database; each keeps its own table of what was applied.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum MigrationTool {
    /// `alembic_version(version_num)`.
    Alembic,
    /// `_prisma_migrations(migration_name, finished_at, rolled_back_at, …)`.
    Prisma,
    /// Drupal's `key_value` table, collection `system.schema`.
    Drush,
    /// `django_migrations(app, name, applied)`.
    Django,
    /// `migrations(migration, batch)`.
    Laravel,
    /// `flyway_schema_history(version, success, …)`.
    Flyway,
    /// `schema_migrations(version)`.
    Rails,
    /// `_sqlx_migrations(version, success, …)`.
    Sqlx,
}
