//! Databases: who they are, what they hold, where their migrations stand. Everything here only reads.

mod activity;
mod connection;
mod contents;
pub(crate) mod mariadb;
mod migrations;
pub(crate) mod postgres;
pub(crate) mod sqlite;
mod way;

use std::{
    os::unix::fs::MetadataExt,
    path::{Path, PathBuf},
};

pub use activity::{Activity, Session, SlowStatement};
pub(crate) use connection::{Access, Connection};
pub(crate) use contents::Contents;
pub use migrations::{AppliedMigration, Migrations};
pub(crate) use way::Way;

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
        let database = entry(self.inventory(), name)?;
        let mut connection = self.connect(database, Access::Look).await?;
        identity(database, &mut connection).await
    }

    /// Sizes, migrations and schema, read in one transaction.
    pub async fn inspect_database(&self, name: &DatabaseName) -> Result<DatabaseState, WorldError> {
        let database = entry(self.inventory(), name)?;
        let mut connection = self.connect(database, Access::Look).await?;
        let identity = identity(database, &mut connection).await?;
        connection.begin().await?;
        let schema = contents::schema(&mut connection).await?;
        let tables = match &mut connection {
            Connection::Sqlite(connection) => sqlite::table_sizes(connection).await?,
            Connection::Postgres(connection) => postgres::table_sizes(connection).await?,
            Connection::Mariadb(connection) => mariadb::table_sizes(connection).await?,
        };
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
        let mut connection = self.connect(database, Access::Look).await?;
        migrations::read(tool, &mut connection).await.map(Some)
    }

    /// The fingerprint of the schema.
    pub async fn schema_fingerprint(&self, name: &DatabaseName) -> Result<Digest, WorldError> {
        let mut connection = self.connect(entry(self.inventory(), name)?, Access::Look).await?;
        connection.begin().await?;
        contents::schema(&mut connection).await
    }

    /// Everything the database holds, as digests, read in one transaction.
    pub(crate) async fn database_contents(&self, name: &DatabaseName) -> Result<Contents, WorldError> {
        let database = entry(self.inventory(), name)?;
        let mut connection = self.connect(database, Access::ReadAll).await?;
        connection.begin().await?;
        Contents::read(&mut connection, database.migrations).await
    }
}

/// Who answers on a connection.
async fn identity(database: &Database, connection: &mut Connection) -> Result<DatabaseIdentity, WorldError> {
    match connection {
        Connection::Sqlite(connection) => sqlite::identity(&database.name, sqlite_path(database)?, connection).await,
        Connection::Postgres(connection) => postgres::identity(connection).await,
        Connection::Mariadb(connection) => mariadb::identity(connection).await,
    }
}

/// Whether the server does not let this user in with this password. It counts that, and may lock the user out.
pub(in crate::world) fn refuses_login(error: &WorldError) -> bool {
    postgres::refuses_login(error) || mariadb::refuses_login(error)
}

/// The database of the inventory.
pub(crate) fn entry<'i>(inventory: &'i Inventory, name: &DatabaseName) -> Result<&'i Database, WorldError> {
    inventory.database(name).map_err(|refusal: Refusal| {
        WorldError::new(Code::UnknownName, format!("find database {name}"), "it is not in the inventory", refusal.fix)
    })
}

/// The file of a SQLite database; the others have none.
pub(crate) fn sqlite_path(database: &Database) -> Result<&Path, WorldError> {
    match &database.engine {
        Engine::Sqlite { path } => Ok(path),
        Engine::Postgres(_) | Engine::Mariadb(_) => Err(WorldError::unsupported(
            format!("open the file of database {}", database.name),
            database.engine.label(),
        )),
    }
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
