//! The same plan fifty times at once is one operation.

use std::collections::BTreeSet;

use serde_json::json;

use crate::support::{
    mcp::{self, House},
    postgres::Postgres,
};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_executions_of_one_plan_over_five_servers_are_one_operation() {
    fifty_executions(House::staging().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_executions_over_five_servers_with_their_state_in_postgres_are_one_operation() {
    let house = House::staging().await;
    Postgres::start().await.database("state").await.keep_state_of(&house.sandbox);
    fifty_executions(house).await;
}

async fn fifty_executions(house: House) {
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(house.server().await);
    }
    let plan = clients[0].plan("forum", "v2025.01.13").await;
    let other = clients[1].plan("forum", "v2025.01.14").await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let calls = (0..50).map(|n| {
        let arguments = json!({ "mode": "execute", "plan": plan, "wait_s": 0 });
        clients[n % 5].call("deploy_service", arguments)
    });
    let answers = futures::future::join_all(calls).await;
    let refused: Vec<&str> = answers.iter().filter(|answer| answer.is_error).map(mcp::Answer::status).collect();
    assert!(refused.is_empty(), "{} refused: {refused:?}", refused.len());
    let ids: BTreeSet<&str> = answers.iter().map(|answer| answer.get("/operation/id")).collect();
    assert_eq!(ids.len(), 1, "{ids:?}");
    let locked = clients[2].call("deploy_service", json!({ "mode": "execute", "plan": other, "wait_s": 0 })).await;
    assert_eq!(locked.code(), "LOCKED", "{}", locked.text);
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    let id = ids.first().unwrap();
    assert!(locked.text.contains(id), "the holder is named: {}", locked.text);
    let ended = clients[3].call("operation_status", json!({ "operation": id, "wait_s": 40 })).await;
    assert!(ended.text.contains(id), "{}", ended.text);
    let mut state = ended.get("/detail/operation/state").to_owned();
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(40);
    while state == "running" && tokio::time::Instant::now() < end {
        let answer = clients[0].call("operation_status", json!({ "operation": id, "wait_s": 1 })).await;
        answer.get("/detail/operation/state").clone_into(&mut state);
    }
    assert_eq!(state, "succeeded");
    assert_eq!(house.sandbox.forum_starts(), 1);
}
