//! The end of an operation before its time.

use deploy_ops_mcp::domain::principal::Principal;
use serde_json::json;

use crate::support::{
    mcp::{Client, House},
    wait::until,
};

/// Deploys until it is told to end, or the file `go` is there.
const DEPLOY: &str = "#!/bin/sh
[ \"$1\" != --dry-run ] || exit 0
trap 'echo told >>\"$DEPLOY_ROOT/log\"; exit 1' TERM
echo begun >>\"$DEPLOY_ROOT/log\"
while [ ! -e \"$DEPLOY_ROOT/go\" ]; do sleep 0.05; done
echo ended >>\"$DEPLOY_ROOT/log\"
";
const ROLLBACK: &str = "#!/bin/sh\necho back >>\"$DEPLOY_ROOT/log\"\n";

/// A house with a service whose script is being run: its operation, and the file that it writes to. `databases` are those of its target.
async fn deploying(databases: &str, on_cancel: &str) -> (House, Client, String) {
    let house = House::staging().await;
    let scripts = [("deployment-scripts/deploy-till.sh", DEPLOY), ("deployment-scripts/rollback-till.sh", ROLLBACK)];
    house.commit(&scripts, "v2025.02.01");
    std::fs::create_dir_all(house.path("srv/till")).unwrap();
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n[services.till]\nrepository = \"{repository}\"\n[services.till.deploy]\nkind = \"script\"\n\
             script = {{ path = \"deployment-scripts/deploy-till.sh\", timeout_s = 60{on_cancel} }}\n\
             dry_run_argument = \"--dry-run\"\n\
             rollback = {{ path = \"deployment-scripts/rollback-till.sh\", timeout_s = 30 }}\n\
             [services.till.targets.production]\nhost = \"here\"\nroot = \"till\"\ndatabases = [{databases}]\n"
        )
    });
    let client = house.server().await;
    let plan = client.plan("till", "v2025.02.01").await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let operation = begun.get("/operation/id").to_owned();
    until(|| (log(&house) == "begun\n").then_some(())).await;
    (house, client, operation)
}

fn log(house: &House) -> String {
    std::fs::read_to_string(house.path("srv/till/log")).unwrap_or_default()
}

#[tokio::test]
async fn a_script_is_ended_and_what_it_did_is_taken_back() {
    let (house, client, operation) = deploying("", "").await;
    let asked = client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(asked.get("/operation/state"), "cancelled", "{}", asked.text);
    assert!(asked.text.contains("deploy-till.sh was ended after"), "{}", asked.text);
    assert!(asked.text.contains("with all its processes"), "{}", asked.text);
    assert_eq!(log(&house), "begun\ntold\nback\n");
    let status = client.call("operation_status", json!({ "operation": operation, "journal": true })).await;
    assert_eq!(status.get("/detail/journal/1/state"), "failed", "{}", status.text);
    // A version that somebody cancelled is not a bad version.
    client.plan("till", "v2025.02.01").await;
    let late = client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(late.code(), "WRONG_STATE", "{}", late.text);
}

#[tokio::test]
async fn a_script_that_may_change_databases_is_waited_for_unless_the_operator_says_otherwise() {
    for (databases, on_cancel) in [("\"forum\"", ""), ("", ", on_cancel = \"wait\"")] {
        let (house, client, operation) = deploying(databases, on_cancel).await;
        let asked = client.call("cancel_operation", json!({ "operation": operation })).await;
        assert_eq!(asked.get("/operation/state"), "running", "{}", asked.text);
        assert!(asked.text.contains("must not be interrupted"), "{}", asked.text);
        assert_eq!(log(&house), "begun\n");
        std::fs::write(house.path("srv/till/go"), "").unwrap();
        assert_eq!(client.ended(&operation).await, "cancelled");
        assert_eq!(log(&house), "begun\nended\nback\n");
    }
    let (house, client, operation) = deploying("\"forum\"", ", on_cancel = \"end\"").await;
    client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(client.ended(&operation).await, "cancelled");
    assert_eq!(log(&house), "begun\ntold\nback\n");
}

#[tokio::test]
async fn a_request_outlives_the_kill_of_the_server() {
    let (house, client, operation) = deploying("", "").await;
    kill(client.server);
    drop(client);
    let requester = Principal::local(rustix::process::getuid().as_raw());
    let operator = house.operator();
    let ledger = operator.ledger_for_operator().await.unwrap();
    let now = deploy_ops_mcp::domain::time::Time::from(jiff::Timestamp::now());
    ledger.request_cancel(&operation.parse().unwrap(), &requester, now).await.unwrap();
    assert_eq!(log(&house), "begun\n", "it runs on without a server");
    let client = house.server().await;
    assert_eq!(client.ended(&operation).await, "cancelled");
    assert_eq!(log(&house), "begun\ntold\nback\n");
}

#[tokio::test]
async fn a_script_that_ended_while_nobody_looked_keeps_its_outcome() {
    let (house, client, operation) = deploying("", "").await;
    kill(client.server);
    drop(client);
    std::fs::write(house.path("srv/till/go"), "").unwrap();
    until(|| (log(&house) == "begun\nended\n").then_some(())).await;
    let operator = house.operator();
    let ledger = operator.ledger_for_operator().await.unwrap();
    let now = deploy_ops_mcp::domain::time::Time::from(jiff::Timestamp::now());
    ledger.request_cancel(&operation.parse().unwrap(), &Principal::local(1), now).await.unwrap();
    let client = house.server().await;
    assert_eq!(client.ended(&operation).await, "cancelled");
    assert_eq!(log(&house), "begun\nended\nback\n");
    let status = client.call("operation_status", json!({ "operation": operation, "journal": true })).await;
    assert_eq!(status.get("/detail/journal/1/state"), "done", "{}", status.text);
}

#[tokio::test]
async fn an_operation_stops_at_its_next_safe_point_where_its_script_is_waited_for() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let id = begun.get("/operation/id").to_owned();
    let asked = client.call("cancel_operation", json!({ "operation": id })).await;
    assert!(!asked.is_error, "{}", asked.text);
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    let ended = client.call("operation_status", json!({ "operation": id, "wait_s": 40 })).await;
    assert_eq!(ended.get("/detail/operation/state"), "cancelled", "{}", ended.text);
}

fn kill(pid: u32) {
    let pid = rustix::process::Pid::from_raw(i32::try_from(pid).unwrap()).unwrap();
    rustix::process::kill_process(pid, rustix::process::Signal::KILL).unwrap();
}
