//! MariaDB and MySQL.

mod contents;
mod error;
mod floats;
mod identity;
mod rights;
mod schema;
mod sizes;

use sqlx::{
    ConnectOptions, Connection as _, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};
use tokio::time::timeout;

use super::connection::{Access, CONNECT, first, silent, texts};
use crate::{
    domain::{inventory::Tls, name::DatabaseName},
    world::{WorldError, database::Way, ssh::Watch},
};

pub(super) use contents::contents;
pub(super) use error::refuses_login;
pub(crate) use error::words;
pub(crate) use floats::cut_floats;
pub(super) use identity::identity;
pub(crate) use rights::{require_sight, untransactional};
pub(crate) use schema::schema;
pub(super) use sizes::table_sizes;

/// A connection, with the name for messages.
#[derive(Debug)]
pub(crate) struct Connection {
    pub(super) inner: MySqlConnection,
    name: DatabaseName,
    watch: Watch,
}

/// Connects to `database` on a server; it need not be the one of the inventory.
pub(crate) async fn connect(
    name: &DatabaseName,
    way: &Way,
    database: &str,
    access: Access,
) -> Result<Connection, WorldError> {
    let (server, watch) = (&way.server, way.watch());
    let mut options = MySqlConnectOptions::new()
        .port(server.port)
        .database(database)
        .username(&server.user)
        .password(way.password.expose())
        .statement_cache_capacity(0)
        .disable_statement_logging();
    options = if server.is_socket() { options.socket(&server.address) } else { options.host(&server.address) };
    options = match &server.tls {
        Tls::Off => options.ssl_mode(MySqlSslMode::Disabled),
        Tls::Verify { ca: None } => options.ssl_mode(MySqlSslMode::VerifyIdentity),
        Tls::Verify { ca: Some(ca) } => options.ssl_mode(MySqlSslMode::VerifyIdentity).ssl_ca(ca),
    };
    let inner = timeout(CONNECT, options.connect())
        .await
        .map_err(|_| watch.explain(silent(name)))?
        .map_err(|error| watch.explain(error::failed(name, "connect to", error)))?;
    let mut connection = Connection { inner, name: name.clone(), watch };
    connection.execute(&settings(access)).await?;
    Ok(connection)
}

/// What the session is set to, whatever the server says: the same value is the same text in every session of ours, statements and
/// locks end in time, and who only reads cannot write. The time limit of statements has another name, and another unit, on MySQL;
/// each server reads its own comment and skips the other's (MariaDB skips those of MySQL from 5.7 on).
fn settings(access: Access) -> String {
    let limits = match access {
        Access::Look => {
            "wait_timeout = 3600 /*M! , max_statement_time = 30 */ /*!50708 , max_execution_time = 30000 */"
        }
        Access::ReadAll | Access::Change => {
            "wait_timeout = 28800, net_write_timeout = 600, net_read_timeout = 600 \
             /*M! , max_statement_time = 0 */ /*!50708 , max_execution_time = 0 */"
        }
    };
    let settings = format!(
        "SET SESSION sql_mode = 'NO_ENGINE_SUBSTITUTION', time_zone = '+00:00', sql_quote_show_create = 1, \
         lock_wait_timeout = 10, innodb_lock_wait_timeout = 10, {limits}"
    );
    if access == Access::Change { settings } else { format!("{settings}; SET SESSION TRANSACTION READ ONLY") }
}

impl Connection {
    /// Begins a transaction that sees one moment and can only read.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        self.execute(
            "SET SESSION TRANSACTION ISOLATION LEVEL REPEATABLE READ; START TRANSACTION WITH CONSISTENT SNAPSHOT, READ ONLY",
        )
        .await
    }

    /// Runs statements of our own.
    pub(crate) async fn execute(&mut self, statements: &str) -> Result<(), WorldError> {
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut self.inner).await;
        done.map(drop).map_err(|error| self.failed("query", error))
    }

    /// Rows of a query, every value as the server writes it: the text protocol answers in text.
    pub(crate) async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>, WorldError> {
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut self.inner).await;
        let rows = rows.map_err(|error| self.failed("query", error))?;
        Ok(texts(&rows))
    }

    /// The first column of the first row.
    pub(crate) async fn text(&mut self, query: &str) -> Result<Option<String>, WorldError> {
        Ok(first(self.rows(query).await?))
    }

    /// The server's number of an error of this connection; 0 when it is not the server's.
    pub(crate) fn number(error: &WorldError) -> u16 {
        error::number(error)
    }

    pub(crate) async fn close(self) -> Result<(), WorldError> {
        let Self { inner, name, watch } = self;
        inner.close().await.map_err(|error| watch.explain(error::failed(&name, "close the connection to", error)))
    }

    pub(super) fn failed(&self, doing: &str, error: sqlx::Error) -> WorldError {
        self.watch.explain(error::failed(&self.name, doing, error))
    }
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("`{}`", name.replace('`', "``"))
}
