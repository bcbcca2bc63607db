//! The limits of the configuration, as a client meets them.

use std::time::{Duration, Instant};

use serde_json::json;

use crate::support::mcp::House;

/// A house whose section of limits says something else.
async fn house(limits: &str) -> House {
    let house = House::staging().await;
    house.configure(|text| {
        text.lines().filter(|line| !line.starts_with("verifies_per_minute")).collect::<Vec<_>>().join("\n")
    });
    house.configure(|text| text.replacen("[limits]", &format!("[limits]\n{limits}"), 1));
    house
}

#[tokio::test]
async fn a_text_that_is_too_long_is_refused_before_any_tool_sees_it() {
    let house = house("string_bytes = 256").await;
    let client = house.server().await;
    let pattern = |length: usize| json!({ "root": "logs", "pattern": "q".repeat(length) });
    let found = client.call("search_logs", pattern(256)).await;
    assert_eq!(found.structured["matches"], 0, "{}", found.text);
    let refused = client.call("search_logs", pattern(257)).await;
    assert!(refused.code() == "BAD_ARGUMENT" && refused.text.contains("operator"), "{}", refused.text);
    let nested = client.call("verify_secret", json!({ "secrets": ["S".repeat(257)] })).await;
    assert!(nested.text.contains("operator"), "{}", nested.text);
}

#[tokio::test]
async fn secrets_are_verified_a_few_times_a_minute() {
    let house = house("verifies_per_minute = 2").await;
    let client = house.server().await;
    for _ in 0..2 {
        assert!(!client.call("verify_secret", json!({})).await.is_error);
    }
    let refused = client.call("verify_secret", json!({ "secrets": ["SHOP_API_KEY"] })).await;
    assert_eq!(refused.code(), "RATE_LIMITED", "{}", refused.text);
    assert!(!client.call("list_services", json!({})).await.is_error, "other calls have their own budget");
}

#[tokio::test]
async fn a_call_waits_as_long_as_the_operator_says() {
    let house = house("wait_max_s = 1\nwait_default_s = 0").await;
    let client = house.server().await;
    let plan = client.plan_in_the_end("forum", "v2025.01.13").await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let asked = Instant::now();
    let default = client.call("deploy_service", json!({ "mode": "execute", "plan": plan })).await;
    assert_eq!(default.get("/operation/state"), "running", "{}", default.text);
    let operation = default.get("/operation/id").to_owned();
    let most = client.call("operation_status", json!({ "operation": operation, "wait_s": 40 })).await;
    assert_eq!(most.get("/detail/operation/state"), "running", "{}", most.text);
    // The script is held until the file is gone: whoever waited for its end would still be waiting.
    assert!(asked.elapsed() < Duration::from_secs(20), "{:?}", asked.elapsed());
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    assert_eq!(client.ended(&operation).await, "succeeded");
}
