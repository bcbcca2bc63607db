//! Restores of MariaDB databases: everything comes back, nothing is lost, wherever it is interrupted.

use std::time::Instant;

use deploy_ops_mcp::{domain::refusal::Code, world::snapshots::RestoreState};
use sqlx::Connection;

use super::{CORPUS, Stand, restore_of};
use crate::support::manifests;

/// What the application and its migrations did since the snapshot.
const MEANWHILE: &str = "DELETE FROM kinds WHERE id = 101; DROP TRIGGER parts_second; DROP VIEW f_view; DROP FUNCTION twice; \
    DROP TABLE empty_table; CREATE TABLE later (n INT); INSERT INTO later VALUES (1); \
    CREATE VIEW a_later_view AS SELECT n FROM later; ALTER TABLE log ADD COLUMN added INT; \
    CREATE TRIGGER log_trigger BEFORE INSERT ON log FOR EACH ROW SET NEW.n = 1; DROP EVENT `purge`; \
    CREATE EVENT later_event ON SCHEDULE EVERY 1 YEAR STARTS '2033-03-03 00:00:00' DO SELECT 1; SELECT NEXTVAL(numbers)";

/// How often a restore is interrupted, each time later.
const CUTS: u32 = 14;

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_brings_everything_back_identical_and_can_be_taken_back() {
    let stand = Stand::new("restored").await;
    stand.database.execute(CORPUS).await;
    let before = stand.witness();
    let manifest = stand.take("restored-1").await.unwrap();
    stand.database.execute(MEANWHILE).await;
    let meanwhile = stand.witness();
    let (restore, permit) = restore_of(&manifest);
    let world = &stand.sandbox.world;
    let state = async || world.reader().restore_state(permit.operation(), &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::NotDone);
    world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::Done);
    assert_same(&stand.witness(), &before);
    // Again: nothing happens.
    world.restore_database(&permit, &restore).await.unwrap();
    assert_same(&stand.witness(), &before);
    world.take_back_restore(&permit, &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::TakenBack);
    assert_same(&stand.witness(), &meanwhile);
    world.take_back_restore(&permit, &restore).await.unwrap();
    assert_same(&stand.witness(), &meanwhile);
    let beside = stand.databases(&format!("{}__", stand.database.name)).await;
    assert!(matches!(beside.as_slice(), [one] if one.contains("__new_")), "{beside:?}");
}

/// The work stops at ever later moments, as by a crash; then it goes on, or is taken back.
#[tokio::test(flavor = "multi_thread")]
async fn a_restore_that_is_interrupted_anywhere_is_finished_or_taken_back() {
    let stand = Stand::new("cut").await;
    stand.database.execute(CORPUS).await;
    let before = stand.witness();
    let manifest = stand.take("cut-1").await.unwrap();
    stand.database.execute(MEANWHILE).await;
    let meanwhile = stand.witness();
    let world = &stand.sandbox.world;
    let (restore, permit) = restore_of(&manifest);
    let begun = Instant::now();
    world.restore_database(&permit, &restore).await.unwrap();
    world.take_back_restore(&permit, &restore).await.unwrap();
    let (both, mut cuts) = (begun.elapsed(), 0);
    for step in 0..CUTS {
        let (restore, permit) = restore_of(&manifest);
        let limit = both.mul_f64(0.05 + 0.6 * f64::from(step) / f64::from(CUTS));
        let restored = tokio::time::timeout(limit, world.restore_database(&permit, &restore)).await;
        stand.settle().await;
        cuts += u32::from(restored.is_err());
        if step % 2 == 0 {
            world.restore_database(&permit, &restore).await.unwrap();
            assert_same(&stand.witness(), &before);
            // Taking it back is interrupted as well.
            let _ = tokio::time::timeout(limit / 3, world.take_back_restore(&permit, &restore)).await;
            stand.settle().await;
        }
        world.take_back_restore(&permit, &restore).await.unwrap();
        assert_same(&stand.witness(), &meanwhile);
        let beside = stand.databases(&format!("{}__", stand.database.name)).await;
        let unfinished = beside.iter().any(|name| name.contains("__r_") || name.contains("__old_"));
        assert!(!unfinished, "{step}: {beside:?}");
    }
    assert!(cuts > 3, "only {cuts} interruptions");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_session_with_an_open_transaction_stops_a_restore_before_it_changes_anything() {
    let stand = Stand::new("open").await;
    stand.database.execute(CORPUS).await;
    let before = stand.witness();
    let manifest = stand.take("open-1").await.unwrap();
    stand.database.execute(MEANWHILE).await;
    let meanwhile = stand.witness();
    let mut session = stand.database.connect().await;
    sqlx::raw_sql("START TRANSACTION; SELECT * FROM kinds; UPDATE log SET n = n + 1")
        .execute(&mut session)
        .await
        .unwrap();
    let (restore, permit) = restore_of(&manifest);
    let error = stand.sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(error.code, Code::WrongState);
    assert!(error.problem.contains("transactions open"), "{error:?}");
    session.close().await.unwrap();
    assert_same(&stand.witness(), &meanwhile);
    // The same operation tries again, with what was made since.
    stand
        .database
        .execute("CREATE TABLE even_later (n INT); CREATE VIEW even_later_view AS SELECT n FROM even_later")
        .await;
    stand.sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_same(&stand.witness(), &before);
    stand.sandbox.world.take_back_restore(&permit, &restore).await.unwrap();
    assert_eq!(stand.text("SELECT COUNT(*) FROM even_later_view").await.as_deref(), Some("0"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_is_refused_when_it_may_not_or_must_not() {
    let stand = Stand::new("refused").await;
    stand.database.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE = InnoDB; INSERT INTO t VALUES (1)").await;
    let manifest = stand.take("refused-1").await.unwrap();
    let (restore, permit) = restore_of(&manifest);
    let name = &stand.database.name;
    stand.server.execute(&format!("CREATE DATABASE other_{name}")).await;
    let child =
        format!("CREATE TABLE other_{name}.c (t INT, FOREIGN KEY (t) REFERENCES {name}.t (id)) ENGINE = InnoDB");
    stand.server.execute(&child).await;
    for host in ["localhost", "127.0.0.1"] {
        stand.server.execute(&format!("GRANT ALL ON other_{name}.* TO '{}'@'{host}'", stand.database.user)).await;
    }
    let error = stand.sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert!(error.problem.contains("foreign keys of other databases"), "{error:?}");
    stand.server.execute(&format!("DROP DATABASE other_{name}")).await;
    let beside = name.replace('_', "\\_");
    for host in ["localhost", "127.0.0.1"] {
        let revoke = format!("REVOKE ALL ON `{beside}\\_\\_%`.* FROM '{}'@'{host}'", stand.database.user);
        stand.server.execute(&revoke).await;
    }
    let (restore, permit) = restore_of(&manifest);
    let error = stand.sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert!(error.problem.contains("may not create a database") && error.fix.contains("\\_\\_%"), "{error:?}");
    assert_eq!(stand.text("SELECT COUNT(*) FROM t").await.as_deref(), Some("1"));
}

/// The copy beside is what is proven: nobody needs the rights of a second one. What is not the snapshot never takes its place.
#[tokio::test(flavor = "multi_thread")]
async fn only_what_is_proven_beside_the_live_database_takes_its_place() {
    let stand = Stand::new("beside").await;
    stand
        .database
        .execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE = InnoDB; INSERT INTO t VALUES (1), (2), (3)")
        .await;
    let manifest = stand.take("beside-1").await.unwrap();
    stand.database.execute("DELETE FROM t WHERE id > 1").await;
    for host in ["localhost", "127.0.0.1"] {
        let revoke = format!("REVOKE ALL ON `deployops\\_v\\_%`.* FROM '{}'@'{host}'", stand.database.user);
        stand.server.execute(&revoke).await;
    }
    let beside = format!("{}__", stand.database.name);
    let (data, file) = (stand.sandbox.path("data"), stand.sandbox.path("data/snapshots/beside-1.sql.zst"));
    let (restore, permit) = restore_of(&manifest);
    let good = std::fs::read(&file).unwrap();
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&file, flipped).unwrap();
    let error = stand.sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(error.problem, "its file does not have the digest of its manifest");
    std::fs::write(&file, &good).unwrap();
    let mut other = manifest.clone();
    other.rows.insert("t".to_owned(), 4);
    manifests::forge(&data, &other);
    let error = stand.sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
    assert_eq!(error.problem, "beside the database it became something else: different are the rows of t");
    assert_eq!(stand.text("SELECT COUNT(*) FROM t").await.as_deref(), Some("1"));
    assert!(stand.databases(&beside).await.is_empty(), "nothing is left of it");
    manifests::forge(&data, &manifest);
    stand.sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!(stand.text("SELECT COUNT(*) FROM t").await.as_deref(), Some("3"));
}

/// A client program that outlives the killed run which started it cannot write into what the next run restores.
#[tokio::test(flavor = "multi_thread")]
async fn a_session_that_an_interrupted_restore_left_behind_is_ended() {
    let stand = Stand::new("left").await;
    stand.database.execute("CREATE TABLE t (id INT PRIMARY KEY) ENGINE = InnoDB; INSERT INTO t VALUES (1)").await;
    let manifest = stand.take("left-1").await.unwrap();
    let (restore, permit) = restore_of(&manifest);
    let number: String = permit.operation().as_str().chars().filter(char::is_ascii_hexdigit).collect();
    let beside = format!("{}__r_{}", stand.database.name, &number[number.len() - 16..]);
    stand.database.execute(&format!("CREATE DATABASE {beside}")).await;
    let mut left = stand.database.connect().await;
    sqlx::raw_sql(sqlx::AssertSqlSafe(format!("USE {beside}"))).execute(&mut left).await.unwrap();
    stand.sandbox.world.restore_database(&permit, &restore).await.unwrap();
    assert!(sqlx::raw_sql("SELECT 1").execute(&mut left).await.is_err(), "it was ended");
    assert_eq!(stand.text("SELECT COUNT(*) FROM t").await.as_deref(), Some("1"));
}

/// The first line that differs is told.
fn assert_same(found: &str, wanted: &str) {
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert_eq!(differs, None);
    assert_eq!(found.lines().count(), wanted.lines().count());
}
