//! A service with a PostgreSQL database, through the door.

use serde_json::json;
use sqlx::Connection;

use crate::support::{
    forum,
    mcp::{Answer, Client, House, collect},
    postgres::{Database, PASSWORD, Postgres},
};

/// A row that no exit may show.
const CANARY: &str = "row-canary-8Zt4nWq2Lk6vBc9S";

/// A house whose forum has a PostgreSQL database with that row.
async fn house() -> (&'static Postgres, Database, House) {
    let house = House::staging().await;
    let (postgres, database) = forum::on_postgres(&house.sandbox).await;
    let rows = format!(
        "CREATE TABLE member AS SELECT i AS id, 'member ' || i AS name FROM generate_series(1, 500) i; \
         INSERT INTO member VALUES (0, '{CANARY}')"
    );
    database.execute(&rows).await;
    (postgres, database, house)
}

async fn members(database: &Database) -> i64 {
    let mut connection = database.connect().await;
    let found = sqlx::query_scalar("SELECT count(*) FROM member").fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found
}

/// Neither an answer nor the log nor a file of ours holds a row or the password; the stored rows are compressed.
fn assert_silent(answers: &[Answer], client: &Client, house: &House) {
    let mut files = std::collections::BTreeMap::new();
    for part in ["data", "quality-reports"] {
        collect(&house.path(part), &mut files);
    }
    let log = client.log();
    let shown = answers.iter().map(|answer| answer.raw.as_bytes()).chain([log.as_bytes()]);
    for bytes in shown.chain(files.values().map(Vec::as_slice)) {
        for secret in [CANARY, PASSWORD] {
            assert!(memchr::memmem::find(bytes, secret.as_bytes()).is_none(), "{}", String::from_utf8_lossy(bytes));
        }
    }
}

#[tokio::test]
async fn a_database_is_snapshotted_restored_and_taken_care_of_without_showing_a_row() {
    let (postgres, database, house) = house().await;
    let client = house.server().await;
    let mut answers = Vec::new();
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("forum", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
        answers.push(done);
    }
    database.execute("DELETE FROM member WHERE id > 10").await;
    let restore = json!({ "service": "forum", "databases": "restore", "wait_s": 40 });
    let dry = client.call("rollback", restore).await;
    assert!(!dry.get("/plan/id").is_empty(), "{}", dry.text);
    let done = client.execute("rollback", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(members(&database).await, 501);
    answers.extend([dry, done]);

    let list = client.call("snapshot_db", json!({ "mode": "list" })).await;
    assert!(list.text.contains("forum-"), "{}", list.text);
    answers.push(list);
    // What a server refuses is told in our words.
    postgres.execute(&format!("ALTER ROLE {} NOCREATEDB", database.user)).await;
    let refused = client.call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })).await;
    assert!(refused.text.contains("may not create databases") && refused.text.contains("CREATEDB"), "{}", refused.text);
    answers.push(refused);
    postgres.execute(&format!("ALTER ROLE {} PASSWORD 'another'", database.user)).await;
    for (tool, arguments) in [
        ("snapshot_db", json!({ "mode": "estimate", "databases": ["forum"] })),
        ("deploy_service", json!({ "service": "forum", "version": "v2025.01.14", "wait_s": 40 })),
    ] {
        let refused = client.call(tool, arguments).await;
        assert!(refused.text.contains("the server refused the login"), "{tool}: {}", refused.text);
        answers.push(refused);
    }
    assert_silent(&answers, &client, &house);
}

#[tokio::test]
async fn another_database_behind_the_address_makes_the_plan_stale() {
    let (postgres, database, house) = house().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    let name = &database.name;
    postgres.execute(&format!("ALTER DATABASE {name} RENAME TO {name}_before")).await;
    postgres.execute(&format!("CREATE DATABASE {name} OWNER {name}")).await;
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "PLAN_STALE", "{}", refused.text);
    assert!(refused.text.contains("database forum identity"), "{}", refused.text);
}
