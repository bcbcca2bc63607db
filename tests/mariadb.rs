//! MariaDB through the door: snapshots are taken and listed, and nothing that the database holds comes out.

use deploy_ops_mcp::domain::snapshot::SnapshotLevel;
use serde_json::json;

use crate::support::{
    forum,
    mariadb::{Database, PASSWORD},
    mcp::{House, collect},
};

/// In rows, in names, in what the server says.
const ROW: &str = "row-canary-8Vq2nZ5xKc7Lw";

/// A house whose forum has a MariaDB database.
async fn house() -> (House, Database) {
    let house = House::staging().await;
    let (_, database) = forum::on_mariadb(&house.sandbox).await;
    (house, database)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_taken_and_listed_and_no_value_comes_out() {
    let (house, database) = house().await;
    database
        .execute(&format!(
            "CREATE TABLE t (id INT PRIMARY KEY, value VARCHAR(99) UNIQUE) ENGINE = InnoDB; INSERT INTO t VALUES (1, '{ROW}')"
        ))
        .await;
    let client = house.server().await;
    let mut seen = String::new();
    let estimate = client.call("snapshot_db", json!({ "mode": "estimate", "databases": ["forum"] })).await;
    seen += &estimate.raw;
    let taken = client.call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })).await;
    assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
    seen += &taken.raw;
    let list = client.call("snapshot_db", json!({ "mode": "list", "databases": ["forum"] })).await;
    let level = serde_json::to_value(SnapshotLevel::Verified).unwrap();
    assert_eq!(list.structured["snapshots"][0]["level"], level, "{}", list.text);
    seen += &list.raw;
    // What cannot be dumped: a view that has lost its table, a table without transactions, a password that is not the right one.
    for broken in [
        "CREATE TABLE gone (n INT) ENGINE = InnoDB; CREATE VIEW v AS SELECT n FROM gone; DROP TABLE gone",
        "DROP VIEW v; CREATE TABLE m (n INT) ENGINE = MyISAM",
        "SET PASSWORD = PASSWORD('another-canary-4Tz9')",
    ] {
        database.execute(broken).await;
        let refused = client.call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })).await;
        assert_ne!(refused.get("/operation/state"), "succeeded", "{broken}: {}", refused.text);
        seen += &refused.raw;
    }
    seen += &client.log();
    for (path, bytes) in {
        let mut files = std::collections::BTreeMap::new();
        collect(&house.path("data"), &mut files);
        files
    } {
        // A snapshot is the database itself.
        if !path.components().any(|part| part.as_os_str() == "snapshots") {
            seen += &String::from_utf8_lossy(&bytes);
        }
    }
    for canary in [ROW, PASSWORD, "another-canary-4Tz9"] {
        assert!(!seen.contains(canary), "{canary}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_that_restores_says_that_the_swap_is_not_atomic() {
    let (house, database) = house().await;
    database.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE = InnoDB; INSERT INTO t VALUES (1)").await;
    let client = house.server().await;
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("forum", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    let told = "Restoring forum (MariaDB) is not atomic";
    let dry = client.call("rollback", json!({ "service": "forum", "databases": "restore", "wait_s": 40 })).await;
    assert!(dry.structured["plan"]["warnings"].to_string().contains(told), "{}", dry.text);
    assert!(dry.text.contains(told) && dry.text.contains("Stop writes before"), "{}", dry.text);
}
