//! The inventory, and what is live.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn services_resources_and_unknown_names() {
    let house = House::staging().await;
    let client = house.server().await;
    let all = client.call("list_services", json!({})).await;
    assert_eq!(all.structured["services"].as_array().unwrap().len(), 3, "{}", all.text);
    let one = client.call("list_services", json!({ "service": "shop" })).await;
    assert_eq!(one.structured["services"].as_array().unwrap().len(), 1, "{}", one.text);
    let resources = client.call("list_services", json!({ "section": "resources" })).await;
    assert_eq!(resources.structured["roots"], json!(["logs", "scripts"]), "{}", resources.text);
    let unknown = client.call("list_services", json!({ "service": "shopp" })).await;
    assert_eq!(unknown.code(), "UNKNOWN_NAME");
    assert!(unknown.text.contains("Did you mean shop"), "{}", unknown.text);
}
