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
    assert!(one.status().starts_with("SUCCEEDED: forum v2025.01.13 in production. "), "{}", one.text);
    let journal = one.structured["detail"]["journal"].as_array().unwrap();
    assert!(journal.len() >= 3, "{}", one.text);
    // What the script wrote is told as somebody else's words.
    let script = journal.iter().find(|entry| entry["step"] == "run_script").unwrap();
    assert!(!script["outcome"].as_str().unwrap().contains('\n'), "{script}");
    assert!(script["untrusted_text"].as_str().unwrap().contains("forum v2025.01.13 is live"), "{script}");
    let history = client.call("operation_status", json!({ "limit": 1, "service": "forum" })).await;
    assert_eq!(history.get("/operations/0/id"), id, "newest first");
    assert_eq!(history.get("/operations/0/verdict"), "SUCCESS", "{}", history.text);
    // Twenty of them have to fit into an answer.
    let entry = history.structured["operations"][0].to_string();
    assert!(entry.len() / 4 < 100, "{entry}");
    assert_eq!(history.structured["more"], true);
    assert_eq!(history.get("/next/0/arguments/service"), "forum", "{}", history.text);
    let rest = client.call("operation_status", history.structured["next"][0]["arguments"].clone()).await;
    assert_eq!(rest.get("/operations/0/kind"), "dry_run", "{}", rest.text);
    let unknown = id.chars().rev().collect::<String>();
    let unknown = client.call("operation_status", json!({ "operation": unknown })).await;
    assert!(matches!(unknown.code(), "NOT_FOUND" | "BAD_ARGUMENT"), "{}", unknown.text);
}
