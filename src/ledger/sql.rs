//! The SQL of the ledger, written once for every store.
//!
//! sqlx types a query by its database at compile time. Here it is a value: a text that each store understands, and what is bound to
//! it. Numbers are `BIGINT` and everything else is `TEXT`, so a row reads the same wherever it comes from.

use std::{future::Future, time::Duration};

use futures::{StreamExt, TryStreamExt, stream::BoxStream};
use sqlx::{
    Connection as _, Database, Encode, FromRow, PgConnection, PgPool, Postgres, Row as _, Sqlite, SqliteConnection,
    SqlitePool, Type, postgres::PgRow, sqlite::SqliteRow,
};
use tokio::time::timeout;

use super::error::LedgerError;

/// A server that has not answered by then will not: longer than every limit that it keeps by itself.
const SILENT: Duration = Duration::from_secs(15);

/// A statement with its values.
#[derive(Debug)]
pub(super) struct Query {
    sql: &'static str,
    values: Vec<Value>,
}

/// What can be bound.
#[derive(Debug)]
pub(super) enum Value {
    Number(i64),
    Text(Option<String>),
}

/// A statement whose placeholders are `$1`, `$2`, ….
pub(super) fn query(sql: &'static str) -> Query {
    Query { sql, values: Vec::new() }
}

impl Query {
    /// Binds the next placeholder.
    pub(super) fn bind(mut self, value: impl Into<Value>) -> Self {
        self.values.push(value.into());
        self
    }

    fn of<DB: Database>(self) -> sqlx::query::Query<'static, DB, DB::Arguments>
    where
        i64: for<'q> Encode<'q, DB> + Type<DB>,
        Option<String>: for<'q> Encode<'q, DB> + Type<DB>,
    {
        self.values.into_iter().fold(sqlx::query(self.sql), |query, value| match value {
            Value::Number(number) => query.bind(number),
            Value::Text(text) => query.bind(text),
        })
    }
}

impl From<i64> for Value {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

impl From<String> for Value {
    fn from(text: String) -> Self {
        Self::Text(Some(text))
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(Some(text.to_owned()))
    }
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        Self::Text(text)
    }
}

/// What a row can be read as, whichever store it comes from.
pub(super) trait Readable: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow> {}
impl<T: for<'r> FromRow<'r, SqliteRow> + for<'r> FromRow<'r, PgRow>> Readable for T {}

/// A row of either store.
#[derive(Debug)]
pub(super) enum Row {
    Sqlite(SqliteRow),
    Postgres(PgRow),
}

impl Row {
    pub(super) fn read<T: Readable>(&self) -> Result<T, sqlx::Error> {
        match self {
            Self::Sqlite(row) => T::from_row(row),
            Self::Postgres(row) => T::from_row(row),
        }
    }

    /// How many columns it has.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Sqlite(row) => row.len(),
            Self::Postgres(row) => row.len(),
        }
    }

    pub(super) fn number(&self, column: usize) -> Result<i64, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }

    pub(super) fn text(&self, column: usize) -> Result<Option<String>, sqlx::Error> {
        match self {
            Self::Sqlite(row) => row.try_get(column),
            Self::Postgres(row) => row.try_get(column),
        }
    }
}

/// One connection to the store. After a failed statement it is to be dropped: nobody knows what is open on it.
#[derive(Debug)]
pub(super) enum Session {
    Sqlite(SqliteConnection),
    Postgres(PgConnection),
}

impl Session {
    /// Runs a statement; returns how many rows it changed.
    pub(super) async fn execute(&mut self, query: Query) -> Result<u64, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => Ok(query.of::<Sqlite>().execute(connection).await?.rows_affected()),
            Self::Postgres(connection) => {
                Ok(answered(query.of::<Postgres>().execute(connection)).await?.rows_affected())
            }
        }
    }

    /// Every row.
    pub(super) async fn rows(&mut self, query: Query) -> Result<Vec<Row>, sqlx::Error> {
        match self {
            Self::Sqlite(connection) => all(query.of::<Sqlite>().fetch_all(connection), Row::Sqlite).await,
            Self::Postgres(connection) => {
                all(answered(query.of::<Postgres>().fetch_all(connection)), Row::Postgres).await
            }
        }
    }

    /// The first row.
    pub(super) async fn find<T: Readable>(&mut self, query: Query) -> Result<Option<T>, sqlx::Error> {
        self.rows(query).await?.first().map(Row::read).transpose()
    }

    /// Every row, one after another: for more of them than should be held.
    pub(super) fn stream(&mut self, query: Query) -> BoxStream<'_, Result<Row, sqlx::Error>> {
        match self {
            Self::Sqlite(connection) => query.of::<Sqlite>().fetch(connection).map_ok(Row::Sqlite).boxed(),
            Self::Postgres(connection) => query.of::<Postgres>().fetch(connection).map_ok(Row::Postgres).boxed(),
        }
    }

    /// Ends it in the orderly way. A failure loses nothing: every commit has been synced.
    pub(super) async fn close(self) {
        let _ = match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => answered(connection.close()).await,
        };
    }
}

/// Connections that cannot write.
#[derive(Debug)]
pub(super) enum Readers {
    Sqlite(SqlitePool),
    Postgres(PgPool),
}

impl Readers {
    /// Every row. `what` is what is being read.
    pub(super) async fn rows<T: Readable>(&self, what: &'static str, query: Query) -> Result<Vec<T>, LedgerError> {
        let rows = match self {
            Self::Sqlite(pool) => all(query.of::<Sqlite>().fetch_all(pool), Row::Sqlite).await,
            Self::Postgres(pool) => all(answered(query.of::<Postgres>().fetch_all(pool)), Row::Postgres).await,
        };
        let rows = rows.map_err(LedgerError::read(what))?;
        rows.iter().map(Row::read).collect::<Result<_, _>>().map_err(LedgerError::read(what))
    }

    /// The first row.
    pub(super) async fn row<T: Readable>(&self, what: &'static str, query: Query) -> Result<Option<T>, LedgerError> {
        Ok(self.rows(what, query).await?.into_iter().next())
    }

    /// The one column of every row.
    pub(super) async fn texts(&self, what: &'static str, query: Query) -> Result<Vec<String>, LedgerError> {
        Ok(self.rows::<(String,)>(what, query).await?.into_iter().map(|(text,)| text).collect())
    }

    /// The one column of the first row.
    pub(super) async fn text(&self, what: &'static str, query: Query) -> Result<Option<String>, LedgerError> {
        Ok(self.row::<(String,)>(what, query).await?.map(|(text,)| text))
    }

    pub(super) async fn close(&self) {
        match self {
            Self::Sqlite(pool) => pool.close().await,
            Self::Postgres(pool) => pool.close().await,
        }
    }
}

async fn all<R>(
    rows: impl Future<Output = Result<Vec<R>, sqlx::Error>>,
    row: impl Fn(R) -> Row,
) -> Result<Vec<Row>, sqlx::Error> {
    Ok(rows.await?.into_iter().map(row).collect())
}

/// An answer of a server across a network that may have swallowed the question.
pub(super) async fn answered<T>(answer: impl Future<Output = Result<T, sqlx::Error>>) -> Result<T, sqlx::Error> {
    let silent = |_| Err(sqlx::Error::Io(std::io::ErrorKind::TimedOut.into()));
    timeout(SILENT, answer).await.unwrap_or_else(silent)
}
