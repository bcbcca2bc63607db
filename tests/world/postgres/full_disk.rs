//! The disk with our snapshots is full in the middle of a dump.

use deploy_ops_mcp::domain::snapshot::SnapshotLevel;

use super::{CANARY, assert_silent, scratch_databases, snapshot, stage, try_snapshot};
use crate::support::small_disk::{fill_up_during, mount, run_apart};

#[test]
fn a_disk_that_is_full_in_the_middle_of_a_dump_is_told_and_leaves_nothing() {
    run_apart("world::postgres::full_disk::on_a_small_disk");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
#[ignore = "runs where it may mount"]
async fn on_a_small_disk() {
    let (_, database, sandbox) = stage("disk").await;
    let noise = "md5(i::text) || md5((i * 7)::text) || md5((i * 11)::text) || md5((i * 13)::text)";
    let rows = format!("SELECT i, {noise} || '{CANARY}' AS text FROM generate_series(1, 250000) i");
    database.execute(&format!("CREATE TABLE t AS {rows}")).await;
    let snapshots = sandbox.path("data/snapshots");
    mount(&snapshots, 320);
    let partial = snapshots.join("main-1.pgdump.zst.partial");
    let (taken, filling) = tokio::join!(try_snapshot(&sandbox, "main-1"), fill_up_during(&partial));
    let error = taken.unwrap_err();
    assert_eq!((error.doing.as_str(), error.problem.as_str()), ("store the snapshot", "the disk or quota is full"));
    assert_silent(&error, &[CANARY, &database.password]);
    let left: Vec<_> = std::fs::read_dir(&snapshots).unwrap().flatten().map(|entry| entry.path()).collect();
    assert_eq!(left, std::slice::from_ref(&filling), "only what fills it is left");
    assert_eq!(scratch_databases(&database).await, "");
    std::fs::remove_file(filling).unwrap();
    database.execute("DELETE FROM t WHERE i > 10").await;
    assert_eq!(snapshot(&sandbox, "main-1").await.level, SnapshotLevel::Verified);
}
