//! What a PostgreSQL server does to a ledger, and what the ledger does not let it do.

use std::time::{Duration, Instant};

use deploy_ops_mcp::{
    domain::refusal::{Code, Refusal},
    ledger::{LedgerError, Location, Server, ServerTrouble, Tls},
    redact::Secret,
};

use super::*;
use crate::support::postgres::{Database, PASSWORD, Postgres};

fn server_of(database: &Database) -> Server {
    match place::location(database) {
        Location::Postgres(server) => server,
        Location::Sqlite(_) => panic!("a server"),
    }
}

async fn opened(server: Server) -> Result<Ledger, LedgerError> {
    Ledger::open(&Location::Postgres(server), Instance::new("boot-a:1:1"), Redactor::default()).await
}

/// Why a server does not serve us. Neither the words nor what is behind them hold the password.
async fn trouble(server: Server) -> ServerTrouble {
    let error = opened(server).await.unwrap_err();
    assert!(!format!("{error} {error:?}").contains(PASSWORD), "{error:?}");
    let LedgerError::Server(trouble) = error else { panic!("{error:?}") };
    assert_eq!(Refusal::from(error).code, Code::AuditUnavailable);
    trouble
}

#[tokio::test]
async fn each_trouble_is_told_apart() {
    let postgres = Postgres::start().await;
    let good = server_of(&postgres.database("trouble").await);
    let wrong = Secret::new("STATE_PASSWORD", "not this one");
    assert_eq!(trouble(Server { password: Some(wrong), ..good.clone() }).await, ServerTrouble::Login);
    assert_eq!(trouble(Server { password: None, ..good.clone() }).await, ServerTrouble::Login);
    assert_eq!(trouble(Server { database: "nowhere".to_owned(), ..good.clone() }).await, ServerTrouble::NoDatabase);
    assert_eq!(trouble(Server { port: 1, ..good.clone() }).await, ServerTrouble::Unreachable);
    // Its certificate is signed by nobody that this machine knows.
    let verified = Tls::Verified { authority: None };
    assert_eq!(trouble(Server { tls: verified, ..good.clone() }).await, ServerTrouble::Untrusted);

    let other = postgres.database("rights").await;
    postgres.execute(&format!("ALTER DATABASE {} OWNER TO postgres", other.name)).await;
    assert_eq!(trouble(server_of(&other)).await, ServerTrouble::Rights);
}

#[tokio::test]
async fn a_certificate_that_the_operator_names_is_verified() {
    let postgres = Postgres::start().await;
    let database = postgres.database("tls").await;
    let tls = Tls::Verified { authority: Some(postgres.certificate()) };
    let ledger = opened(Server { tls: tls.clone(), ..server_of(&database) }).await.unwrap();
    whole_deployment(&ledger).await;
    let mut look = postgres.connect_to(&database).await;
    let plain = "SELECT COUNT(*) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) WHERE usename = $1 AND NOT ssl";
    let plain: i64 = sqlx::query_scalar(plain).bind(&database.user).fetch_one(&mut look).await.unwrap();
    assert_eq!(plain, 0, "no session of the role is without TLS");
    // The certificate is good, but for another name.
    let other = Server { address: "127.0.0.2".to_owned(), tls, ..server_of(&database) };
    assert!(matches!(trouble(other).await, ServerTrouble::Untrusted | ServerTrouble::Unreachable));
}

#[tokio::test]
async fn a_socket_serves_as_well() {
    let database = Postgres::start().await.database("socket").await;
    let address = database.socket.display().to_string();
    let ledger = opened(Server { address, ..server_of(&database) }).await.unwrap();
    whole_deployment(&ledger).await;
    ledger.verify().await.unwrap();
}

#[tokio::test]
async fn a_schema_that_is_not_a_ledger_is_not_touched() {
    let postgres = Postgres::start().await;
    let database = postgres.database("foreign").await;
    database.execute("CREATE SCHEMA deploy_ops; CREATE TABLE deploy_ops.customers (id INT)").await;
    assert!(matches!(opened(server_of(&database)).await, Err(LedgerError::Foreign)));
    // Other schemas are no concern of ours, and an empty one may have been made for us.
    let shared = postgres.database("shared").await;
    shared.execute("CREATE TABLE customers (id INT); CREATE SCHEMA deploy_ops").await;
    opened(server_of(&shared)).await.unwrap().verify().await.unwrap();
}

#[tokio::test]
async fn a_newer_ledger_is_refused_even_while_it_is_open() {
    let place = Store::Postgres.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    place.run("UPDATE ledger SET version = 99").await;
    let refused = ledger.intend(&intent_of(&operation, 0), operation.fence).await;
    assert!(matches!(refused, Err(LedgerError::Newer)), "{refused:?}");
    let opened = Ledger::open(&place.location(), Instance::new("boot-a:2:2"), Redactor::default()).await;
    assert!(matches!(opened, Err(LedgerError::Newer)));
}

#[tokio::test]
async fn the_role_itself_cannot_change_or_remove_entries() {
    let place = Store::Postgres.place().await;
    whole_deployment(&place.open().await).await;
    let Place::Server { database, .. } = &place else { panic!("a server") };
    for sql in
        ["UPDATE deploy_ops.entries SET at = at", "DELETE FROM deploy_ops.entries", "TRUNCATE deploy_ops.entries"]
    {
        let mut connection = database.connect().await;
        let refused = sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_err();
        assert!(refused.to_string().contains("only ever added"), "{sql}: {refused}");
    }
}

#[tokio::test]
async fn commits_are_synced_whatever_the_role_is_set_to() {
    let postgres = Postgres::start().await;
    let place = Store::Postgres.place().await;
    let Place::Server { database, .. } = &place else { panic!("a server") };
    let user = &database.user;
    postgres.execute(&format!("ALTER ROLE {user} SET synchronous_commit = off")).await;
    postgres.execute(&format!("ALTER ROLE {user} SET search_path = pg_catalog")).await;
    let ledger = place.open().await;
    whole_deployment(&ledger).await;
    let found = ledger.quick_check().await.unwrap();
    assert!(!found.iter().any(|text| text.contains("synchronous_commit")), "{found:?}");
    assert!(found.iter().any(|text| text.contains("fsync is off")), "the tests' server is not a safe one: {found:?}");
}

/// A writer that stops in the middle of a change, as a process does that is suspended, is ended by the server.
#[tokio::test]
async fn a_writer_that_stands_still_does_not_stop_the_others_for_long() {
    let place = Store::Postgres.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let Place::Server { database, .. } = &place else { panic!("a server") };
    let mut still = database.connect().await;
    let lock = "SET idle_in_transaction_session_timeout = '5s'; BEGIN; SELECT * FROM deploy_ops.ledger FOR UPDATE";
    sqlx::raw_sql(lock).execute(&mut still).await.unwrap();
    let begun = Instant::now();
    let intent = intent_of(&operation, 0);
    assert!(matches!(ledger.intend(&intent, operation.fence).await, Err(LedgerError::Write { .. })));
    while ledger.intend(&intent, operation.fence).await.is_err() {
        assert!(begun.elapsed() < Duration::from_secs(20), "the lock is held for ever");
    }
    ledger.verify().await.unwrap();
}

#[tokio::test]
async fn a_server_that_is_started_again_loses_and_repeats_nothing() {
    let mut postgres = Postgres::alone().await;
    let database = postgres.database("restart").await;
    let ledger = opened(server_of(&database)).await.unwrap();
    let (_, operation) = running(&ledger).await;
    ledger.intend(&intent_of(&operation, 0), operation.fence).await.unwrap();
    for round in 1..4 {
        if round % 2 == 0 {
            postgres.stop()
        } else {
            postgres.kill()
        }
        let begun = Instant::now();
        let refused = ledger.intend(&intent_of(&operation, round), operation.fence).await.unwrap_err();
        assert!(refused.is_outage(), "{refused:?}");
        assert!(ledger.operation(&operation.id).await.unwrap_err().is_outage());
        assert!(begun.elapsed() < Duration::from_secs(5), "{:?}", begun.elapsed());
        postgres.start_again().await;
        // The very first call is served: dead sessions are noticed and replaced.
        assert!(ledger.operation(&operation.id).await.unwrap().is_some());
        ledger.intend(&intent_of(&operation, round), operation.fence).await.unwrap();
    }
    assert_eq!(ledger.journal(&operation.id).await.unwrap().len(), 4);
    ledger.verify().await.unwrap();
}

/// The answer to COMMIT is lost again and again; what is said to be written is there once, and what is said to have failed is not.
#[tokio::test]
async fn a_commit_without_an_answer_is_read_back() {
    let mut postgres = Postgres::alone().await;
    let database = postgres.database("unknown").await;
    let ledger = opened(server_of(&database)).await.unwrap();
    let (_, operation) = running(&ledger).await;
    let mut acknowledged = Vec::new();
    for round in 0..8 {
        let writing = {
            let (ledger, operation) = (ledger.clone(), operation.clone());
            tokio::spawn(async move {
                let mut written = Vec::new();
                for index in (round * 1000).. {
                    match ledger.intend(&intent_of(&operation, index), operation.fence).await {
                        Ok(()) => written.push(index),
                        Err(error) => {
                            assert!(error.is_outage(), "{error:?}");
                            return written;
                        }
                    }
                }
                written
            })
        };
        while ledger.journal(&operation.id).await.unwrap().last().is_none_or(|entry| entry.index < round * 1000 + 3) {
            tokio::task::yield_now().await;
        }
        postgres.kill();
        postgres.start_again().await;
        // Once more, so that the writer ends even when its last commit was confirmed.
        acknowledged.extend(stop(&mut postgres, writing).await);
    }
    let stored: Vec<u32> = ledger.journal(&operation.id).await.unwrap().iter().map(|entry| entry.index).collect();
    assert_eq!(stored, acknowledged, "exactly what was acknowledged");
    ledger.verify().await.unwrap();
}

/// Stops the server until the writer has noticed.
async fn stop(postgres: &mut Postgres, writing: tokio::task::JoinHandle<Vec<u32>>) -> Vec<u32> {
    if writing.is_finished() {
        return writing.await.unwrap();
    }
    postgres.stop();
    let written = writing.await.unwrap();
    postgres.start_again().await;
    written
}
