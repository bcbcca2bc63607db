//! Do the services answer?

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn what_answers_passes_and_what_does_not_is_named() {
    let house = House::staging().await;
    let client = house.server().await;
    let bad = client.call("run_smoke", json!({ "services": ["forum"] })).await;
    assert!(bad.status().starts_with("FAIL: ") && bad.status().contains("forum"), "{}", bad.text);
    let plan = client.plan("forum", "v2025.01.13").await;
    client.execute("deploy_service", &plan).await;
    let good = client.call("run_smoke", json!({ "services": ["forum"], "all_checks": true })).await;
    assert_eq!(good.get("/outcome"), "PASS", "{}", good.text);
    assert_eq!(client.call("run_smoke", json!({ "services": ["nothere"] })).await.code(), "UNKNOWN_NAME");
    assert_eq!(client.call("run_smoke", json!({ "environment": "moon" })).await.code(), "UNKNOWN_NAME");
}
