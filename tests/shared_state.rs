//! Several servers on one PostgreSQL state: a server that stands still, a database that goes away, a halt, a doctored row.

use std::{process::Command, time::Duration};

use serde_json::json;
use tokio::time::Instant;

use crate::support::{
    mcp::{Client, House},
    postgres::{Database, Postgres},
    stage::program,
};

/// Waits for something that others do.
async fn until(what: &str, happened: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !happened().await {
        assert!(begun.elapsed() < Duration::from_secs(60), "it did not happen: {what}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

async fn number(database: &Database, sql: &'static str) -> i64 {
    sqlx::query_scalar(sql).fetch_one(&mut database.connect().await).await.unwrap()
}

fn signal(process: u32, signal: rustix::process::Signal) {
    let process = rustix::process::Pid::from_raw(i32::try_from(process).unwrap()).unwrap();
    rustix::process::kill_process(process, signal).unwrap();
}

/// Begins to deploy the forum, whose script then waits; returns the operation.
async fn held_deployment(house: &House, server: &Client) -> String {
    let plan = server.plan("forum", "v2025.01.13").await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let begun = server.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    assert!(!begun.is_error, "{}", begun.text);
    until("the script begins", async || house.sandbox.forum_starts() == 1).await;
    begun.get("/operation/id").to_owned()
}

async fn succeeds(server: &Client, operation: &str) {
    until("the operation succeeds", async || {
        let answer = server.call("operation_status", json!({ "operation": operation, "wait_s": 1 })).await;
        let state = answer.get("/detail/operation/state").to_owned();
        assert!(matches!(state.as_str(), "running" | "succeeded"), "{}", answer.text);
        state == "succeeded"
    })
    .await;
}

fn deploy_ops(house: &House, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(program()).args(arguments).arg("--config").arg(&house.sandbox.config).output().unwrap();
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    assert!(!said.contains(crate::support::postgres::PASSWORD), "{said}");
    (output.status.success(), said)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_stands_still_past_its_lease_is_fenced_and_repeats_nothing() {
    let house = House::staging().await;
    let database = Postgres::start().await.database("state").await;
    database.keep_state_of(&house.sandbox);
    let (slow, other) = (house.server().await, house.server().await);
    let operation = held_deployment(&house, &slow).await;
    let fence = number(&database, "SELECT MAX(fence) FROM deploy_ops.operations").await;
    signal(slow.server, rustix::process::Signal::STOP);
    // While the lease lasts nobody touches the operation, and its service stays locked. Then time passes.
    let status = other.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    assert_eq!(status.get("/detail/operation/state"), "running", "{}", status.text);
    assert_eq!(number(&database, "SELECT MAX(fence) FROM deploy_ops.operations").await, fence);
    database.execute("UPDATE deploy_ops.locks SET expires_at = 0").await;
    until("the other server takes over", async || {
        number(&database, "SELECT MAX(fence) FROM deploy_ops.operations").await > fence
    })
    .await;
    signal(slow.server, rustix::process::Signal::CONT);
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    until("the slow one is refused", async || slow.log().contains("another server has taken over")).await;
    succeeds(&other, &operation).await;
    assert_eq!(house.sandbox.forum_starts(), 1);
    let (verified, said) = deploy_ops(&house, &["ledger", "verify"]);
    assert!(verified, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_database_that_goes_away_stops_everything_until_it_is_back() {
    let mut postgres = Postgres::alone().await;
    let house = House::staging().await;
    postgres.database("state").await.keep_state_of(&house.sandbox);
    let server = house.server().await;
    let operation = held_deployment(&house, &server).await;
    postgres.stop();
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    for (tool, arguments) in [
        ("list_services", json!({})),
        ("operation_status", json!({ "operation": operation, "wait_s": 0 })),
        ("deploy_service", json!({ "service": "shop", "version": "v2025.01.13", "wait_s": 1 })),
        ("snapshot_db", json!({ "databases": ["shop"], "wait_s": 1 })),
    ] {
        let begun = Instant::now();
        let refused = server.call(tool, arguments).await;
        assert!(
            refused.is_error && ["AUDIT_UNAVAILABLE", "WORLD_FAILED"].contains(&refused.code()),
            "{}",
            refused.text
        );
        assert!(begun.elapsed() < Duration::from_secs(10), "{tool}: {:?}", begun.elapsed());
        assert!(!refused.raw.contains(crate::support::postgres::PASSWORD), "{tool}");
    }
    until("the operation stops", async || server.log().contains("stopped at a safe point")).await;
    postgres.start_again().await;
    succeeds(&server, &operation).await;
    assert_eq!(house.sandbox.forum_starts(), 1);
    let (verified, said) = deploy_ops(&house, &["ledger", "verify"]);
    assert!(verified, "{said}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_halt_file_of_one_server_halts_the_others() {
    let house = House::staging().await;
    let database = Postgres::start().await.database("state").await;
    database.keep_state_of(&house.sandbox);
    let first = house.server().await;
    first.call("list_services", json!({})).await;
    // The other one has a data directory of its own, as on another machine.
    house.configure(|text| text.replacen("data = \"data\"", "data = \"other\"", 1));
    let other = house.server().await;
    let plan = other.plan("shop", "v2025.01.13").await;
    std::fs::write(house.path("data/HALT"), "").unwrap();
    until("the halt is known", async || number(&database, "SELECT COUNT(*) FROM deploy_ops.halts").await == 1).await;
    let refused = other.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "HALTED", "{}", refused.text);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_edited_row_is_found_and_the_doctor_knows_the_server() {
    let house = House::staging().await;
    let database = Postgres::start().await.database("state").await;
    database.keep_state_of(&house.sandbox);
    let server = house.server().await;
    server.plan("shop", "v2025.01.13").await;
    let (verified, said) = deploy_ops(&house, &["ledger", "verify"]);
    assert!(verified, "{said}");
    let (_, said) = deploy_ops(&house, &["doctor"]);
    assert!(said.contains(&format!("PostgreSQL, {} on 127.0.0.1", database.name)), "{said}");
    assert!(said.contains("fsync is off"), "the tests' server is not a safe one: {said}");
    database.execute("UPDATE deploy_ops.plans SET expires_at = expires_at + 1").await;
    let (verified, said) = deploy_ops(&house, &["ledger", "verify"]);
    assert!(!verified && said.contains("is not as it wrote it"), "{said}");
    std::fs::write(house.path("secrets/state_password"), "wrong").unwrap();
    let (healthy, said) = deploy_ops(&house, &["doctor"]);
    assert!(!healthy && said.contains("refuses the login"), "{said}");
}
