//! One operation, and the history.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn history_detail_and_journal() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    let done = client.execute("deploy_service", &plan).await;
    let id = done.get("/operation/id");
    let one = client.call("operation_status", json!({ "operation": id, "journal": true })).await;
    assert!(one.status().starts_with("SUCCEEDED: "), "{}", one.text);
    assert!(one.structured["detail"]["journal"].as_array().unwrap().len() >= 3, "{}", one.text);
    let history = client.call("operation_status", json!({ "limit": 1 })).await;
    assert_eq!(history.get("/operations/0/id"), id, "newest first");
    assert_eq!(history.structured["more"], true);
    let rest = client.call("operation_status", history.structured["next"][0]["arguments"].clone()).await;
    assert_eq!(rest.get("/operations/0/kind"), "dry_run", "{}", rest.text);
    let unknown = id.chars().rev().collect::<String>();
    let unknown = client.call("operation_status", json!({ "operation": unknown })).await;
    assert!(matches!(unknown.code(), "NOT_FOUND" | "BAD_ARGUMENT"), "{}", unknown.text);
}
