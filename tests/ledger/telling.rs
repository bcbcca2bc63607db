//! What GitHub is owed is found again, and a lock whose holder has ended is free.

use deploy_ops_mcp::{domain::principal::Principal, ledger::Telling, redact::Redactor};
use serde_json::json;

use super::*;

both! {
    what_is_owed_is_found_until_it_is_told,
    the_lock_of_a_holder_that_has_ended_is_free_and_no_other,
}

async fn say(ledger: &Ledger, telling: Telling, operation: &Operation, why: &str) {
    let body = Redactor::default().json(json!({ "why": why }));
    ledger.note(telling.kind(), Some(&operation.id), &Principal::server(), body, now()).await.unwrap();
}

async fn what_is_owed_is_found_until_it_is_told(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let mut operations = Vec::new();
    for _ in 0..4 {
        let operation = operation_of(OperationKind::DryRun, None, 0);
        ledger.begin_dry_run(&operation).await.unwrap();
        operations.push(operation);
    }
    let [silent, owed, told, refused] = &operations[..] else { panic!() };
    assert_eq!(ledger.telling(&silent.id).await.unwrap(), None);
    for operation in [owed, told, refused] {
        say(&ledger, Telling::Owed, operation, "").await;
        say(&ledger, Telling::Said, operation, "no answer").await;
    }
    // What others say about the operation does not count.
    let body = Redactor::default().json(json!({}));
    ledger.note("report", Some(&owed.id), &Principal::server(), body, now()).await.unwrap();
    say(&ledger, Telling::Told, told, "").await;
    say(&ledger, Telling::GivenUp, refused, "no permission").await;

    let found = ledger.untold(now().plus_s(-1)).await.unwrap();
    let found: Vec<_> = found.iter().map(|(one, telling, last)| (&one.id, *telling, last["why"].as_str())).collect();
    let wanted = [(&owed.id, Telling::Said, Some("no answer")), (&refused.id, Telling::GivenUp, Some("no permission"))];
    assert_eq!(found, wanted);
    assert_eq!(ledger.untold(now()).await.unwrap(), [], "those that began before are left alone");
    assert_eq!(ledger.telling(&told.id).await.unwrap().unwrap().0, Telling::Told);
    ledger.verify().await.unwrap();
}

async fn the_lock_of_a_holder_that_has_ended_is_free_and_no_other(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let take = async |holder: &str| ledger.acquire("issues/crm", holder, "tells", now(), 60).await.unwrap();
    let first = take("boot-a:1:1").await.unwrap();
    ledger.release_of("issues/crm", "boot-a:2:2").await.unwrap();
    assert_eq!(take("boot-a:2:2").await.unwrap_err().holder, "boot-a:1:1");
    ledger.release_of("issues/crm", "boot-a:1:1").await.unwrap();
    let second = take("boot-a:2:2").await.unwrap();
    assert!(second.fence > first.fence);
    assert!(ledger.renew("issues/crm", first.fence, now(), 60).await.is_err(), "the old one is fenced");
    // An operation's lock is its own.
    let (_, operation) = running(&ledger).await;
    ledger.release_of("service/crm/production", operation.id.as_str()).await.unwrap();
    ledger.renew("service/crm/production", operation.fence, now(), 60).await.unwrap();
    ledger.verify().await.unwrap();
}
