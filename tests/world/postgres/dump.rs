//! Taking a snapshot while everything happens that may happen to a database.

use std::time::{Duration, Instant};

use deploy_ops_mcp::domain::{refusal::Code, snapshot::SnapshotLevel};
use rustix::process::{Pid, Signal, kill_process};
use sqlx::Connection;

use super::{CANARY, assert_silent, scratch_databases, server, snapshot, stage, text, try_snapshot, world_of};
use crate::support::{postgres::Database, sandbox::Sandbox};

/// Waits until somebody waits for a lock in the database.
async fn until_somebody_waits(database: &Database) {
    let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted AND database = \
                   (SELECT oid FROM pg_database WHERE datname = current_database())";
    until(async || text(database, waiting).await != "0").await;
}

async fn until(mut condition: impl AsyncFnMut() -> bool) {
    let begun = Instant::now();
    while !condition().await {
        assert!(begun.elapsed() < Duration::from_secs(30), "it never happened");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Nothing is left of a snapshot that failed.
async fn assert_nothing_left(sandbox: &Sandbox, database: &Database) {
    let files = std::fs::read_dir(sandbox.path("data/snapshots"))
        .map_or(0, |found| found.flatten().filter(|e| e.path().is_file()).count());
    assert_eq!(files, 0);
    assert_eq!(std::fs::read_dir(sandbox.path("data/scratch")).map_or(0, Iterator::count), 0);
    assert_eq!(scratch_databases(database).await, "");
}

/// `pg_dump` alone: exit code 0 and 0 rows, where there were 5000 before and 7000 after.
#[tokio::test]
async fn e2_a_truncate_that_commits_between_moment_and_lock_does_not_empty_the_snapshot() {
    let (_, database, sandbox) = stage("truncate").await;
    database.execute("CREATE TABLE t (n INT); INSERT INTO t SELECT generate_series(1, 5000)").await;
    let mut writer = database.connect().await;
    let refill = "BEGIN; TRUNCATE t; INSERT INTO t SELECT generate_series(1, 7000)";
    sqlx::raw_sql(refill).execute(&mut writer).await.unwrap();
    let (manifest, ()) = tokio::join!(snapshot(&sandbox, "main-1"), async {
        until_somebody_waits(&database).await;
        sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    });
    assert_eq!((manifest.rows["t"], manifest.level), (7_000, SnapshotLevel::Verified));
    writer.close().await.unwrap();
}

#[tokio::test]
async fn tables_that_change_come_and_go_while_locking_are_seen_as_they_are_afterwards() {
    let (_, database, sandbox) = stage("ddl").await;
    database.execute("CREATE TABLE a (n INT); CREATE TABLE b (n INT); INSERT INTO b VALUES (1)").await;
    let mut writer = database.connect().await;
    let change = "BEGIN; DROP TABLE a; ALTER TABLE b ADD COLUMN m INT DEFAULT 7; CREATE TABLE c AS SELECT 1 AS n";
    sqlx::raw_sql(change).execute(&mut writer).await.unwrap();
    let (manifest, ()) = tokio::join!(snapshot(&sandbox, "main-1"), async {
        until_somebody_waits(&database).await;
        sqlx::raw_sql("COMMIT").execute(&mut writer).await.unwrap();
    });
    assert_eq!(manifest.rows.keys().collect::<Vec<_>>(), ["b", "c"]);
    writer.close().await.unwrap();
}

/// Writers go on, in rows and in sequences, and the snapshot is of one moment: the sum stays the same in each.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_snapshot_under_constant_writing_is_of_one_moment() {
    let (_, database, sandbox) = stage("busy").await;
    database
        .execute("CREATE TABLE t (id INT PRIMARY KEY, score INT); INSERT INTO t SELECT i, 100 FROM generate_series(1, 20000) i; CREATE SEQUENCE s")
        .await;
    let (stop, mut stopped) = tokio::sync::oneshot::channel::<()>();
    let writing = database.clone();
    let writer = tokio::spawn(async move {
        let mut connection = writing.connect().await;
        let mut turns = 0_u32;
        while stopped.try_recv() == Err(tokio::sync::oneshot::error::TryRecvError::Empty) {
            turns += 1;
            let step = format!(
                "UPDATE t SET score = score - 1 WHERE id = {}; UPDATE t SET score = score + 1 WHERE id = {}; SELECT nextval('s')",
                turns % 20_000 + 1,
                (turns * 7) % 20_000 + 1
            );
            sqlx::raw_sql(sqlx::AssertSqlSafe(step)).execute(&mut connection).await.unwrap();
        }
        connection.close().await.unwrap();
        turns
    });
    let manifest = snapshot(&sandbox, "main-1").await;
    stop.send(()).unwrap();
    assert!(writer.await.unwrap() > 10);
    assert_eq!(manifest.level, SnapshotLevel::Verified);
    assert_eq!(manifest.rows["t"], 20_000);
    assert!(!manifest.contents.contains_key("sequence s"), "it moved");
    let quiet = snapshot(&sandbox, "main-2").await;
    assert!(quiet.contents.contains_key("sequence s"), "it stands");
}

#[tokio::test]
async fn a_lock_that_is_not_let_go_is_told() {
    let (_, database, sandbox) = stage("locked").await;
    database.execute("CREATE TABLE t (n INT)").await;
    let mut holder = database.connect().await;
    sqlx::raw_sql("BEGIN; LOCK TABLE t IN ACCESS EXCLUSIVE MODE").execute(&mut holder).await.unwrap();
    let refused = try_snapshot(&sandbox, "main-1").await.unwrap_err();
    assert_eq!(refused.problem, "somebody holds a lock on a table");
    assert_nothing_left(&sandbox, &database).await;
    holder.close().await.unwrap();
}

#[tokio::test]
async fn an_empty_database_and_one_without_rows_are_snapshots_too() {
    let (_, database, sandbox) = stage("empty").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    assert!(manifest.rows.is_empty() && manifest.level == SnapshotLevel::Verified && manifest.stored_bytes > 0);
    database.execute("CREATE TABLE t (n INT)").await;
    assert_eq!(snapshot(&sandbox, "main-2").await.rows["t"], 0);
}

/// The process of `pg_dump` that writes this database, when it is there.
fn dumper(database: &Database) -> Option<Pid> {
    let wanted = format!("PGDATABASE={}\0", database.name);
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let mut pids = processes.filter_map(|entry| entry.file_name().to_str()?.parse::<i32>().ok());
    let found = pids.find(|pid| {
        let read = |what: &str| std::fs::read(format!("/proc/{pid}/{what}")).unwrap_or_default();
        let says_snapshot = String::from_utf8_lossy(&read("cmdline")).contains("--snapshot=");
        says_snapshot && String::from_utf8_lossy(&read("environ")).contains(&wanted)
    });
    found.and_then(Pid::from_raw)
}

/// In a shell's pipe a killed `pg_dump` leaves exit code 0 and a whole file.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn e2_a_dump_that_is_killed_half_way_is_no_snapshot() {
    let (postgres, database, sandbox) = stage("killed").await;
    database
        .execute(&format!("CREATE TABLE t AS SELECT i, repeat(md5(i::text), 30) || '{CANARY}' AS text FROM generate_series(1, 150000) i"))
        .await;
    for by_server in [false, true] {
        let (taken, ()) = tokio::join!(try_snapshot(&sandbox, "main-1"), async {
            let part = sandbox.path("data/snapshots/main-1.pgdump.zst.partial");
            until(async || std::fs::metadata(&part).is_ok_and(|found| found.len() > 100_000)).await;
            if by_server {
                let end =
                    "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE query LIKE 'COPY%' AND datname = ";
                postgres.execute(&format!("{end} '{}'", database.name)).await;
            } else {
                kill_process(dumper(&database).expect("pg_dump runs"), Signal::KILL).unwrap();
            }
        });
        let error = taken.unwrap_err();
        let wanted = if by_server { "the server ended the connection" } else { "it ended with signal 9" };
        assert_eq!(error.problem, wanted);
        assert_silent(&error, &[CANARY, &database.password]);
        assert_nothing_left(&sandbox, &database).await;
    }
}

#[tokio::test]
async fn a_file_that_cannot_be_written_is_told_as_that() {
    let (_, database, sandbox) = stage("full").await;
    database.execute("CREATE TABLE t AS SELECT i, repeat('x', 500) FROM generate_series(1, 20000) i").await;
    // In its place there is something that cannot be overwritten.
    std::fs::create_dir_all(sandbox.path("data/snapshots/main-1.pgdump.zst.partial/in-the-way")).unwrap();
    let error = try_snapshot(&sandbox, "main-1").await.unwrap_err();
    assert_eq!((error.doing.as_str(), error.problem.as_str()), ("store the snapshot", "it exists already"));
    assert_nothing_left(&sandbox, &database).await;
}

#[tokio::test]
async fn rows_that_the_role_may_not_see_are_not_left_out_in_silence() {
    let (postgres, database, sandbox) = stage("rights").await;
    postgres.execute_in(&database, "CREATE TABLE public.secret (n INT)").await;
    let refused = try_snapshot(&sandbox, "main-1").await.unwrap_err();
    assert_eq!(refused.problem, "the role lacks a right");
    let owner = &database.user;
    postgres
        .execute_in(
            &database,
            &format!(
                "GRANT SELECT ON public.secret TO {owner}; ALTER TABLE public.secret ENABLE ROW LEVEL SECURITY; \
                 CREATE POLICY few ON public.secret USING (n > 5)"
            ),
        )
        .await;
    let refused = try_snapshot(&sandbox, "main-1").await.unwrap_err();
    assert_eq!(refused.problem, "the role lacks a right");
    assert_nothing_left(&sandbox, &database).await;
}

#[tokio::test]
async fn without_a_place_to_prove_it_nothing_is_dumped() {
    let (postgres, database, sandbox) = stage("scratch").await;
    database.execute("CREATE TABLE t AS SELECT 1 AS n").await;
    postgres.execute(&format!("ALTER ROLE {} NOCREATEDB", database.user)).await;
    let refused = try_snapshot(&sandbox, "main-1").await.unwrap_err();
    assert_eq!(refused.code, Code::Unsupported);
    assert!(refused.problem.contains("may not create databases") && refused.fix.contains("scratch"), "{refused:?}");
    assert_nothing_left(&sandbox, &database).await;
    // Another role, here on the same server, proves it.
    let place = postgres.database("place").await;
    postgres.execute(&format!("ALTER ROLE {} CREATEDB", place.user)).await;
    let mut with_scratch = server(&database);
    with_scratch.scratch = Some("place".parse().unwrap());
    let sandbox = world_of(&[("main", with_scratch), ("place", server(&place))], &database.password);
    assert_eq!(snapshot(&sandbox, "main-1").await.level, SnapshotLevel::Verified);
    assert_eq!(scratch_databases(&place).await, "");
}

#[tokio::test]
async fn what_a_killed_run_left_behind_is_removed_when_it_is_old_and_ours() {
    let (postgres, database, sandbox) = stage("sweep").await;
    let hex = |milliseconds: i64| format!("deployops_v_{milliseconds:012x}0000000{}", std::process::id() % 10);
    let (old, young) = (hex(1_700_000_000_000), hex(jiff::Timestamp::now().as_millisecond()));
    let foreign = hex(1_700_000_000_001);
    for name in [&old, &young] {
        database.execute(&format!("CREATE DATABASE {name}")).await;
    }
    postgres.execute(&format!("CREATE DATABASE {foreign}")).await;
    snapshot(&sandbox, "main-1").await;
    assert_eq!(scratch_databases(&database).await, young);
    assert_eq!(text(&database, &format!("SELECT count(*) FROM pg_database WHERE datname = '{foreign}'")).await, "1");
}
