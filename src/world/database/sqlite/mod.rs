//! SQLite.

mod contents;

use std::{fs, os::unix::fs::MetadataExt, path::Path, time::Duration};

use sqlx::{ConnectOptions, Connection as _, SqliteConnection, sqlite::SqliteConnectOptions};

use super::{
    DatabaseIdentity, TableSize,
    connection::{first, texts},
};
use crate::{
    domain::{name::DatabaseName, refusal::Code},
    world::WorldError,
};

pub(super) use contents::{contents, schema};

/// How long we wait for somebody else's lock.
const BUSY: Duration = Duration::from_secs(10);

/// A connection, with the name for messages.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) inner: SqliteConnection,
    name: String,
}

/// Opens an existing database file.
pub(crate) async fn open(name: &str, path: &Path, read_only: bool) -> Result<Connection, WorldError> {
    let doing = || format!("open database {name}");
    let is_file = fs::metadata(path).map_err(|e| WorldError::io(doing(), e))?.is_file();
    if !is_file {
        return Err(WorldError::new(
            Code::WorldFailed,
            doing(),
            "its path is not a regular file",
            "Correct the path of the database in deploy-ops.toml.",
        ));
    }
    let options = SqliteConnectOptions::new()
        .filename(path)
        .read_only(read_only)
        .create_if_missing(false)
        .busy_timeout(BUSY)
        .disable_statement_logging();
    let inner = options.connect().await.map_err(|e| failed(name, "open", e))?;
    Ok(Connection { inner, name: name.to_owned() })
}

impl Connection {
    /// Begins a transaction that sees one moment: it is pinned by a first read.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        self.execute("BEGIN").await?;
        self.text("SELECT CAST(count(*) AS TEXT) FROM sqlite_schema").await.map(|_| ())
    }

    /// Runs one of our own statements.
    pub(crate) async fn execute(&mut self, statement: &str) -> Result<(), WorldError> {
        match sqlx::raw_sql(sqlx::AssertSqlSafe(statement.to_owned())).execute(&mut self.inner).await {
            Ok(_) => Ok(()),
            Err(error) => Err(self.failed("query", error)),
        }
    }

    /// The first column of the first row, as text.
    pub(crate) async fn text(&mut self, query: &str) -> Result<Option<String>, WorldError> {
        Ok(first(self.rows(query).await?))
    }

    /// Rows of a query whose columns are all texts.
    pub(crate) async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>, WorldError> {
        let rows = sqlx::query(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut self.inner).await;
        let rows = rows.map_err(|e| self.failed("query", e))?;
        Ok(texts(&rows))
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(self) -> Result<(), WorldError> {
        let name = self.name;
        self.inner.close().await.map_err(|e| failed(&name, "close", e))
    }

    pub(crate) fn failed(&self, doing: &str, error: sqlx::Error) -> WorldError {
        failed(&self.name, doing, error)
    }
}

fn failed(name: &str, doing: &str, error: sqlx::Error) -> WorldError {
    let code = error
        .as_database_error()
        .and_then(sqlx::error::DatabaseError::code)
        .map(std::borrow::Cow::into_owned)
        .unwrap_or_default();
    // The primary result code is the low byte (https://sqlite.org/rescode.html).
    let (problem, fix) = match code.parse::<u32>().map(|code| code & 0xff) {
        Ok(5 | 6) => ("another program holds its lock", "Try again when it writes less, or stop that program."),
        Ok(11) => ("it is damaged", "Run PRAGMA integrity_check on it and restore it from a snapshot."),
        Ok(13) => ("the disk is full", "Free space and try again."),
        Ok(14) => ("it cannot be opened", "Check its path and permissions, and those of its directory."),
        Ok(8) => ("it may not be written", "Give the server's user the permission on the file and its directory."),
        Ok(26) => ("it is not a SQLite database", "Correct the path of the database in deploy-ops.toml."),
        _ => ("SQLite refused", "Look at the server's log."),
    };
    WorldError::new(Code::WorldFailed, format!("{doing} database {name}"), problem, fix).because(error)
}

pub(super) async fn identity(
    name: &DatabaseName,
    path: &Path,
    connection: &mut Connection,
) -> Result<DatabaseIdentity, WorldError> {
    let io = |e| WorldError::io(format!("look at database {name}"), e);
    let canonical = fs::canonicalize(path).map_err(io)?;
    let metadata = fs::metadata(&canonical).map_err(io)?;
    let version = connection.text("SELECT sqlite_version()").await?.unwrap_or_default();
    let pages =
        connection.text("SELECT CAST(page_count * page_size AS TEXT) FROM pragma_page_count, pragma_page_size").await?;
    Ok(DatabaseIdentity {
        engine: format!("sqlite {version}"),
        identity: format!("{}@{}:{}", canonical.display(), metadata.dev(), metadata.ino()),
        bytes: pages.and_then(|text| text.parse().ok()).unwrap_or(0),
    })
}

pub(super) async fn table_sizes(connection: &mut Connection) -> Result<Vec<TableSize>, WorldError> {
    let sizes = connection
        .rows(
            "SELECT s.tbl_name, CAST(sum(d.pgsize) AS TEXT) FROM dbstat d JOIN sqlite_schema s ON s.name = d.name \
             WHERE d.aggregate = TRUE GROUP BY s.tbl_name",
        )
        .await?;
    let mut tables = Vec::new();
    for name in contents::tables(connection).await? {
        let count = format!("SELECT CAST(count(*) AS TEXT) FROM {}", quoted(&name));
        let rows = connection.text(&count).await?.and_then(|text| text.parse().ok()).unwrap_or(0);
        let bytes = sizes
            .iter()
            .find_map(|row| match row.as_slice() {
                [Some(table), Some(bytes)] if *table == name => bytes.parse().ok(),
                _ => None,
            })
            .unwrap_or(0);
        tables.push(TableSize { name, rows, bytes });
    }
    tables.sort_by(|a, b| b.bytes.cmp(&a.bytes).then_with(|| a.name.cmp(&b.name)));
    Ok(tables)
}

/// A name as an SQL identifier.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
