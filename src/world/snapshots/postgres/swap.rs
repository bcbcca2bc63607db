//! Exchanging databases by their names, from a connection to a third one.

use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::names::Names;
use crate::{
    domain::{inventory::Database, refusal::Code},
    world::{
        WorldError,
        database::{
            Access, Way,
            postgres::{self, Connection, literal, quoted},
        },
    },
};

/// How long sessions have to end after they were told to.
const SESSIONS: Duration = Duration::from_secs(10);
const LOOK_AGAIN: Duration = Duration::from_millis(20);

/// A connection to a database that is not exchanged, the only one of a restore: a server finishes what a session had begun whose
/// client was killed, and this waits for its end, so that what is seen is what is there.
pub(super) async fn aside(database: &Database, way: &Way, access: Access) -> Result<Connection, WorldError> {
    let third = if way.server.database == "postgres" { "template1" } else { "postgres" };
    let connected = postgres::connect(&database.name, way, third, access).await;
    let mut connection = connected.map_err(|error| WorldError {
        doing: format!("connect to the database {third} on the server of {}", database.name),
        ..error
    })?;
    let whose = literal(&format!("deploy-ops restore {}", way.server.database));
    let alone = format!("SELECT pg_advisory_lock(hashtextextended({whose}, 0))");
    connection.execute(&alone).await.map_err(|error| {
        WorldError::new(
            Code::WrongState,
            format!("restore database {}", database.name),
            "a session of an interrupted restore has not ended",
            "Try again in a minute.",
        )
        .because(error)
    })?;
    Ok(connection)
}

/// Gives `next` the name of the live database, which is kept as `kept`. Either both names change or none, and in any case the
/// live one accepts connections afterwards.
pub(super) async fn swap(connection: &mut Connection, live: &str, next: &str, kept: &str) -> Result<(), WorldError> {
    let swapped = close_and_rename(connection, live, next, kept).await;
    if swapped.is_err() {
        // When the connection is lost as well, the next attempt or the taking back opens it.
        let _ = connection.execute("ROLLBACK").await;
        let _ = open(connection, live).await;
    }
    swapped
}

async fn close_and_rename(connection: &mut Connection, live: &str, next: &str, kept: &str) -> Result<(), WorldError> {
    connection.execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS false", quoted(live))).await?;
    end_sessions(connection, live).await?;
    connection.execute("BEGIN").await?;
    for statement in [
        format!("ALTER DATABASE {} RENAME TO {}", quoted(live), quoted(kept)),
        format!("ALTER DATABASE {} RENAME TO {}", quoted(next), quoted(live)),
        format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", quoted(live)),
        format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", quoted(kept)),
        // The restored rows were not waited for; this commit makes them durable with itself.
        "SET LOCAL synchronous_commit = on".to_owned(),
        "COMMIT".to_owned(),
    ] {
        connection.execute(&statement).await?;
    }
    Ok(())
}

/// Lets a database accept connections again.
pub(super) async fn open(connection: &mut Connection, database: &str) -> Result<(), WorldError> {
    connection.execute(&format!("ALTER DATABASE {} ALLOW_CONNECTIONS true", quoted(database))).await
}

/// Opens the live database when this operation closed it and was interrupted.
pub(super) async fn open_if_left_closed(connection: &mut Connection, names: &Names) -> Result<(), WorldError> {
    let closed = format!("SELECT NOT datallowconn FROM pg_database WHERE datname = {}", literal(&names.live));
    if connection.holds(&closed).await? {
        open(connection, &names.live).await?;
    }
    Ok(())
}

/// Ends all sessions of users; PostgreSQL's own workers have none, and end by themselves.
async fn end_sessions(connection: &mut Connection, database: &str) -> Result<(), WorldError> {
    let sessions = format!(
        "FROM pg_stat_activity WHERE datname = {} AND usesysid IS NOT NULL AND pid <> pg_backend_pid()",
        literal(database)
    );
    let begun = Instant::now();
    while connection.holds(&format!("SELECT count(*) > 0 {sessions}")).await? {
        connection.rows(&format!("SELECT pg_terminate_backend(pid)::text {sessions}")).await.map_err(|error| {
            WorldError::new(
                Code::WrongState,
                format!("end the sessions of database {database}"),
                "the role may not end those of other roles",
                "Stop the application, or grant the role pg_signal_backend.",
            )
            .because(error)
        })?;
        if begun.elapsed() > SESSIONS {
            return Err(WorldError::new(
                Code::WrongState,
                format!("end the sessions of database {database}"),
                "some do not end",
                "Stop the application or put it into maintenance, then try again.",
            ));
        }
        sleep(LOOK_AGAIN).await;
    }
    Ok(())
}
