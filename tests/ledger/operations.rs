//! Plans are used once, fences only grow, ended operations are final.

use deploy_ops_mcp::{
    domain::{
        operation::{Operation, OperationFilter, OperationKind, OperationState},
        principal::Principal,
        release::DeploymentState,
    },
    ledger::{Begun, Interrupted, LedgerError, Loss},
    redact::Redactor,
};

use super::*;

both! {
    what_is_written_is_read_back,
    of_fifty_executions_of_a_plan_one_begins,
    a_plan_without_its_lock_does_not_begin,
    fences_only_grow_and_locks_exclude,
    an_unfinished_operation_keeps_its_lock_after_the_lease,
    who_was_taken_over_cannot_write,
    a_lease_that_was_renewed_is_not_over,
    what_was_let_go_is_taken_up_again_unless_another_has_it,
    an_ended_operation_is_final,
    only_a_new_state_gets_an_entry,
    attempts_are_intended_once_and_end_only_when_intended,
    a_failed_rollback_freezes_until_a_human_has_looked,
}

async fn what_is_written_is_read_back(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let operation = whole_deployment(&ledger).await;
    let plan = operation.plan.clone().unwrap();
    let stored = ledger.plan(&plan).await.unwrap().unwrap();
    assert_eq!(stored.consumed_by.as_ref(), Some(&operation.id));
    assert_eq!(ledger.plan_evidence(&plan).await.unwrap(), [evidence_of("dry run")]);
    assert_eq!(ledger.operation(&operation.id).await.unwrap().as_ref(), Some(&operation));
    let collected = ledger.evidence(&operation.id).await.unwrap();
    assert_eq!(collected.len(), 3);
    assert_eq!(ledger.newest_evidence(1).await.unwrap(), collected);
    assert_eq!(ledger.newest_evidence(2).await.unwrap(), [&collected[..], &[evidence_of("dry run")]].concat());
    let journal = ledger.journal(&operation.id).await.unwrap();
    assert_eq!(journal, (0..3).map(|index| done(&intent_of(&operation, index))).collect::<Vec<_>>());
    let (service, environment) = (operation.service.clone().unwrap(), operation.environment.clone());
    let deployments = ledger.deployments(&service, &environment).await.unwrap();
    assert_eq!(deployments, [deployment_of(&operation, DeploymentState::Live)]);
    assert_eq!(ledger.live().await.unwrap(), deployments);
    assert_eq!(ledger.newest().await.unwrap(), std::slice::from_ref(&operation));
    assert!(ledger.latest_approval(&plan).await.unwrap().is_none(), "the approval is used");
    assert!(ledger.pending_plans(now()).await.unwrap().is_empty(), "the plan is used");
    ledger.verify().await.unwrap();
}

async fn of_fifty_executions_of_a_plan_one_begins(store: Store) {
    let place = store.place().await;
    let ledgers = [place.open().await, place.open_as("boot-a:2:2").await];
    let plan = approved(&ledgers[0]).await;
    let lease = ledgers[0].acquire(&plan.resource(), plan.id().as_str(), "deploy", now(), 60).await.unwrap().unwrap();
    let tasks: Vec<_> = (0..50)
        .map(|index| {
            let (ledger, plan) = (ledgers[index % 2].clone(), plan.clone());
            let operation = operation_of(OperationKind::Deploy, Some(&plan), lease.fence);
            tokio::spawn(async move { (operation.id.clone(), ledger.begin(&plan, &operation).await.unwrap()) })
        })
        .collect();
    let (mut started, mut already) = (Vec::new(), Vec::new());
    for task in tasks {
        match task.await.unwrap() {
            (id, Begun::Started) => started.push(id),
            (_, Begun::Already(operation)) => already.push(operation.id),
        }
    }
    assert_eq!((started.len(), already.len()), (1, 49));
    assert!(already.iter().all(|id| id == &started[0]));
    let all = OperationFilter { open_only: true, limit: 100, ..OperationFilter::default() };
    assert_eq!(ledgers[1].operations(&all).await.unwrap().len(), 1);
    ledgers[1].verify().await.unwrap();
}

async fn a_plan_without_its_lock_does_not_begin(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let plan = approved(&ledger).await;
    let head = ledger.head().await.unwrap();
    let operation = operation_of(OperationKind::Deploy, Some(&plan), 1);
    assert!(matches!(ledger.begin(&plan, &operation).await, Err(LedgerError::Fenced)));
    assert_eq!(ledger.plan(plan.id()).await.unwrap().unwrap().consumed_by, None);
    assert!(ledger.latest_approval(plan.id()).await.unwrap().is_some());
    assert_eq!(ledger.verify().await.unwrap().head, head, "nothing was written");
}

async fn fences_only_grow_and_locks_exclude(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let mut last = 0;
    for round in 0..5 {
        let at = now().plus_s(round * 100);
        place.pass(100).await;
        let lease = ledger.acquire("service/crm/production", "plan-a", "deploy", at, 60).await.unwrap().unwrap();
        assert!(lease.fence > last);
        let busy = ledger.acquire("service/crm/production", "plan-b", "deploy", at.plus_s(59), 60).await.unwrap();
        assert_eq!(busy.unwrap_err().holder, "plan-a");
        last = lease.fence;
        // Every other one runs out.
        if round % 2 == 0 {
            ledger.release("service/crm/production", lease.fence).await.unwrap();
        }
    }
    assert!(matches!(ledger.release("service/crm/production", last - 1).await, Err(LedgerError::Fenced)));
    ledger.release("service/crm/production", last).await.unwrap();
    ledger.release("service/crm/production", last).await.unwrap();
    let renewed = ledger.renew("service/crm/production", last, now(), 60).await;
    assert!(matches!(renewed, Err(LedgerError::Fenced)), "a lock that was given back is lost");
    ledger.verify().await.unwrap();
}

async fn an_unfinished_operation_keeps_its_lock_after_the_lease(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (plan, operation) = running(&ledger).await;
    let much_later = now().plus_s(86_400);
    place.pass(86_400).await;
    let busy = ledger.acquire(&plan.resource(), "plan-b", "deploy", much_later, 60).await.unwrap();
    assert_eq!(busy.unwrap_err().holder, operation.id.as_str());
    ledger.finish(&ended(&operation, OperationState::Failed), &[], now()).await.unwrap();
    let lease = ledger.acquire(&plan.resource(), "plan-b", "deploy", now(), 60).await.unwrap().unwrap();
    assert!(lease.fence > operation.fence);
}

async fn who_was_taken_over_cannot_write(store: Store) {
    let place = store.place().await;
    let (old, new) = (place.open().await, place.open_as("boot-a:2:2").await);
    let (plan, operation) = running(&old).await;
    let intent = intent_of(&operation, 0);
    old.intend(&intent, operation.fence).await.unwrap();
    assert!(old.interrupted().await.unwrap().is_empty(), "our own operations are not interrupted");
    let Interrupted { operation: found, by, lease_until } = new.interrupted().await.unwrap().remove(0);
    assert_eq!((&found, by.as_str()), (&operation, "boot-a:1:1"));
    assert!(lease_until.is_some(), "the lock is that of the operation");

    let fence = new.take_over(&plan.resource(), &found, Loss::Ended, now(), 60).await.unwrap();
    assert!(fence > operation.fence);
    let again = new.take_over(&plan.resource(), &found, Loss::Ended, now(), 60).await;
    assert!(matches!(again, Err(LedgerError::Fenced)), "one of several succeeds");

    assert!(matches!(old.outcome(&done(&intent), &[], operation.fence).await, Err(LedgerError::Fenced)));
    assert!(matches!(old.intend(&intent_of(&operation, 1), operation.fence).await, Err(LedgerError::Fenced)));
    assert!(matches!(old.update(&operation).await, Err(LedgerError::Fenced)));
    let end = ended(&operation, OperationState::Succeeded);
    assert!(matches!(old.finish(&end, &[], now()).await, Err(LedgerError::Fenced)));
    assert!(matches!(old.renew(&plan.resource(), operation.fence, now(), 60).await, Err(LedgerError::Fenced)));
    assert!(matches!(old.release(&plan.resource(), operation.fence).await, Err(LedgerError::Fenced)));

    new.outcome(&done(&intent), &[], fence).await.unwrap();
    let taken = new.operation(&operation.id).await.unwrap().unwrap();
    assert_eq!(taken, Operation { fence, ..operation.clone() });
    new.finish(&ended(&taken, OperationState::Succeeded), &[], now()).await.unwrap();
    assert!(old.interrupted().await.unwrap().is_empty());
    new.verify().await.unwrap();
}

async fn a_lease_that_was_renewed_is_not_over(store: Store) {
    let place = store.place().await;
    let (slow, other) = (place.open().await, place.open_as("boot-b:2:2").await);
    let (plan, operation) = running(&slow).await;
    let resource = plan.resource();
    place.pass(50).await;
    slow.renew(&resource, operation.fence, now().plus_s(50), 60).await.unwrap();
    place.pass(50).await;
    let early = other.take_over(&resource, &operation, Loss::LeaseOver, now().plus_s(100), 60).await;
    assert!(matches!(early, Err(LedgerError::Fenced)), "{early:?}");
    place.pass(50).await;
    let fence = other.take_over(&resource, &operation, Loss::LeaseOver, now().plus_s(150), 60).await.unwrap();
    assert!(fence > operation.fence);
    assert!(matches!(slow.intend(&intent_of(&operation, 0), operation.fence).await, Err(LedgerError::Fenced)));
    other.verify().await.unwrap();
}

async fn what_was_let_go_is_taken_up_again_unless_another_has_it(store: Store) {
    let place = store.place().await;
    let (old, new) = (place.open().await, place.open_as("boot-a:2:2").await);
    let (plan, operation) = running(&old).await;
    let resource = plan.resource();
    let fence = old.take_over(&resource, &operation, Loss::LetGo, now(), 60).await.unwrap();
    let own = old.operation(&operation.id).await.unwrap().unwrap();
    assert_eq!(own.fence, fence);
    new.take_over(&resource, &own, Loss::Ended, now(), 60).await.unwrap();
    let others = old.operation(&operation.id).await.unwrap().unwrap();
    let late = old.take_over(&resource, &others, Loss::LetGo, now(), 60).await;
    assert!(matches!(late, Err(LedgerError::Fenced)), "{late:?}");
}

async fn an_ended_operation_is_final(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let end = ended(&operation, OperationState::Succeeded);
    ledger.finish(&end, &[], now()).await.unwrap();
    let head = ledger.head().await.unwrap();
    ledger.finish(&end, &[], now()).await.unwrap();
    assert_eq!(ledger.head().await.unwrap(), head, "the same end again changes nothing");
    assert!(matches!(ledger.update(&operation).await, Err(LedgerError::Ended)));
    let other = ended(&operation, OperationState::Failed);
    assert!(matches!(ledger.finish(&other, &[], now()).await, Err(LedgerError::Ended)));
}

async fn only_a_new_state_gets_an_entry(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let head = ledger.head().await.unwrap();
    let busy = Operation { step: Some("take_snapshot".to_owned()), ..operation.clone() };
    ledger.update(&busy).await.unwrap();
    assert_eq!(ledger.operation(&operation.id).await.unwrap(), Some(busy.clone()));
    assert_eq!(ledger.head().await.unwrap(), head);
    ledger.update(&Operation { state: OperationState::RollingBack, ..busy }).await.unwrap();
    assert_eq!(ledger.head().await.unwrap().seq, head.seq + 1);
    ledger.verify().await.unwrap();
}

async fn attempts_are_intended_once_and_end_only_when_intended(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let intent = intent_of(&operation, 0);
    let early = ledger.outcome(&done(&intent), &[], operation.fence).await;
    assert!(matches!(early, Err(LedgerError::Missing { .. })));
    ledger.intend(&intent, operation.fence).await.unwrap();
    assert!(matches!(ledger.intend(&intent, operation.fence).await, Err(LedgerError::Exists { .. })));
    ledger.intend(&JournalEntry { attempt: 2, ..intent }, operation.fence).await.unwrap();
}

async fn a_failed_rollback_freezes_until_a_human_has_looked(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let (service, environment) = (operation.service.clone().unwrap(), operation.environment.clone());
    assert_eq!(ledger.freezing(&service, &environment).await.unwrap(), None);
    let end = ended(&operation, OperationState::RollbackFailed);
    ledger.finish(&end, &[], now()).await.unwrap();
    assert_eq!(ledger.freezing(&service, &environment).await.unwrap(), Some(end));
    let (human, why) = (Principal::operator("alice"), Redactor::default().text("repaired by hand"));
    ledger.clear_freeze(&operation.id, &human, &why, now()).await.unwrap();
    assert_eq!(ledger.freezing(&service, &environment).await.unwrap(), None);
    let again = ledger.clear_freeze(&operation.id, &human, &why, now()).await;
    assert!(matches!(again, Err(LedgerError::Missing { .. })));
    ledger.verify().await.unwrap();
}
