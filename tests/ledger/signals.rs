//! What another process asks for arrives, once.

use deploy_ops_mcp::{
    domain::principal::Principal,
    ledger::{HumanDecision, LedgerError},
    redact::Redactor,
};

use super::*;

both! {
    signals_of_another_process_arrive,
    a_one_time_code_counts_once,
    the_newest_approval_counts,
    snapshots_are_listed_until_they_are_given_up,
}

async fn signals_of_another_process_arrive(store: Store) {
    let place = store.place().await;
    let (server, operator) = (place.open().await, place.open_as("boot-a:9:9").await);
    let (_, operation) = running(&server).await;
    let (alice, why) = (Principal::operator("alice"), Redactor::default().text("looks wrong"));

    assert!(!server.cancel_requested(&operation.id).await.unwrap());
    operator.request_cancel(&operation.id, &alice, now()).await.unwrap();
    operator.request_cancel(&operation.id, &alice, now()).await.unwrap();
    assert!(server.cancel_requested(&operation.id).await.unwrap());

    assert_eq!(server.decision(&operation.id).await.unwrap(), None);
    operator.decide_operation(&operation.id, HumanDecision::Accept, &alice, &why, now()).await.unwrap();
    operator.decide_operation(&operation.id, HumanDecision::RollBack, &alice, &why, now()).await.unwrap();
    assert_eq!(server.decision(&operation.id).await.unwrap(), Some(HumanDecision::RollBack));
    assert_eq!(server.decision(&operation.id).await.unwrap(), None, "a decision is taken once");

    assert_eq!(server.halted().await.unwrap(), None);
    operator.halt(&alice, &why, now()).await.unwrap();
    assert_eq!(server.halted().await.unwrap().as_deref(), Some("looks wrong"));
    operator.resume_changes(&alice, now()).await.unwrap();
    assert_eq!(server.halted().await.unwrap(), None);

    let stranger = operation_of(deploy_ops_mcp::domain::operation::OperationKind::Deploy, None, 0);
    let lost = operator.request_cancel(&stranger.id, &alice, now()).await;
    assert!(matches!(lost, Err(LedgerError::Missing { .. })));
    server.verify().await.unwrap();
}

async fn a_one_time_code_counts_once(store: Store) {
    let place = store.place().await;
    let (one, other) = (place.open().await, place.open_as("boot-a:9:9").await);
    let environment = "production".parse().unwrap();
    assert!(one.totp_step_is_new(&environment, 57_897_780).await.unwrap());
    assert!(!other.totp_step_is_new(&environment, 57_897_780).await.unwrap());
    assert!(other.totp_step_is_new(&environment, 57_897_781).await.unwrap());
    one.verify().await.unwrap();
}

async fn the_newest_approval_counts(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let plan = approved(&ledger).await;
    let denial = Approval { decision: Decision::Deny, ..approval_of(&plan) };
    ledger.record_approval(plan.id(), &denial).await.unwrap();
    assert_eq!(ledger.latest_approval(plan.id()).await.unwrap(), Some(denial));
    let stranger = plan_of("crm", "never stored");
    let lost = ledger.record_approval(stranger.id(), &approval_of(&stranger)).await;
    assert!(matches!(lost, Err(LedgerError::Missing { .. })));
    ledger.verify().await.unwrap();
}

async fn snapshots_are_listed_until_they_are_given_up(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let (older, newer) = (snapshot_of(&operation, 1), snapshot_of(&operation, 2));
    ledger.record_snapshot(&older).await.unwrap();
    ledger.record_snapshot(&newer).await.unwrap();
    ledger.record_snapshot(&newer).await.unwrap();
    let other = SnapshotManifest { stored_bytes: 1, ..newer.clone() };
    assert!(matches!(ledger.record_snapshot(&other).await, Err(LedgerError::Exists { .. })));
    assert_eq!(ledger.snapshots(&older.database).await.unwrap(), [newer.clone(), older.clone()]);
    ledger.tombstone(&older.id, &Principal::operator("alice"), now()).await.unwrap();
    assert_eq!(ledger.snapshots(&older.database).await.unwrap(), [newer]);
    assert_eq!(ledger.tombstoned(now()).await.unwrap(), []);
    assert_eq!(ledger.tombstoned(now().plus_s(1)).await.unwrap(), [older]);
    ledger.verify().await.unwrap();
}
