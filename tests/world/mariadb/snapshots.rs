//! Snapshots of MariaDB databases.

use deploy_ops_mcp::domain::snapshot::SnapshotLevel;

use super::{CORPUS, Stand};

#[tokio::test(flavor = "multi_thread")]
async fn everything_that_a_database_can_hold_is_verified() {
    let stand = Stand::new("corpus").await;
    stand.database.execute(CORPUS).await;
    let manifest = stand.take("corpus-1").await.unwrap();
    assert_eq!(manifest.level, SnapshotLevel::Verified);
    assert_eq!(manifest.rows["kinds"], 4);
    assert_eq!(manifest.rows["versioned"], 3, "with its history");
    assert_eq!(manifest.rows["empty_table"], 0);
    assert_eq!(manifest.rows["numbers"], 1, "a sequence");
    assert!(manifest.tool.starts_with("mariadb-dump "), "{}", manifest.tool);
    assert!(manifest.engine.starts_with("mariadb "), "{}", manifest.engine);
    assert_eq!(stand.databases("deployops_v_").await, Vec::<String>::new());
    assert_eq!(std::fs::read_dir(stand.sandbox.path("data/scratch")).unwrap().count(), 0);
    assert_eq!(stand.take("corpus-1").await.unwrap(), manifest);
}
