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
    // Everything of one service, what is needed to choose one of all.
    for (what, whole) in [("/gates/0", "scripts"), ("/targets/0/host", "here"), ("/targets/0/databases/0", "shop")] {
        assert_eq!(one.get(&format!("/services/0{what}")), whole, "{}", one.text);
        for service in all.structured["services"].as_array().unwrap() {
            assert_eq!(service.pointer(what), None, "{}", all.text);
        }
    }
    let mut services = all.structured["services"].as_array().unwrap().iter();
    assert!(services.all(|service| service["targets"][0]["url"].is_string()), "{}", all.text);
    let resources = client.call("list_services", json!({ "section": "resources" })).await;
    let (logs, scripts) = (house.path("log"), house.path("repository/deployment-scripts"));
    let roots = json!([{ "name": "logs", "path": logs }, { "name": "scripts", "path": scripts }]);
    assert_eq!(resources.structured["roots"], roots, "{}", resources.text);
    let unknown = client.call("list_services", json!({ "service": "shopp" })).await;
    assert_eq!(unknown.code(), "UNKNOWN_NAME");
    assert!(unknown.text.contains("Did you mean shop"), "{}", unknown.text);
}

#[tokio::test]
async fn an_answer_is_given_again_until_something_happens() {
    let house = House::staging().await;
    let client = house.server().await;
    let forum = json!({ "service": "forum" });
    let before = client.call("list_services", forum.clone()).await;
    assert!(before.structured["services"][0]["targets"][0]["live"].is_null(), "{}", before.text);
    let again = client.call("list_services", forum.clone()).await;
    assert_eq!(again.structured["services"], before.structured["services"]);
    let plan = client.plan("forum", "v2025.01.13").await;
    let dry = client.call("list_services", forum.clone()).await;
    assert_eq!(dry.get("/services/0/targets/0/last_state"), "succeeded", "{}", dry.text);
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let after = client.call("list_services", forum).await;
    assert_eq!(after.get("/services/0/targets/0/live"), "v2025.01.13");
    assert_eq!(after.get("/services/0/targets/0/last_operation"), done.get("/operation/id"));
    let all = client.call("list_services", json!({})).await;
    assert!(all.text.contains("v2025.01.13"), "{}", all.text);
}
