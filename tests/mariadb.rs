//! MariaDB through the door: snapshots are taken and listed, and nothing that the database holds comes out.

use deploy_ops_mcp::domain::snapshot::SnapshotLevel;
use serde_json::json;

use crate::support::{
    mariadb::{Database, MariaDb, PASSWORD},
    mcp::{House, collect},
};

/// In rows, in names, in what the server says.
const ROW: &str = "row-canary-8Vq2nZ5xKc7Lw";

async fn house(name: &str) -> (House, Database) {
    let server = MariaDb::start().await;
    let database = server.database(name).await;
    let user = &database.user;
    for host in ["localhost", "127.0.0.1"] {
        server.execute(&format!("GRANT ALL ON `deployops\\_v\\_%`.* TO '{user}'@'{host}'")).await;
    }
    let house = House::staging().await;
    let file = house.path("secrets/maria");
    std::fs::write(&file, PASSWORD).unwrap();
    std::fs::set_permissions(&file, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    let entry = format!(
        "\n[databases.maria]\nengine = \"mariadb\"\naddress = \"127.0.0.1\"\nport = {}\ndatabase = \"{}\"\nuser = \"{user}\"\n\
         password = \"MARIA\"\ntls = \"off\"\n",
        database.port, database.name
    );
    house.configure(|text| {
        text.replace("[secrets]", &format!("[secrets]\nMARIA = \"file:{}\"", file.display())) + &entry
    });
    (house, database)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_snapshot_is_taken_and_listed_and_no_value_comes_out() {
    let (house, database) = house("door").await;
    database
        .execute(&format!(
            "CREATE TABLE t (id INT PRIMARY KEY, value VARCHAR(99) UNIQUE) ENGINE = InnoDB; INSERT INTO t VALUES (1, '{ROW}')"
        ))
        .await;
    let client = house.server().await;
    let mut seen = String::new();
    let estimate = client.call("snapshot_db", json!({ "mode": "estimate", "databases": ["maria"] })).await;
    seen += &estimate.raw;
    let taken = client.call("snapshot_db", json!({ "databases": ["maria"], "wait_s": 40 })).await;
    assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
    seen += &taken.raw;
    let list = client.call("snapshot_db", json!({ "mode": "list", "databases": ["maria"] })).await;
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
        let refused = client.call("snapshot_db", json!({ "databases": ["maria"], "wait_s": 40 })).await;
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
