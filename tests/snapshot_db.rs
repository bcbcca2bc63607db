//! Snapshots, their catalogue and their cost.

use serde_json::json;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::support::mcp::House;

#[tokio::test]
async fn snapshots_are_taken_verified_and_listed() {
    let house = House::production().await;
    let client = house.server().await;
    let list = client.call("snapshot_db", json!({ "mode": "list" })).await;
    assert_eq!(list.structured["without"], json!(["forum", "shop"]), "{}", list.text);
    let estimate = client.call("snapshot_db", json!({ "mode": "estimate", "databases": ["shop"] })).await;
    assert!(estimate.structured["estimates"][0]["database_bytes"].as_u64().unwrap() > 0, "{}", estimate.text);
    let taken = client.call("snapshot_db", json!({ "databases": ["shop", "forum"], "wait_s": 40 })).await;
    assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
    // Side by side: the second begins before the first has ended.
    let seen =
        client.call("operation_status", json!({ "operation": taken.get("/operation/id"), "journal": true })).await;
    let journal = seen.structured["detail"]["journal"].as_array().unwrap();
    assert_eq!(journal.len(), 2, "{}", seen.text);
    let at = |entry: usize, key: &str| journal[entry][key].as_str().unwrap().to_owned();
    assert!(at(1, "intended_at") < at(0, "ended_at") && at(0, "intended_at") < at(1, "ended_at"), "{}", seen.text);
    let list = client.call("snapshot_db", json!({ "mode": "list" })).await;
    assert_eq!(list.structured["snapshots"].as_array().unwrap().len(), 2, "{}", list.text);
    assert_eq!(client.call("snapshot_db", json!({})).await.code(), "BAD_ARGUMENT");
    assert_eq!(client.call("snapshot_db", json!({ "databases": ["shpo"] })).await.code(), "UNKNOWN_NAME");
}

#[tokio::test]
async fn the_catalogue_says_what_it_does_not_show_and_how_to_see_it() {
    let house = House::staging().await;
    let client = house.server().await;
    for _ in 0..4 {
        let taken = client.call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })).await;
        assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
    }
    let list = client.call("snapshot_db", json!({ "mode": "list", "databases": ["forum"] })).await;
    assert_eq!(list.structured["snapshots"].as_array().unwrap().len(), 3, "{}", list.text);
    assert_eq!(list.structured["older"], 1, "{}", list.text);
    assert!(list.text.contains("Shown are the newest 3 of each; not shown: 1 (raise limit)."), "{}", list.text);
    let next = list.structured["next"][0]["arguments"].clone();
    let all = client.call("snapshot_db", next).await;
    assert_eq!(all.structured["snapshots"].as_array().unwrap().len(), 4, "{}", all.text);
    assert!(all.structured["older"].is_null(), "{}", all.text);
}

#[tokio::test]
async fn a_snapshot_of_a_database_that_was_just_emptied_is_no_backup() {
    let house = House::staging().await;
    let client = house.server().await;
    let first = client.call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })).await;
    assert_eq!(first.structured["evidence"][0]["outcome"], "PASS", "{}", first.text);
    let mut forum = SqliteConnectOptions::new().filename(house.path("srv/forum.db")).connect().await.unwrap();
    let emptied = "DELETE FROM posts";
    sqlx::raw_sql(emptied).execute(&mut forum).await.unwrap();
    forum.close().await.unwrap();
    let plan = client.plan("forum", "v2025.01.13").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "failed", "{}", done.text);
    assert!(done.text.contains("it has no row"), "{}", done.text);
}
