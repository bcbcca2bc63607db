//! PostgreSQL.

mod contents;
mod error;
mod identity;
mod sizes;

use sqlx::{
    ConnectOptions, Connection as _, PgConnection, Row,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

use super::connection::{Access, CONNECT, first, silent};
use crate::{
    domain::{
        inventory::{DatabaseServer, Tls},
        name::DatabaseName,
    },
    redact::Secret,
    world::WorldError,
};

pub(super) use contents::{contents, schema};
pub(super) use identity::identity;
pub(super) use sizes::table_sizes;

/// A connection, with the name for messages.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) inner: PgConnection,
    name: DatabaseName,
}

/// Connects to `database` on a server; it need not be the one of the inventory.
pub(crate) async fn connect(
    name: &DatabaseName,
    server: &DatabaseServer,
    database: &str,
    password: &Secret,
    access: Access,
) -> Result<Connection, WorldError> {
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(server.port)
        .database(database)
        .username(&server.user)
        .password(password.expose())
        .application_name("deploy-ops")
        .statement_cache_capacity(0)
        .disable_statement_logging();
    options = if server.is_socket() { options.socket(&server.address) } else { options.host(&server.address) };
    options = match &server.tls {
        Tls::Off => options.ssl_mode(PgSslMode::Disable),
        Tls::Verify { ca: None } => options.ssl_mode(PgSslMode::VerifyFull),
        Tls::Verify { ca: Some(ca) } => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(ca),
    };
    options = options.options(settings(access));
    let inner = timeout(CONNECT, options.connect())
        .await
        .map_err(|_| silent(name))?
        .map_err(|error| error::failed(name, "connect to", error))?;
    Ok(Connection { inner, name: name.clone() })
}

/// What the session is set to, whatever the role, the database or the server says.
fn settings(access: Access) -> Vec<(&'static str, &'static str)> {
    // Texts of values must not depend on where they are read: contents are compared by them.
    let mut settings = vec![
        ("search_path", "pg_catalog"),
        ("DateStyle", "ISO"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("bytea_output", "hex"),
        ("extra_float_digits", "1"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "0"),
    ];
    settings.push(("statement_timeout", if access == Access::Look { "30s" } else { "0" }));
    if access != Access::Change {
        settings.push(("default_transaction_read_only", "on"));
    }
    settings
}

impl Connection {
    /// Begins a transaction that sees one moment and can only read.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1").await
    }

    /// Runs statements of our own.
    pub(crate) async fn execute(&mut self, statements: &str) -> Result<(), WorldError> {
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut self.inner).await;
        done.map(drop).map_err(|error| self.failed("query", error))
    }

    /// Rows of a query, every value as PostgreSQL writes it: the simple protocol answers in text.
    pub(crate) async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>, WorldError> {
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut self.inner).await;
        let rows = rows.map_err(|error| self.failed("query", error))?;
        Ok(rows
            .iter()
            .map(|row| (0..row.len()).map(|i| row.try_get_unchecked::<Option<String>, _>(i).ok().flatten()).collect())
            .collect())
    }

    /// The first column of the first row.
    pub(crate) async fn text(&mut self, query: &str) -> Result<Option<String>, WorldError> {
        Ok(first(self.rows(query).await?))
    }

    pub(crate) async fn close(self) -> Result<(), WorldError> {
        let name = self.name;
        self.inner.close().await.map_err(|error| error::failed(&name, "close the connection to", error))
    }

    pub(super) fn failed(&self, doing: &str, error: sqlx::Error) -> WorldError {
        error::failed(&self.name, doing, error)
    }
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
