//! Operations that wait for a human: nobody can tell what a step did, or the result is neither good nor bad.

use std::{path::PathBuf, time::Duration};

use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

use crate::support::mcp::{Client, House};

const TOOL: &str =
    "#!/bin/sh\nfor word in \"$@\"; do [ \"$word\" != --dry-run ] || exit 0; done\ndate > \"$DEPLOY_ROOT/tool\"\n";

/// A person who types the decision's word.
fn decide(house: &House, operation: &str, decision: &str) -> (i32, String) {
    let question = format!("type {decision}: ");
    house.talk(&["decide", operation, decision, "--why", "looked at it"], &[(&question, decision)])
}

/// A decision that does not fit: nobody is asked for the word.
fn refuse(house: &House, operation: &str, decision: &str) {
    let (exit, shown) = house.talk(&["decide", operation, decision, "--why", "x"], &[]);
    assert!(exit == 1 && shown.contains("WRONG_STATE"), "{shown}");
}

/// The directory in which the operation runs its script, once it is claimed.
async fn run_directory(house: &House, operation: &str) -> PathBuf {
    let operation = house.path("data/operations").join(operation);
    until(|| {
        let entries = std::fs::read_dir(&operation).ok()?.flatten().map(|entry| entry.path());
        entries.into_iter().find(|run| run.join("claim/script").exists())
    })
    .await
}

async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(tokio::time::Instant::now() < end, "it never came");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

fn kill(pid: u32) {
    kill_process(Pid::from_raw(pid.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
}

/// A deployment whose script and its runner are killed half way, after a good one: the good one, then the lost one.
async fn lost(house: &House, client: &Client) -> (String, String) {
    let plan = client.plan("forum", "v2025.01.13").await;
    let good = client.execute("deploy_service", &plan).await.get("/operation/id").to_owned();
    let plan = client.plan("forum", "v2025.01.14").await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let operation = begun.get("/operation/id").to_owned();
    let run = run_directory(house, &operation).await;
    until(|| (house.sandbox.forum_starts() == 2).then_some(())).await;
    for process in ["claim/runner", "claim/script"] {
        let process: Value = serde_json::from_slice(&std::fs::read(run.join(process)).unwrap()).unwrap();
        kill(process["pid"].as_u64().unwrap().try_into().unwrap());
    }
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    client.until(&operation, |state| state == "indeterminate").await;
    (good, operation)
}

fn live_page(house: &House) -> String {
    std::fs::read_to_string(house.path("srv/forum/www/index.html")).unwrap_or_default()
}

#[tokio::test]
async fn a_lost_script_freezes_its_service_until_a_human_says_that_it_is_done() {
    let house = House::staging().await;
    let client = house.server().await;
    let (_, operation) = lost(&house, &client).await;
    let dry =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), ["SERVICE_FROZEN"], "{}", dry.text);
    refuse(&house, &operation, "accept");
    let (exit, shown) = house.talk(&["decide", &operation, "done", "--why", "x"], &[("type done: ", "probably")]);
    assert!(exit == 1 && shown.contains("not the word"), "{shown}");
    let waiting = client.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    assert_eq!(waiting.get("/detail/operation/state"), "indeterminate", "{}", waiting.text);
    let (exit, shown) = decide(&house, &operation, "done");
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(client.until(&operation, |state| state != "indeterminate" && state != "running").await, "succeeded");
    let journal = client.call("operation_status", json!({ "operation": operation, "journal": true })).await;
    assert!(journal.text.contains("a human says that it is done"), "{}", journal.text);
    assert_eq!(house.sandbox.forum_starts(), 2, "the script was not started again");
}

#[tokio::test]
async fn a_lost_script_is_taken_back_when_a_human_says_so() {
    let house = House::staging().await;
    let client = house.server().await;
    let (_, operation) = lost(&house, &client).await;
    let (exit, shown) = decide(&house, &operation, "rollback");
    assert_eq!(exit, 0, "{shown}");
    let ended = client.until(&operation, |state| !matches!(state, "indeterminate" | "rolling_back")).await;
    assert_eq!(ended, "rolled_back");
    assert!(live_page(&house).contains("v2025.01.13"), "{}", live_page(&house));
    let dry =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.14", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), ["VERSION_ROLLED_BACK"], "{}", dry.text);
}

#[tokio::test]
async fn a_lost_script_is_looked_for_again_when_a_human_says_so() {
    let house = House::staging().await;
    let client = house.server().await;
    let (good, operation) = lost(&house, &client).await;
    let (exit, shown) = decide(&house, &operation, "probe");
    assert_eq!(exit, 0, "{shown}");
    let operator = house.operator();
    let ledger = operator.ledger_for_operator().await.unwrap();
    let end = tokio::time::Instant::now() + Duration::from_secs(60);
    while !ledger.entries(0, 1000).await.unwrap().iter().any(|entry| entry.kind == "decision_taken") {
        assert!(tokio::time::Instant::now() < end, "nobody took the decision");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let waiting = client.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    assert_eq!(waiting.get("/detail/operation/state"), "indeterminate", "nothing new was found: {}", waiting.text);
    // The result turns up, for instance because a file system came back.
    let found = run_directory(&house, &good).await.join("rc");
    std::fs::copy(found, run_directory(&house, &operation).await.join("rc")).unwrap();
    let (exit, shown) = decide(&house, &operation, "probe");
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(client.until(&operation, |state| state != "indeterminate" && state != "running").await, "succeeded");
}

/// A service that nothing can be asked about, and its first deployment: neither good nor bad.
async fn undecided(house: &House) -> (Client, String) {
    house.commit(&[("deploy-tool.sh", TOOL)], "v3");
    house.add_script_service("tool", "deploy-tool.sh", 30, "");
    let client = house.server().await;
    let plan = client.plan("tool", "v3").await;
    let waiting = client.execute("deploy_service", &plan).await;
    assert_eq!(waiting.get("/operation/state"), "awaiting_decision", "{}", waiting.text);
    assert_eq!(waiting.get("/operation/verdict/judgement"), "INCONCLUSIVE", "{}", waiting.text);
    let operation = waiting.get("/operation/id").to_owned();
    (client, operation)
}

#[tokio::test]
async fn an_inconclusive_result_survives_a_crash_and_can_be_accepted() {
    let house = House::staging().await;
    let (client, operation) = undecided(&house).await;
    let before = client.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    kill(client.server);
    let client = house.server().await;
    let after = client.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    assert_eq!(after.get("/detail/operation/state"), "awaiting_decision", "{}", after.text);
    let deadline = "/detail/operation/decide_by";
    assert!(!after.get(deadline).is_empty() && after.get(deadline) == before.get(deadline), "{}", after.text);
    refuse(&house, &operation, "done");
    let (exit, shown) = decide(&house, &operation, "accept");
    assert_eq!(exit, 0, "{shown}");
    assert_eq!(client.until(&operation, |state| state != "awaiting_decision").await, "accepted");
    let services = client.call("list_services", json!({ "service": "tool" })).await;
    assert!(services.text.contains("v3"), "{}", services.text);
    refuse(&house, &operation, "rollback");
}

#[tokio::test]
async fn an_inconclusive_result_can_be_taken_back() {
    let house = House::staging().await;
    let (client, operation) = undecided(&house).await;
    let (exit, shown) = decide(&house, &operation, "rollback");
    assert_eq!(exit, 0, "{shown}");
    let ended = client.until(&operation, |state| !matches!(state, "awaiting_decision" | "rolling_back")).await;
    assert_eq!(ended, "rolled_back");
}
