//! PostgreSQL.

mod contents;
mod error;
mod expression;
mod identity;
mod schema;
mod sizes;

use std::fmt;

use sqlx::{
    ConnectOptions, Connection as _, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::time::timeout;

use super::connection::{Access, CONNECT, first, silent, texts};
use crate::{
    domain::{inventory::Tls, name::DatabaseName},
    world::{WorldError, database::Way, ssh::Watch},
};

pub(super) use contents::contents;
pub(crate) use contents::{is_sequence, sequences};
pub(super) use error::refuses_login;
pub(crate) use identity::identity;
pub(super) use schema::schema;
pub(super) use sizes::table_sizes;

/// A connection, with the name for messages.
pub(crate) struct Connection {
    inner: PgConnection,
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
    let mut options = PgConnectOptions::new_without_pgpass()
        .port(server.port)
        .database(database)
        .username(&server.user)
        .password(way.password.expose())
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
        .map_err(|_| watch.explain(silent(name)))?
        .map_err(|error| watch.explain(error::failed(name, "connect to", error)))?;
    Ok(Connection { inner, name: name.clone(), watch })
}

/// What the session is set to, whatever the role, the database or the server says.
fn settings(access: Access) -> Vec<(&'static str, &'static str)> {
    // Texts of values must not depend on where they are read: contents are compared by them.
    let mut settings = vec![
        ("search_path", "pg_catalog"),
        ("DateStyle", "ISO"),
        ("IntervalStyle", "postgres"),
        ("TimeZone", "UTC"),
        ("lc_monetary", "C"),
        ("bytea_output", "hex"),
        ("xmlbinary", "base64"),
        ("extra_float_digits", "1"),
        ("quote_all_identifiers", "off"),
        // A policy that hides rows is an error, not a smaller table.
        ("row_security", "off"),
        // Short statements over many catalogues cost more to compile than to run.
        ("jit", "off"),
        ("lock_timeout", "10s"),
        ("idle_in_transaction_session_timeout", "0"),
    ];
    settings.push(("statement_timeout", if access == Access::Look { "30s" } else { "0" }));
    settings.push(("default_transaction_read_only", if access == Access::Change { "off" } else { "on" }));
    settings
}

impl Connection {
    /// Begins a transaction that sees one moment and can only read.
    pub(crate) async fn begin(&mut self) -> Result<(), WorldError> {
        self.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SELECT 1").await
    }

    /// Runs statements of our own; several are one transaction.
    pub(crate) async fn execute(&mut self, statements: &str) -> Result<(), WorldError> {
        let done = sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut self.inner).await;
        done.map(drop).map_err(|error| self.failed("query", error))
    }

    /// Rows of a query, every value as PostgreSQL writes it: the simple protocol answers in text.
    pub(crate) async fn rows(&mut self, query: &str) -> Result<Vec<Vec<Option<String>>>, WorldError> {
        let rows = sqlx::raw_sql(sqlx::AssertSqlSafe(query.to_owned())).fetch_all(&mut self.inner).await;
        let rows = rows.map_err(|error| self.failed("query", error))?;
        Ok(texts(&rows))
    }

    /// The first column of the first row.
    pub(crate) async fn text(&mut self, query: &str) -> Result<Option<String>, WorldError> {
        Ok(first(self.rows(query).await?))
    }

    /// Whether a condition of our own holds.
    pub(crate) async fn holds(&mut self, condition: &str) -> Result<bool, WorldError> {
        Ok(self.text(&format!("SELECT ({condition})::text")).await?.as_deref() == Some("true"))
    }

    pub(crate) async fn close(self) -> Result<(), WorldError> {
        let Self { inner, name, watch } = self;
        inner.close().await.map_err(|error| watch.explain(error::failed(&name, "close the connection to", error)))
    }

    fn failed(&self, doing: &str, error: sqlx::Error) -> WorldError {
        self.watch.explain(error::failed(&self.name, doing, error))
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.name)
    }
}

/// A name as an SQL identifier.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

/// A text as an SQL literal, whatever the session says about backslashes.
pub(crate) fn literal(text: &str) -> String {
    let quoted = text.replace('\'', "''");
    if quoted.contains('\\') { format!(" E'{}'", quoted.replace('\\', "\\\\")) } else { format!("'{quoted}'") }
}

/// A table as it is named in snapshots and answers: with its schema unless that is `public`, quoted where it has to be, so that no
/// two are named alike.
fn shown(schema: &str, table: &str) -> String {
    let part = |name: &str| {
        let plain = !name.starts_with(|c: char| c.is_ascii_digit())
            && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_');
        if plain && !name.is_empty() { name.to_owned() } else { quoted(name) }
    };
    if schema == "public" { part(table) } else { format!("{}.{}", part(schema), part(table)) }
}

/// The columns of a row, from left to right; what is missing or NULL is empty.
fn columns<const N: usize>(row: Vec<Option<String>>) -> [String; N] {
    let mut values = row.into_iter().map(Option::unwrap_or_default);
    std::array::from_fn(|_| values.next().unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_texts_stay_one_word_of_sql() {
        assert_eq!(quoted("a\"; DROP"), "\"a\"\"; DROP\"");
        assert_eq!(literal("it's"), "'it''s'");
        assert_eq!(literal("a\\'b"), " E'a\\\\''b'");
    }

    #[test]
    fn no_two_tables_are_shown_alike() {
        assert_eq!(shown("public", "member"), "member");
        assert_eq!(shown("shop", "order_2"), "shop.order_2");
        assert_eq!(shown("public", "shop.order_2"), "\"shop.order_2\"");
        assert_eq!(shown("Shop", "2"), "\"Shop\".\"2\"");
    }
}
