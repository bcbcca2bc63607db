//! Asking a human through the client: the answer is never the approval, and an answer is good once.

use std::sync::atomic::Ordering;

use serde_json::{Value, json};

use super::{
    client::{Pipe, Server, call},
    fake::{PLAN, door},
};

fn execute(id: u64) -> Value {
    call(id, "deploy_service", json!({"mode": "execute", "plan_id": PLAN}))
}

#[tokio::test]
async fn older_clients_are_asked_and_then_the_engine_is() {
    for (action, approved, refused) in
        [("accept", true, false), ("accept", false, true), ("decline", true, true), ("cancel", true, true)]
    {
        let door = door();
        let mut pipe = Pipe::begin(&door, json!({"elicitation": {}})).await;
        pipe.send(&execute(1)).await;
        let question = pipe.receive().await;
        assert_eq!(question["method"], "elicitation/create");
        let message = question["params"]["message"].as_str().unwrap();
        assert!(message.contains(PLAN) && message.contains("deploy-ops approve"), "{message}");
        door.approved.store(approved, Ordering::SeqCst);
        pipe.send(&json!({"jsonrpc": "2.0", "id": question["id"], "result": {"action": action, "content": {}}})).await;
        let answer = pipe.answer(1).await;
        assert_eq!(answer["result"]["isError"], refused, "{action} {approved}");
        assert_eq!(door.calls.load(Ordering::SeqCst), if action == "accept" { 2 } else { 1 });
    }
}

#[tokio::test]
async fn who_cannot_ask_gets_the_refusal() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({})).await;
    let answer = pipe.ask(&execute(1)).await;
    assert_eq!(answer["result"]["structuredContent"]["error"]["code"], "APPROVAL_REQUIRED");
    assert_eq!(door.calls.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_dry_run_asks_nobody() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({"elicitation": {}})).await;
    pipe.send(&call(1, "deploy_service", json!({"mode": "dry_run", "plan_id": PLAN}))).await;
    assert_eq!(pipe.receive().await["id"], 1);
}

/// The question of 2026-07-28, and the retry that answers it.
fn retry(state: &Value, action: &str, arguments: Value) -> Value {
    let mut retry = call(2, "deploy_service", arguments);
    retry["params"]["requestState"] = state.clone();
    retry["params"]["inputResponses"] = json!({"approval": {"action": action, "content": {}}});
    retry
}

#[tokio::test]
async fn newer_clients_carry_a_sealed_state_that_is_good_once_for_the_same_call() {
    let door = door();
    let server = Server::loopback(&door).await;
    let can = json!({"elicitation": {"form": {}}});
    let plan = json!({"mode": "execute", "plan_id": PLAN});
    let other = json!({"mode": "execute", "plan_id": PLAN.replace("0192f0c1", "0192f0c2")});
    let asked = server.post_modern(&[], execute(1), can.clone()).await.message();
    assert_eq!(asked["result"]["resultType"], "input_required", "{asked}");
    let state = &asked["result"]["requestState"];
    assert!(asked["result"]["inputRequests"]["approval"]["params"]["message"].as_str().unwrap().contains(PLAN));

    let calls = door.calls.load(Ordering::SeqCst);
    let answer = server.post_modern(&[], retry(state, "accept", other), can.clone()).await.message();
    assert_eq!(answer["error"]["code"], -32602, "another plan: {answer}");
    let mut forged = state.as_str().unwrap().to_owned();
    forged.pop();
    let answer = server.post_modern(&[], retry(&json!(forged), "accept", plan.clone()), can.clone()).await.message();
    assert_eq!(answer["error"]["code"], -32602, "forged: {answer}");
    assert_eq!(door.calls.load(Ordering::SeqCst), calls, "the engine was not asked");

    let answer = server.post_modern(&[], retry(state, "accept", plan.clone()), can.clone()).await.message();
    assert_eq!(
        answer["result"]["structuredContent"]["error"]["code"], "APPROVAL_REQUIRED",
        "accepted is not approved: {answer}"
    );
    let answer = server.post_modern(&[], retry(state, "accept", plan.clone()), can.clone()).await.message();
    assert_eq!(answer["error"]["code"], -32602, "used: {answer}");

    let asked = server.post_modern(&[], execute(1), can.clone()).await.message();
    door.approved.store(true, Ordering::SeqCst);
    let answer = server.post_modern(&[], retry(&asked["result"]["requestState"], "decline", plan), can).await.message();
    assert_eq!(answer["result"]["isError"], true, "declined: {answer}");
}

#[tokio::test]
async fn a_newer_client_that_cannot_ask_gets_the_refusal() {
    let server = Server::loopback(&door()).await;
    let answer = server.post_modern(&[], execute(1), json!({})).await.message();
    assert_eq!(answer["result"]["structuredContent"]["error"]["code"], "APPROVAL_REQUIRED", "{answer}");
}
