//! No secret reaches the file.

use deploy_ops_mcp::{
    domain::principal::Principal,
    ledger::{HumanDecision, LedgerError},
    redact::{Redactor, Secret},
};

use super::*;

both! {
    a_secret_in_any_text_is_not_stored,
    a_secret_in_a_name_is_refused_rather_than_stored_unreadably,
}

const CANARY: &str = "cAnArY-8f3k2j5h6g7d";

fn holds(haystack: &[u8], needle: &str) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle.as_bytes())
}

async fn a_secret_in_any_text_is_not_stored(store: Store) {
    let place = store.place().await;
    let redactor = Redactor::default();
    redactor.add([Secret::new("CANARY", CANARY)]);
    let spilled = |what: &str| format!("{what} {CANARY}");
    // What callers redacted with a redactor that did not know the secret yet.
    let late = Redactor::default();
    let ledger = Ledger::open(&place.location(), Instance::new(spilled("boot")), redactor.clone()).await.unwrap();
    let human = Principal::operator(&spilled("alice"));

    let poisoned = plan_of("crm", &spilled("warning"));
    let dry_run = Operation {
        summary: spilled("summary"),
        step: Some(spilled("step")),
        version: Some(spilled("v1")),
        requester: human.clone(),
        ..operation_of(OperationKind::DryRun, None, 0)
    };
    ledger.begin_dry_run(&dry_run).await.unwrap();
    let refused = ledger.record_plan(&poisoned, &[], &dry_run, now()).await;
    assert!(matches!(refused, Err(LedgerError::SecretInPlan)));
    let plan = plan_of("crm", "none");
    let evidence = Evidence {
        subject: spilled("subject"),
        collector: spilled("collector"),
        counters: [(spilled("counter"), 1)].into(),
        ..evidence_of(&spilled("summary"))
    };
    ledger
        .record_plan(&plan, std::slice::from_ref(&evidence), &ended(&dry_run, OperationState::Succeeded), now())
        .await
        .unwrap();
    ledger.record_approval(plan.id(), &Approval { approver: human.clone(), ..approval_of(&plan) }).await.unwrap();
    ledger.acquire(&spilled("resource"), &spilled("holder"), &spilled("reason"), now(), 60).await.unwrap().unwrap();
    ledger.renew(&spilled("resource"), 1, now(), 60).await.unwrap();
    ledger.release(&spilled("resource"), 1).await.unwrap();
    let lease =
        ledger.acquire(&plan.resource(), plan.id().as_str(), &spilled("reason"), now(), 60).await.unwrap().unwrap();
    let operation = Operation {
        summary: spilled("summary"),
        requester: human.clone(),
        ..operation_of(OperationKind::Deploy, Some(&plan), lease.fence)
    };
    ledger.begin(&plan, &operation).await.unwrap();
    ledger.update(&Operation { step: Some(spilled("step")), ..operation.clone() }).await.unwrap();
    let intent = JournalEntry { step: spilled("step"), summary: spilled("summary"), ..intent_of(&operation, 0) };
    ledger.intend(&intent, operation.fence).await.unwrap();
    let outcome = JournalEntry { outcome: spilled("outcome"), ..done(&intent) };
    ledger.outcome(&outcome, std::slice::from_ref(&evidence), operation.fence).await.unwrap();
    ledger.record_evidence(&operation.id, &[evidence]).await.unwrap();
    ledger.request_cancel(&operation.id, &human, now()).await.unwrap();
    ledger
        .decide_operation(&operation.id, HumanDecision::Accept, &human, &late.text(&spilled("why")), now())
        .await
        .unwrap();
    ledger.decision(&operation.id).await.unwrap();
    ledger.halt(&human, &late.text(&spilled("reason")), now()).await.unwrap();
    ledger.resume_changes(&human, now()).await.unwrap();
    let snapshot = SnapshotManifest {
        engine: spilled("engine"),
        identity: spilled("identity"),
        migration_head: Some(spilled("head")),
        rows: [(spilled("table"), 1)].into(),
        ..snapshot_of(&operation, 7)
    };
    ledger.record_snapshot(&snapshot).await.unwrap();
    ledger.tombstone(&snapshot.id, &human, now()).await.unwrap();
    let deployment = Deployment { commit: spilled("commit"), ..deployment_of(&operation, DeploymentState::Live) };
    let end = ended(&operation, OperationState::RollbackFailed);
    ledger.finish(&Operation { summary: spilled("summary"), ..end }, &[deployment], now()).await.unwrap();
    ledger.clear_freeze(&operation.id, &human, &late.text(&spilled("why")), now()).await.unwrap();
    let body = late.json(serde_json::json!({ spilled("key"): spilled("value") }));
    ledger.note(&spilled("kind"), Some(&operation.id), &human, body, now()).await.unwrap();
    ledger.read_happened("list_services", &human, None, now());
    ledger.flush().await;

    let stored = place.bytes().await;
    assert!(holds(&stored, "[redacted]"), "the test looks at the right bytes");
    assert!(!holds(&stored, CANARY));
    let verified = ledger.verify().await.unwrap();
    assert_eq!(verified.entries, 21, "one entry for each change above");
}

async fn a_secret_in_a_name_is_refused_rather_than_stored_unreadably(store: Store) {
    let place = store.place().await;
    let redactor = Redactor::default();
    let dry_run = operation_of(OperationKind::DryRun, None, 0);
    redactor.add([Secret::new("NAME", dry_run.id.as_str())]);
    let ledger = Ledger::open(&place.location(), Instance::new("boot-a:1:1"), redactor).await.unwrap();
    let refused = ledger.begin_dry_run(&dry_run).await;
    assert!(matches!(refused, Err(LedgerError::SecretInName { .. })));
    assert_eq!(ledger.verify().await.unwrap().entries, 0);
}
