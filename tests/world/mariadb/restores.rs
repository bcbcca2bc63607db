//! Restores of MariaDB databases.

use deploy_ops_mcp::world::snapshots::RestoreState;

use super::{CORPUS, Stand, restore_of};

#[tokio::test(flavor = "multi_thread")]
async fn a_restore_brings_everything_back_identical_and_can_be_taken_back() {
    let stand = Stand::new("restored").await;
    stand.database.execute(CORPUS).await;
    let before = stand.witness();
    let manifest = stand.take("restored-1").await.unwrap();
    stand
        .database
        .execute(
            "DELETE FROM kinds WHERE id = 101; DROP TRIGGER parts_second; DROP VIEW f_view; DROP FUNCTION twice; \
             DROP TABLE empty_table; CREATE TABLE later (n INT); INSERT INTO later VALUES (1); \
             CREATE VIEW a_later_view AS SELECT n FROM later; ALTER TABLE log ADD COLUMN added INT; \
             CREATE TRIGGER log_trigger BEFORE INSERT ON log FOR EACH ROW SET NEW.n = 1; DROP EVENT `purge`; \
             CREATE EVENT later_event ON SCHEDULE EVERY 1 YEAR DO SELECT 1; SELECT NEXTVAL(numbers)",
        )
        .await;
    let meanwhile = stand.witness();
    let (restore, permit) = restore_of(&manifest);
    let world = &stand.sandbox.world;
    let state = async || world.reader().restore_state(permit.operation(), &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::NotDone);
    world.restore_database(&permit, &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::Done);
    pretty_equal(&stand.witness(), &before);
    // Again: nothing happens.
    world.restore_database(&permit, &restore).await.unwrap();
    pretty_equal(&stand.witness(), &before);
    world.take_back_restore(&permit, &restore).await.unwrap();
    assert_eq!(state().await, RestoreState::TakenBack);
    pretty_equal(&stand.witness(), &meanwhile);
    world.take_back_restore(&permit, &restore).await.unwrap();
    pretty_equal(&stand.witness(), &meanwhile);
    let beside = stand.databases(&format!("{}__", stand.database.name)).await;
    assert!(matches!(beside.as_slice(), [one] if one.contains("__new_")), "{beside:?}");
}

/// The first line that differs is told.
fn pretty_equal(found: &str, wanted: &str) {
    let differs = found.lines().zip(wanted.lines()).find(|(found, wanted)| found != wanted);
    assert_eq!(differs, None);
    assert_eq!(found.lines().count(), wanted.lines().count());
}
