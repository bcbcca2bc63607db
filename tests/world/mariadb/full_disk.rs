//! The disk with our snapshots is full in the middle of a dump.

use deploy_ops_mcp::domain::snapshot::SnapshotLevel;

use super::Stand;
use crate::support::{
    sandbox::TOKEN,
    small_disk::{fill_up_during, mount, run_apart},
};

const CANARY: &str = "row-canary-6Hd3wPq9Zx2Rk7Lm";

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_dump_is_told_and_leaves_nothing() {
    run_apart("world::mariadb::full_disk::on_a_small_disk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[ignore = "runs where it may mount"]
async fn on_a_small_disk() {
    let stand = Stand::new("disk").await;
    let noise = "MD5(seq), MD5(seq * 7), MD5(seq * 11), MD5(seq * 13)";
    stand
        .database
        .execute(&format!(
            "CREATE TABLE t (id INT PRIMARY KEY, text TEXT) ENGINE = InnoDB; \
             INSERT INTO t SELECT seq, CONCAT({noise}, '{CANARY}') FROM seq_1_to_250000"
        ))
        .await;
    let snapshots = stand.sandbox.path("data/snapshots");
    mount(&snapshots, 320);
    let partial = snapshots.join("disk-1.sql.zst.partial");
    let (taken, filling) = tokio::join!(stand.take("disk-1"), fill_up_during(&partial));
    let error = taken.unwrap_err();
    assert_eq!((error.doing.as_str(), error.problem.as_str()), ("store the snapshot", "the disk or quota is full"));
    let shown = format!("{error:?} {error}");
    assert!(!shown.contains(CANARY) && !shown.contains(TOKEN), "{shown}");
    let left: Vec<_> = std::fs::read_dir(&snapshots).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(left, std::slice::from_ref(&filling), "only what fills it is left");
    std::fs::remove_file(filling).unwrap();
    stand.database.execute("DELETE FROM t WHERE id > 10").await;
    assert_eq!(stand.take("disk-1").await.unwrap().level, SnapshotLevel::Verified);
}
