//! Tampering is found and named.

use deploy_ops_mcp::{
    domain::principal::Principal,
    ledger::{Flaw, LedgerError},
    redact::Redactor,
};

use super::*;

both! {
    every_kind_of_tampering_with_the_chain_is_named,
    a_forged_entry_at_the_end_is_named,
    state_that_disagrees_with_the_chain_is_named,
    a_cut_end_shows_in_the_state_or_in_the_head,
    the_head_is_the_last_entry_and_shows_shortly,
}

async fn found(place: &Place) -> (i64, Flaw) {
    match place.open().await.verify().await {
        Err(LedgerError::Bad { seq, why }) => (seq, why),
        other => panic!("the tampering was not found: {other:?}"),
    }
}

async fn written(store: Store) -> Place {
    let place = store.place().await;
    let ledger = place.open().await;
    whole_deployment(&ledger).await;
    assert!(ledger.verify().await.unwrap().entries > 10);
    ledger.close().await;
    place
}

async fn every_kind_of_tampering_with_the_chain_is_named(store: Store) {
    let cases = [
        ("UPDATE entries SET at = '2020-01-01T00:00:00.000Z' WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET kind = 'other' WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET operation = NULL WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET operation = 'op_x' WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET actor = 'operator:mallory' WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET body = '{}' WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET body = x'ff' WHERE seq = 5", 5, Flaw::Unreadable),
        ("UPDATE entries SET prev = (SELECT hash FROM entries WHERE seq = 2) WHERE seq = 5", 5, Flaw::Prev),
        ("UPDATE entries SET hash = prev WHERE seq = 5", 5, Flaw::Hash),
        ("UPDATE entries SET seq = 1000 WHERE seq = 5", 5, Flaw::Gap),
        ("DELETE FROM entries WHERE seq = 5", 5, Flaw::Gap),
        ("DELETE FROM entries WHERE seq = 1", 1, Flaw::Gap),
        (
            "UPDATE entries SET seq = -1 WHERE seq = 5; UPDATE entries SET seq = 5 WHERE seq = 6; \
             UPDATE entries SET seq = 6 WHERE seq = -1",
            5,
            Flaw::Prev,
        ),
        (
            "INSERT INTO entries SELECT 0, at, kind, operation, actor, body, prev, hash FROM entries WHERE seq = 3",
            1,
            Flaw::Gap,
        ),
    ];
    // PostgreSQL stores no text that is not one.
    let storable = |sql: &str| store == Store::Sqlite || !sql.contains("x'ff'");
    for (sql, seq, why) in cases.into_iter().filter(|(sql, ..)| storable(sql)) {
        let place = written(store).await;
        place.run(sql).await;
        assert_eq!(found(&place).await, (seq, why), "{sql}");
    }
}

async fn a_forged_entry_at_the_end_is_named(store: Store) {
    let place = written(store).await;
    place
        .run(
            "INSERT INTO entries SELECT seq + 1, at, kind, operation, actor, body, hash, hash FROM entries \
             ORDER BY seq DESC LIMIT 1",
        )
        .await;
    let (seq, why) = found(&place).await;
    assert_eq!(why, Flaw::Hash, "{seq}");
}

async fn state_that_disagrees_with_the_chain_is_named(store: Store) {
    let cases = [
        "UPDATE plans SET text = replace(text, 'none', 'nope')",
        "UPDATE plans SET consumed_by = NULL",
        "UPDATE approvals SET record = replace(record, 'approve', 'deny')",
        "UPDATE approvals SET consumed_by = NULL",
        "UPDATE operations SET state = 'failed' WHERE plan IS NOT NULL",
        "UPDATE operations SET fence = fence + 1",
        "UPDATE operations SET record = replace(record, 'ended', 'swell')",
        "UPDATE journal SET record = replace(record, 'taken', 'given')",
        "UPDATE evidence SET record = replace(record, 'PASS', 'FAIL')",
        "UPDATE locks SET fence = 1000",
        "UPDATE deployments SET record = replace(record, 'live', 'replaced')",
        "UPDATE snapshots SET tombstoned_at = 1",
        "UPDATE journal SET entry = entry - 1 WHERE position = 1",
    ];
    for sql in cases {
        let place = written(store).await;
        assert!(place.run(sql).await > 0, "{sql}");
        assert!(matches!(found(&place).await, (1.., Flaw::RowChanged(_))), "{sql}");
    }
    for table in ["plans", "approvals", "operations", "journal", "evidence", "locks", "deployments", "snapshots"] {
        let place = written(store).await;
        assert!(place.run(&format!("DELETE FROM {table}")).await > 0, "{table}");
        assert!(matches!(found(&place).await, (1.., Flaw::RowMissing(_))), "{table}");
    }
    let place = written(store).await;
    place.run("INSERT INTO halts (number, halted_by, reason, entry) VALUES (9, 'operator:mallory', '', 3)").await;
    assert_eq!(found(&place).await, (3, Flaw::RowForged("halts/9".to_owned())));
}

/// Cutting off the end leaves state that nothing vouches for, or, where no state is concerned, a head that was given out and is gone.
async fn a_cut_end_shows_in_the_state_or_in_the_head(store: Store) {
    let place = written(store).await;
    place.run("DELETE FROM entries WHERE seq = (SELECT MAX(seq) FROM entries)").await;
    assert!(matches!(found(&place).await.1, Flaw::RowChanged(_)));

    let place = written(store).await;
    let ledger = place.open().await;
    let body = Redactor::default().json(serde_json::json!({ "text": "an incident" }));
    ledger.note("incident", None, &Principal::server(), body, now()).await.unwrap();
    let given_out = ledger.head().await.unwrap();
    ledger.close().await;
    place.run("DELETE FROM entries WHERE seq = (SELECT MAX(seq) FROM entries)").await;
    assert_eq!(place.open().await.verify().await.unwrap().head.seq, given_out.seq - 1);
}

async fn the_head_is_the_last_entry_and_shows_shortly(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    assert_eq!(ledger.head().await.unwrap().to_string(), "0/000000000000");
    whole_deployment(&ledger).await;
    let head = ledger.head().await.unwrap();
    let last = ledger.entries(head.seq - 1, 10).await.unwrap().remove(0);
    assert_eq!((last.seq, last.hash), (head.seq, head.hash));
    assert_eq!(last.kind, "operation_ended");
    assert_eq!(head.to_string(), format!("{}/{}", head.seq, &head.hash.to_string()[..12]));
    assert_eq!(place.open_as("boot-a:2:2").await.head().await.unwrap(), head);
    assert_eq!(ledger.entries(0, 3).await.unwrap().iter().map(|e| e.seq).collect::<Vec<_>>(), [1, 2, 3]);
}
