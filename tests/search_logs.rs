//! Lines of logs, by pattern and time.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn patterns_windows_and_pages() {
    let house = House::staging().await;
    let canary = &house.sandbox.canary;
    let log: String = (0..30).map(|n| format!("2025-01-15T10:00:{n:02}Z INFO line {n} token={canary}\n")).collect();
    std::fs::write(house.path("log/app.log"), log).unwrap();
    let client = house.server().await;
    let found = client.call("search_logs", json!({ "root": "logs", "pattern": "quota" })).await;
    assert_eq!(found.structured["matches"], 1, "{}", found.text);
    let window =
        json!({ "root": "logs", "path": "app.log", "since": "2025-01-15T10:00:10Z", "until": "2025-01-15T10:00:19Z" });
    let window = client.call("search_logs", window).await;
    assert_eq!(
        window.structured["matches"].as_u64().unwrap().clamp(9, 11),
        window.structured["matches"],
        "{}",
        window.text
    );
    let first = client.call("search_logs", json!({ "root": "logs", "path": "app.log", "limit": 5 })).await;
    assert_eq!(first.structured["more"], true);
    assert!(!first.raw.contains(canary.as_str()) && first.raw.contains("[redacted]"));
    // A search cannot be used to guess what a mask hides.
    let guess =
        client.call("search_logs", json!({ "root": "logs", "path": "app.log", "pattern": canary.get(..6) })).await;
    assert_eq!(guess.structured["matches"], 0, "{}", guess.text);
    assert_eq!(client.call("search_logs", json!({ "root": "logs", "pattern": "(" })).await.code(), "BAD_ARGUMENT");
    assert_eq!(client.call("search_logs", json!({ "root": "nolog" })).await.code(), "UNKNOWN_NAME");
}
