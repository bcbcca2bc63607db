//! Databases: who they are, what they hold, where their migrations stand. Everything here only reads.

mod contents;
mod migrations;
mod sqlite;

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub(crate) use contents::Contents;
pub use migrations::{AppliedMigration, Migrations};
pub(crate) use sqlite::{Connection, open, read_only};

use super::{Reader, WorldError};
use crate::domain::{
    digest::Digest,
    inventory::{Database, Engine, Inventory},
    name::DatabaseName,
    refusal::{Code, Refusal},
};

/// Who a database is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseIdentity {
    /// The engine with its version, for example `sqlite 3.51.3`.
    pub engine: String,
    /// Which database it really is. It stays the same over writes and changes when another one takes its place: for SQLite the
    /// canonical path with the file's device and inode, `<path>@<device>:<inode>`.
    pub identity: String,
    /// Its size, bytes.
    pub bytes: u64,
}

/// What a database holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DatabaseState {
    /// Who it is.
    pub identity: DatabaseIdentity,
    /// Its tables, largest first.
    pub tables: Vec<TableSize>,
    /// Where its migrations stand, when the inventory names their tool.
    pub migrations: Option<Migrations>,
    /// The fingerprint of its schema.
    pub schema: Digest,
}

/// A table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TableSize {
    /// Its name.
    pub name: String,
    /// Its rows, exactly.
    pub rows: u64,
    /// The space of its pages and those of its indexes, bytes.
    pub bytes: u64,
}

impl Reader<'_> {
    /// Connects, and says who answers.
    pub async fn database_identity(&self, name: &DatabaseName) -> Result<DatabaseIdentity, WorldError> {
        let path = sqlite_path(entry(self.inventory(), name)?)?;
        let mut connection = read_only(name, path).await?;
        sqlite::identity(name, path, &mut connection).await
    }

    /// Sizes, migrations and schema, read in one transaction.
    pub async fn inspect_database(&self, name: &DatabaseName) -> Result<DatabaseState, WorldError> {
        let database = entry(self.inventory(), name)?;
        let path = sqlite_path(database)?;
        let mut connection = read_only(name, path).await?;
        let identity = sqlite::identity(name, path, &mut connection).await?;
        connection.begin().await?;
        let schema = contents::schema(&mut connection).await?;
        let tables = sqlite::table_sizes(&mut connection).await?;
        let migrations = match database.migrations {
            Some(tool) => Some(migrations::read(tool, &mut connection).await?),
            None => None,
        };
        Ok(DatabaseState { identity, tables, migrations, schema })
    }

    /// Where the migrations stand; `None` when the inventory names no tool.
    pub async fn migrations(&self, name: &DatabaseName) -> Result<Option<Migrations>, WorldError> {
        let database = entry(self.inventory(), name)?;
        let Some(tool) = database.migrations else { return Ok(None) };
        let mut connection = read_only(name, sqlite_path(database)?).await?;
        migrations::read(tool, &mut connection).await.map(Some)
    }

    /// Everything the database holds, as digests, read in one transaction.
    pub(crate) async fn database_contents(&self, name: &DatabaseName) -> Result<Contents, WorldError> {
        let database = entry(self.inventory(), name)?;
        let mut connection = read_only(name, sqlite_path(database)?).await?;
        connection.begin().await?;
        Contents::read(&mut connection, database.migrations).await
    }
}

/// The database of the inventory.
pub(crate) fn entry<'i>(inventory: &'i Inventory, name: &DatabaseName) -> Result<&'i Database, WorldError> {
    inventory.database(name).map_err(|refusal: Refusal| {
        WorldError::new(Code::UnknownName, format!("find database {name}"), "it is not in the inventory", refusal.fix)
    })
}

/// The file of a SQLite database; other engines are not served.
pub(crate) fn sqlite_path(database: &Database) -> Result<&Path, WorldError> {
    let what = match &database.engine {
        Engine::Sqlite { path } => return Ok(path),
        Engine::Postgres { .. } => "PostgreSQL",
        Engine::Mariadb { .. } => "MariaDB",
    };
    Err(WorldError::unsupported(format!("reach database {}", database.name), what))
}

/// Whether a path is one of the inventory's database files or a companion of one. They are only ever opened by SQLite: closing
/// any other handle in this process would drop SQLite's locks (<https://sqlite.org/howtocorrupt.html> §2.2).
pub(crate) fn is_database_file(inventory: &Inventory, device: u64, inode: u64) -> bool {
    inventory.databases.values().filter_map(|database| sqlite_path(database).ok()).any(|path| {
        companions(path)
            .iter()
            .any(|file| std::fs::metadata(file).is_ok_and(|found| found.dev() == device && found.ino() == inode))
    })
}

/// The file and what SQLite keeps beside it.
pub(crate) fn companions(path: &Path) -> [PathBuf; 4] {
    ["", "-wal", "-shm", "-journal"].map(|suffix| super::git::beside(path, suffix))
}
