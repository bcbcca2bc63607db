//! Secrets exist or are missing; their values never show.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn existence_is_told_and_nothing_else() {
    let house = House::production().await;
    let client = house.server().await;
    let all = client.call("verify_secret", json!({})).await;
    assert_eq!(all.structured["present"], 2, "{}", all.text);
    assert!(!all.raw.contains(&house.sandbox.canary));
    std::fs::remove_file(house.path("secrets/forum_db")).unwrap();
    let one = client.call("verify_secret", json!({ "service": "forum" })).await;
    assert_eq!(one.structured["missing"], json!(["FORUM_DB_PASSWORD"]), "{}", one.text);
    assert!(one.status().starts_with("MISSING: 1 of 1"), "{}", one.text);
    let stranger = client.call("verify_secret", json!({ "secrets": ["NO_SUCH_SECRET"] })).await;
    assert_eq!(stranger.get("/found/0/source"), "not in the inventory", "{}", stranger.text);
}
