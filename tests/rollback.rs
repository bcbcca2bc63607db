//! Back to the version before.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn a_rollback_is_planned_and_executed_and_its_version_is_refused_from_then_on() {
    let house = House::staging().await;
    let client = house.server().await;
    let none = client.call("rollback", json!({ "service": "forum", "wait_s": 40 })).await;
    assert_eq!(none.code(), "ROLLBACK_NOT_READY", "{}", none.text);
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("forum", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    let dry = client.call("rollback", json!({ "service": "forum", "wait_s": 40 })).await;
    assert_eq!(dry.get("/plan/rollback/to/version"), "v2025.01.14", "{}", dry.text);
    assert_eq!(dry.get("/next/0/tool"), "rollback", "{}", dry.text);
    let done = client.execute("rollback", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let page = std::fs::read_to_string(house.path("srv/forum/www/index.html")).unwrap();
    assert!(page.contains("v2025.01.13"), "{page}");
    let again =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.14", "wait_s": 40 })).await;
    assert!(again.blockers().contains(&"VERSION_ROLLED_BACK"), "{}", again.text);
    let refused = client.execute("deploy_service", again.get("/plan/id")).await;
    assert_eq!(refused.code(), "VERSION_ROLLED_BACK", "{}", refused.text);
}
