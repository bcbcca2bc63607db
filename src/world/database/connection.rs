//! A connection to a database of the inventory, whatever its engine.

use std::time::Duration;

use sqlx::{ColumnIndex, Decode, Row};

use super::{mariadb, postgres, sqlite};
use crate::{
    domain::{
        inventory::{Database, Engine},
        name::DatabaseName,
        refusal::Code,
    },
    world::{Reader, WorldError},
};

/// How long a server may take to answer the first word.
pub(super) const CONNECT: Duration = Duration::from_secs(10);

/// What a connection is for: it decides what the server lets it do, and how long one statement may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Looks: reads only, statements end after 30 s.
    Look,
    /// Reads everything: reads only, statements take as long as the data wants.
    ReadAll,
    /// Changes: needs a permit at the caller.
    Change,
}

/// A connection.
#[derive(Debug)]
pub(crate) enum Connection {
    Sqlite(sqlite::Connection),
    Postgres(postgres::Connection),
    Mariadb(mariadb::Connection),
}

impl Reader<'_> {
    /// Connects to a database of the inventory.
    pub(crate) async fn connect(self, database: &Database, access: Access) -> Result<Connection, WorldError> {
        let name = &database.name;
        match &database.engine {
            Engine::Sqlite { path } => {
                let read_only = access != Access::Change;
                sqlite::open(name.as_str(), path, read_only).await.map(Connection::Sqlite)
            }
            Engine::Postgres(server) => {
                let way = self.way(database).await?;
                postgres::connect(name, &way, &server.database, access).await.map(Connection::Postgres)
            }
            Engine::Mariadb(server) => {
                let way = self.way(database).await?;
                mariadb::connect(name, &way, &server.database, access).await.map(Connection::Mariadb)
            }
        }
    }
}

impl Connection {
    /// Begins a transaction that sees one moment.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        match self {
            Self::Sqlite(connection) => connection.begin().await,
            Self::Postgres(connection) => connection.begin().await,
            Self::Mariadb(connection) => connection.begin().await,
        }
    }

    /// The rows of one of our own queries, every value as text.
    pub(crate) async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>, WorldError> {
        match self {
            Self::Sqlite(connection) => connection.rows(query).await,
            Self::Postgres(connection) => connection.rows(query).await,
            Self::Mariadb(connection) => connection.rows(query).await,
        }
    }

    /// The first column of the first row, as text.
    pub(crate) async fn text(&mut self, query: &str) -> Result<Option<String>, WorldError> {
        Ok(first(self.rows(query).await?))
    }

    /// Ends the connection in good order.
    pub(crate) async fn close(self) -> Result<(), WorldError> {
        match self {
            Self::Sqlite(connection) => connection.close().await,
            Self::Postgres(connection) => connection.close().await,
            Self::Mariadb(connection) => connection.close().await,
        }
    }
}

/// The first column of the first row.
pub(super) fn first(rows: Vec<Vec<Option<String>>>) -> Option<String> {
    rows.into_iter().next().and_then(|row| row.into_iter().next()).flatten()
}

/// Every value of some rows as the text that the database wrote.
pub(super) fn texts<'r, R>(rows: &'r [R]) -> Vec<Vec<Option<String>>>
where
    R: Row,
    usize: ColumnIndex<R>,
    Option<String>: Decode<'r, R::Database>,
{
    let text = |row: &'r R, column| row.try_get_unchecked::<Option<String>, _>(column).ok().flatten();
    rows.iter().map(|row| (0..row.len()).map(|column| text(row, column)).collect()).collect()
}

/// A server that did not answer in time.
pub(super) fn silent(name: &DatabaseName) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("connect to database {name}"),
        format!("its server did not answer within {} s", CONNECT.as_secs()),
        "Check address and port in deploy-ops.toml, and that the server is up and lets this machine in.",
    )
}
