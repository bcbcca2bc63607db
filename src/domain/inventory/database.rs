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
    Postgres(DatabaseServer),
    /// MariaDB or MySQL.
    Mariadb(DatabaseServer),
}

/// A database on a server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DatabaseServer {
    /// Host name or address, or the absolute path of a socket (PostgreSQL: of its directory).
    pub address: String,
    /// TCP port; PostgreSQL also names its socket by it.
    pub port: u16,
    /// Database name on the server.
    pub database: String,
    /// Login role or user.
    pub user: String,
    /// The secret that holds the password.
    pub password: SecretName,
    /// The host through which it is reached, when it answers only there.
    pub via: Option<HostName>,
    /// How the connection is protected.
    pub tls: Tls,
    /// The database of the inventory on whose server snapshots are restored to be verified; without it, on this one.
    pub scratch: Option<DatabaseName>,
}

impl DatabaseServer {
    /// Whether it is reached by a socket of this machine.
    pub fn is_socket(&self) -> bool {
        self.address.starts_with('/')
    }
}

/// How a connection to a database server is protected. There is no "if the server offers it": that is no protection.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "tls")]
pub enum Tls {
    /// Encrypted, and the certificate must be for the address; `ca` are the authorities (PEM), by default those of the system.
    Verify {
        /// The file with the authorities.
        ca: Option<PathBuf>,
    },
    /// In the clear: only over sockets, loopback and tunnels.
    Off,
}

impl Engine {
    /// The server it is on; none for a file.
    pub fn server(&self) -> Option<&DatabaseServer> {
        match self {
            Self::Sqlite { .. } => None,
            Self::Postgres(server) | Self::Mariadb(server) => Some(server),
        }
    }
    /// The engine's usual name.
    pub fn label(&self) -> &'static str {
        match self {
            Self::Sqlite { .. } => "sqlite",
            Self::Postgres(_) => "postgres",
            Self::Mariadb(_) => "mariadb",
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
