//! What a store does in its own way. `sqlite.rs` and `postgres.rs` say how.

use std::time::Duration;

use super::{
    error::LedgerError,
    location::Location,
    postgres,
    sql::{Readers, Session},
    sqlite,
};
use crate::domain::time::Time;

/// How long a write waits for other writers before it fails, and with it the change that wanted to be recorded.
pub(super) const PATIENCE: Duration = Duration::from_secs(2);

/// The store of a ledger, checked and migrated.
#[derive(Debug)]
pub(super) enum Store {
    Sqlite(sqlite::File),
    Postgres(postgres::Server),
}

/// A transaction that holds the only right to write.
#[derive(Debug)]
pub(super) struct Begun {
    /// The present by the clock that all users of the store share; `None` where they have the system's in common.
    pub(super) now: Option<Time>,
}

impl Store {
    /// Opens the store, creating and migrating it when needed, and returns its first writing connection.
    pub(super) async fn open(location: &Location) -> Result<(Self, Session), LedgerError> {
        match location {
            Location::Sqlite(path) => {
                let (file, connection) = sqlite::File::open(path).await?;
                Ok((Self::Sqlite(file), Session::Sqlite(connection)))
            }
            Location::Postgres(server) => {
                let (server, connection) = postgres::Server::open(server).await?;
                Ok((Self::Postgres(server), Session::Postgres(connection)))
            }
        }
    }

    /// A connection that may write.
    pub(super) async fn writer(&self) -> Result<Session, LedgerError> {
        match self {
            Self::Sqlite(file) => file.writer().await.map(Session::Sqlite),
            Self::Postgres(server) => server.writer().await.map(Session::Postgres),
        }
    }

    /// Connections that cannot write, opened when they are first used.
    pub(super) fn readers(&self) -> Readers {
        match self {
            Self::Sqlite(file) => Readers::Sqlite(file.readers()),
            Self::Postgres(server) => Readers::Postgres(server.readers()),
        }
    }

    /// A connection that sees everything as of one moment until it is closed.
    pub(super) async fn snapshot(&self) -> Result<Session, LedgerError> {
        match self {
            Self::Sqlite(file) => file.snapshot().await.map(Session::Sqlite),
            Self::Postgres(server) => server.snapshot().await.map(Session::Postgres),
        }
    }

    /// Whether servers on other machines may use it as well.
    pub(super) fn is_shared(&self) -> bool {
        matches!(self, Self::Postgres(_))
    }
}

/// Begins a transaction that holds the only right to write from its first moment, so that it never fails halfway for being late.
pub(super) async fn begin(session: &mut Session, what: &'static str) -> Result<Begun, LedgerError> {
    match session {
        Session::Sqlite(connection) => {
            sqlite::begin(connection).await.map_err(LedgerError::write(what))?;
            Ok(Begun { now: None })
        }
        Session::Postgres(connection) => Ok(Begun { now: Some(postgres::begin(connection, what).await?) }),
    }
}

/// Whether the connection was lost, so that it is not known what came of the last statement.
pub(super) fn is_cut(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::Protocol(_) => true,
        sqlx::Error::Database(error) => error.code().as_deref().is_some_and(postgres::ends_session),
        _ => false,
    }
}

/// What is damaged or dangerous in the store, in words; empty when nothing is.
pub(super) async fn check(readers: &Readers) -> Result<Vec<String>, sqlx::Error> {
    match readers {
        Readers::Sqlite(pool) => sqlite::quick_check(pool).await,
        Readers::Postgres(pool) => postgres::check(pool).await,
    }
}

/// The present by the clock that all users of the store share; `own` where they have the system's in common.
pub(super) async fn present(readers: &Readers, own: Time) -> Result<Time, sqlx::Error> {
    match readers {
        Readers::Sqlite(_) => Ok(own),
        Readers::Postgres(pool) => postgres::present(pool).await,
    }
}
