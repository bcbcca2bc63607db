//! Everything that is particular to SQLite: opening, settings, file modes, schema version.
//!
//! WAL with `synchronous=FULL`: a committed entry survives a crash of the process and of the machine
//! (<https://www.sqlite.org/pragma.html#pragma_synchronous>). Several processes may use the file at once; WAL needs a local disk.

use std::{
    fs::{self, DirBuilder, OpenOptions},
    io,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt, PermissionsExt},
    path::Path,
    time::Duration,
};

use sqlx::{
    ConnectOptions, SqliteConnection, SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions, SqliteSynchronous},
};
use tokio::time::{Instant, sleep};

use super::{error::LedgerError, store::PATIENCE};

/// "dOps": tells our file from other SQLite files (<https://www.sqlite.org/pragma.html#pragma_application_id>).
const APPLICATION: i64 = 0x644f_7073;
/// The migrations; migration `n` brings the schema to version `n`.
const MIGRATIONS: [&str; 2] = [include_str!("migrations/0001_ledger.sql"), include_str!("migrations/0002_sqlite.sql")];
/// Readers per process; readers never block writers, nor writers readers.
const READERS: u32 = 3;

/// The file of a ledger, checked and migrated.
#[derive(Debug, Clone)]
pub(super) struct File {
    options: SqliteConnectOptions,
}

impl File {
    /// Opens the file, creating and migrating it when needed, and returns its first writing connection.
    pub(super) async fn open(path: &Path) -> Result<(Self, SqliteConnection), LedgerError> {
        prepare(path).map_err(|error| LedgerError::Open(sqlx::Error::Io(error)))?;
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(false)
            .busy_timeout(PATIENCE)
            .foreign_keys(true)
            .synchronous(SqliteSynchronous::Full)
            .disable_statement_logging();
        let file = Self { options };
        let mut connection = file.writer().await?;
        migrate(&mut connection).await?;
        Ok((file, connection))
    }

    /// A connection that may write.
    pub(super) async fn writer(&self) -> Result<SqliteConnection, LedgerError> {
        self.options.connect().await.map_err(opening)
    }

    /// Connections that cannot write, opened when they are first used.
    pub(super) fn readers(&self) -> SqlitePool {
        SqlitePoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(false)
            .connect_lazy_with(self.reading())
    }

    /// A connection that sees everything as of one moment.
    pub(super) async fn snapshot(&self) -> Result<SqliteConnection, LedgerError> {
        let mut connection = self.reading().connect().await.map_err(opening)?;
        sqlx::query("BEGIN").execute(&mut connection).await.map_err(opening)?;
        Ok(connection)
    }

    fn reading(&self) -> SqliteConnectOptions {
        self.options.clone().pragma("query_only", "ON")
    }
}

/// Begins a transaction that holds the only right to write from its first moment, so that it never fails halfway for being late.
pub(super) async fn begin(connection: &mut SqliteConnection) -> Result<(), sqlx::Error> {
    sqlx::query("BEGIN IMMEDIATE").execute(connection).await.map(drop)
}

/// Reads every page once; the texts say what is damaged.
pub(super) async fn quick_check(pool: &SqlitePool) -> Result<Vec<String>, sqlx::Error> {
    let lines: Vec<String> = sqlx::query_scalar("PRAGMA quick_check(10)").fetch_all(pool).await?;
    Ok(lines.into_iter().filter(|line| line != "ok").collect())
}

/// Creates what is missing, readable by its owner only; `-wal` and `-shm` get the mode of the file. A directory that exists keeps
/// its mode.
fn prepare(path: &Path) -> io::Result<()> {
    if let Some(directory) = path.parent().filter(|p| !p.as_os_str().is_empty() && !p.exists()) {
        DirBuilder::new().recursive(true).mode(0o700).create(directory)?;
    }
    match OpenOptions::new().write(true).create_new(true).mode(0o600).open(path) {
        Ok(_) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
            let found = fs::metadata(path)?.permissions();
            if found.mode() & 0o077 == 0 {
                Ok(())
            } else {
                fs::set_permissions(path, fs::Permissions::from_mode(0o600))
            }
        }
        Err(error) => Err(error),
    }
}

/// Brings the schema up to date. A file that is not ours is not touched.
async fn migrate(connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    let newest = i64::try_from(MIGRATIONS.len()).unwrap_or(i64::MAX);
    if version(connection).await? < newest {
        begin(connection).await.map_err(opening)?;
        // Another process may have been faster.
        let found = version(connection).await?;
        for (migration, number) in MIGRATIONS.iter().zip(1_i64..).filter(|(_, number)| *number > found) {
            sqlx::raw_sql(*migration).execute(&mut *connection).await.map_err(opening)?;
            pragma(connection, &format!("PRAGMA user_version = {number}")).await?;
        }
        pragma(connection, &format!("PRAGMA application_id = {APPLICATION}")).await?;
        sqlx::query("COMMIT").execute(&mut *connection).await.map_err(opening)?;
    }
    write_ahead(connection).await
}

/// The version of the schema: 0 for an empty file.
async fn version(connection: &mut SqliteConnection) -> Result<i64, LedgerError> {
    // One statement sees one moment: read one by one, the three could be from before and after another process's migration.
    let (application, version, tables) = sqlx::query_as::<_, (i64, i64, i64)>(
        "SELECT (SELECT application_id FROM pragma_application_id), (SELECT user_version FROM pragma_user_version), \
         (SELECT COUNT(*) FROM sqlite_master)",
    )
    .fetch_one(connection)
    .await
    .map_err(opening)?;
    match (application, version, tables) {
        (0, 0, 0) => Ok(0),
        (APPLICATION, 1.., 1..) if usize::try_from(version).is_ok_and(|v| v <= MIGRATIONS.len()) => Ok(version),
        (APPLICATION, 1.., 1..) => Err(LedgerError::Newer),
        _ => Err(LedgerError::Foreign),
    }
}

/// Switches to write-ahead logging, which stays. The switch needs the file alone and does not wait for it by itself.
async fn write_ahead(connection: &mut SqliteConnection) -> Result<(), LedgerError> {
    let begun = Instant::now();
    loop {
        let mode: Result<String, sqlx::Error> =
            sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut *connection).await;
        if mode.map_err(opening)? == "wal" {
            return Ok(());
        }
        let switched = sqlx::query("PRAGMA journal_mode = WAL").execute(&mut *connection).await;
        match switched {
            Err(error) if begun.elapsed() > PATIENCE => return Err(opening(error)),
            Ok(_) if begun.elapsed() > PATIENCE => return Err(LedgerError::Open(sqlx::Error::PoolTimedOut)),
            Ok(_) | Err(_) => sleep(Duration::from_millis(5)).await,
        }
    }
}

async fn pragma(connection: &mut SqliteConnection, sql: &str) -> Result<(), LedgerError> {
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(connection).await.map(drop).map_err(opening)
}

/// `SQLITE_NOTADB` (26) is a file of another kind (<https://www.sqlite.org/rescode.html#notadb>).
fn opening(error: sqlx::Error) -> LedgerError {
    match error.as_database_error().and_then(sqlx::error::DatabaseError::code) {
        Some(code) if code == "26" => LedgerError::Foreign,
        _ => LedgerError::Open(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_connection_has_the_settings_that_durability_rests_on() {
        let directory = tempfile::tempdir().unwrap();
        let (file, first) = File::open(&directory.path().join("ledger.db")).await.unwrap();
        for mut connection in [first, file.writer().await.unwrap()] {
            for (setting, wanted) in
                [("PRAGMA synchronous", 2), ("PRAGMA foreign_keys", 1), ("PRAGMA busy_timeout", 2000)]
            {
                let found: i64 = sqlx::query_scalar(setting).fetch_one(&mut connection).await.unwrap();
                assert_eq!(found, wanted, "{setting}");
            }
        }
        let written = sqlx::query("DELETE FROM entries").execute(&file.readers()).await;
        assert!(written.is_err(), "readers cannot write");
    }
}
