//! Everything that is particular to PostgreSQL: connecting, settings, schema version, the one writer.
//!
//! The ledger has a schema of its own, `deploy_ops`, so that it can live beside others in one database. A writer locks the one
//! row of `ledger` for the length of its transaction. Whoever waits for it sees, with the next statement, everything that came
//! before: there is nothing to retry, and no two entries can want the same number. The lock belongs to the transaction, so
//! PostgreSQL gives it back when a session is cut, and ends a session that holds it without working.

use std::time::Duration;

use sqlx::{
    AssertSqlSafe, ConnectOptions, Executor, PgConnection, PgPool,
    postgres::{PgConnectOptions, PgPoolOptions, PgSslMode},
};
use tokio::time::timeout;

use super::{
    error::{LedgerError, ServerTrouble},
    location::{self, Tls},
    sql::answered,
    store::PATIENCE,
};
use crate::{domain::time::Time, redact::Secret};

/// The migrations; migration `n` brings the schema to version `n`.
const MIGRATIONS: [&[&str]; 1] =
    [&[include_str!("migrations/0001_ledger.sql"), include_str!("migrations/0001_postgres.sql")]];
/// Readers per process.
const READERS: u32 = 4;
/// How long a connection may take to be made.
const CONNECT: Duration = Duration::from_secs(5);

/// Every session: a committed entry is on disk (and on that of a synchronous standby), whatever the role or the database says
/// otherwise; nobody who stopped working, because their process was stopped or their machine is gone, keeps the others waiting.
const SESSION: &str = "SET synchronous_commit = on; SET search_path = deploy_ops; SET client_min_messages = warning; \
                       SET idle_in_transaction_session_timeout = '5s'; SET statement_timeout = '10s'; \
                       SET lock_timeout = '1900ms'";
const READER: &str = "SET default_transaction_read_only = on";
/// Reads everything, however long it takes, and waits for nobody.
const SNAPSHOT: &str = "SET statement_timeout = 0; BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY";

/// The time on the server, ms since 1970.
const PRESENT: &str = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)";

/// A database on a server, checked and migrated.
#[derive(Debug, Clone)]
pub(super) struct Server {
    options: PgConnectOptions,
}

impl Server {
    /// Connects, creating and migrating the schema when needed, and returns the first writing connection.
    pub(super) async fn open(server: &location::Server) -> Result<(Self, PgConnection), LedgerError> {
        let options = PgConnectOptions::new_without_pgpass()
            .host(&server.address)
            .port(server.port)
            .database(&server.database)
            .username(&server.user)
            // Without a word the variable PGPASSWORD would count.
            .password(server.password.as_ref().map_or("", Secret::expose))
            .application_name("deploy-ops")
            .disable_statement_logging();
        let options = match &server.tls {
            Tls::Off => options.ssl_mode(PgSslMode::Disable),
            Tls::Verified { authority: None } => options.ssl_mode(PgSslMode::VerifyFull),
            Tls::Verified { authority: Some(file) } => options.ssl_mode(PgSslMode::VerifyFull).ssl_root_cert(file),
        };
        let server = Self { options };
        let mut connection = server.writer().await?;
        migrate(&mut connection).await?;
        Ok((server, connection))
    }

    /// A connection that may write.
    pub(super) async fn writer(&self) -> Result<PgConnection, LedgerError> {
        let connecting = async {
            let mut connection = self.options.connect().await?;
            connection.execute(SESSION).await?;
            Ok(connection)
        };
        match timeout(CONNECT, connecting).await {
            Ok(connected) => connected.map_err(opening),
            Err(_) => Err(LedgerError::Server(ServerTrouble::Unreachable)),
        }
    }

    /// Connections that cannot write, opened when they are first used. Each is asked whether it still lives before it is used:
    /// a server that was started again has ended them all.
    pub(super) fn readers(&self) -> PgPool {
        PgPoolOptions::new()
            .max_connections(READERS)
            .min_connections(0)
            .acquire_timeout(PATIENCE)
            .test_before_acquire(true)
            .after_connect(|connection, _| {
                Box::pin(async move {
                    connection.execute(SESSION).await?;
                    connection.execute(READER).await.map(drop)
                })
            })
            .connect_lazy_with(self.options.clone())
    }

    /// A connection that sees everything as of one moment.
    pub(super) async fn snapshot(&self) -> Result<PgConnection, LedgerError> {
        let mut connection = self.writer().await?;
        answered(connection.execute(SNAPSHOT)).await.map_err(opening)?;
        Ok(connection)
    }
}

/// Begins a transaction that alone may write, and says what time it is on the server.
pub(super) async fn begin(connection: &mut PgConnection, what: &'static str) -> Result<Time, LedgerError> {
    let write = LedgerError::write(what);
    connection.execute("BEGIN").await.map_err(&write)?;
    let lock = sqlx::query_scalar("SELECT version FROM ledger FOR UPDATE");
    let version: i64 = lock.fetch_one(&mut *connection).await.map_err(&write)?;
    if usize::try_from(version).map_or(true, |version| version > MIGRATIONS.len()) {
        return Err(LedgerError::Newer);
    }
    // After the lock, not with it: the wait for it may have been long.
    Ok(Time::from_millis(sqlx::query_scalar(PRESENT).fetch_one(connection).await.map_err(&write)?))
}

/// The present, for readers.
pub(super) async fn present(pool: &PgPool) -> Result<Time, sqlx::Error> {
    Ok(Time::from_millis(answered(sqlx::query_scalar(PRESENT).fetch_one(pool)).await?))
}

/// Whether that SQLSTATE is the last word of a session: shut down, crashed, or ended for idleness.
pub(super) fn ends_session(code: &str) -> bool {
    code.starts_with("57P") || code.starts_with("08") || code == "25P03"
}

/// What the server's own settings make unsafe.
pub(super) async fn check(pool: &PgPool) -> Result<Vec<String>, sqlx::Error> {
    let settings: Vec<(String, String)> = sqlx::query_as(
        "SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'full_page_writes', 'synchronous_commit')",
    )
    .fetch_all(pool)
    .await?;
    let off = settings.into_iter().filter(|(_, setting)| setting == "off");
    Ok(off.map(|(name, _)| format!("{name} is off on the PostgreSQL server: a crash of it may lose entries")).collect())
}

/// Brings the schema up to date. A schema that is not ours is not touched.
async fn migrate(connection: &mut PgConnection) -> Result<(), LedgerError> {
    if version(connection).await? == MIGRATIONS.len() {
        return Ok(());
    }
    // Another process may be at it: "dOps" as a number keeps the two apart.
    run(connection, "BEGIN; SELECT pg_advisory_xact_lock(1682927731); CREATE SCHEMA IF NOT EXISTS deploy_ops").await?;
    let found = version(connection).await?;
    for (parts, number) in MIGRATIONS.iter().zip(1_usize..).filter(|(_, number)| *number > found) {
        for part in *parts {
            run(connection, part).await?;
        }
        let sql = format!("UPDATE ledger SET version = {number}");
        answered(connection.execute(AssertSqlSafe(sql))).await.map_err(opening)?;
    }
    run(connection, "COMMIT").await
}

async fn run(connection: &mut PgConnection, sql: &'static str) -> Result<(), LedgerError> {
    answered(connection.execute(sql)).await.map(drop).map_err(opening)
}

/// The version of the schema: 0 when it is empty or not there.
async fn version(connection: &mut PgConnection) -> Result<usize, LedgerError> {
    let (ours, tables): (bool, i64) = sqlx::query_as(
        "SELECT to_regclass('deploy_ops.ledger') IS NOT NULL, \
         (SELECT COUNT(*) FROM pg_tables WHERE schemaname = 'deploy_ops')",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(opening)?;
    if !ours {
        return if tables == 0 { Ok(0) } else { Err(LedgerError::Foreign) };
    }
    let found: Option<(i64,)> =
        sqlx::query_as("SELECT version FROM ledger").fetch_optional(connection).await.map_err(opening)?;
    match found.and_then(|(version,)| usize::try_from(version).ok()) {
        None | Some(0) => Err(LedgerError::Foreign),
        Some(version) if version <= MIGRATIONS.len() => Ok(version),
        Some(_) => Err(LedgerError::Newer),
    }
}

/// What the operator can do about it; see <https://www.postgresql.org/docs/current/errcodes-appendix.html>.
fn opening(error: sqlx::Error) -> LedgerError {
    let trouble = match &error {
        // What is wrong with a certificate comes as invalid data.
        sqlx::Error::Io(io) if io.kind() == std::io::ErrorKind::InvalidData => ServerTrouble::Untrusted,
        sqlx::Error::Tls(_) => ServerTrouble::Untrusted,
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut => ServerTrouble::Unreachable,
        sqlx::Error::Database(refusal) => match refusal.code().as_deref().unwrap_or_default() {
            code if code.starts_with("28") => ServerTrouble::Login,
            "3D000" => ServerTrouble::NoDatabase,
            "42501" => ServerTrouble::Rights,
            "25006" => ServerTrouble::ReadOnly,
            code if ends_session(code) || code.starts_with("53") => ServerTrouble::Unreachable,
            _ => return LedgerError::Open(error),
        },
        _ => return LedgerError::Open(error),
    };
    LedgerError::Server(trouble)
}
