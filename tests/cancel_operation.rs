//! The end at the next safe point.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn a_running_deployment_is_taken_back_at_its_next_safe_point() {
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
    let late = client.call("cancel_operation", json!({ "operation": id })).await;
    assert_eq!(late.code(), "WRONG_STATE", "{}", late.text);
}
