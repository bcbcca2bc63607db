//! Prompts lead through tools that there are, and their arguments are completed.

use deploy_ops_mcp::tools;
use serde_json::json;

use crate::support::mcp::House;

/// Words between backticks that are no tools: arguments, their values, other prompts.
const OTHER_WORDS: &[&str] = &[
    "approve",
    "comment",
    "deploy",
    "dry_run",
    "error",
    "execute",
    "open_incident",
    "pre_deployment_check",
    "services",
    "validate",
    "wait_s",
];

#[tokio::test]
async fn every_tool_that_a_prompt_names_is_there() {
    let house = House::staging().await;
    let client = house.server().await;
    let prompts = client.prompts().await;
    assert_eq!(prompts.len(), 7, "{prompts:?}");
    let mut named = Vec::new();
    for (name, wanted) in &prompts {
        let arguments = wanted.iter().map(|argument| (argument.clone(), json!("shop"))).collect();
        let text = client.prompt(name, arguments).await;
        // Every other piece stands between backticks.
        for word in
            text.split('`').skip(1).step_by(2).filter(|word| word.bytes().all(|b| b.is_ascii_lowercase() || b == b'_'))
        {
            assert!(OTHER_WORDS.contains(&word) || tools::all().iter().any(|tool| tool.name == word), "{name}: {word}");
            named.push(word.to_owned());
        }
    }
    for tool in ["check_readiness", "deploy_service", "diagnose", "rollback", "search_web", "validate_deployment"] {
        assert!(named.iter().any(|word| word == tool), "no prompt leads to {tool}");
    }
}

#[tokio::test]
async fn arguments_are_completed_with_what_there_is() {
    let house = House::staging().await;
    let client = house.server().await;
    assert_eq!(client.complete("deploy", "service", "s", None).await, ["shop"]);
    assert_eq!(client.complete("deploy", "environment", "", None).await, ["production"]);
    let newest = ["v2025.01.15", "v2025.01.14", "v2025.01.13"];
    assert_eq!(client.complete("deploy", "version", "v2025", Some("shop")).await, newest);
    assert_eq!(client.complete("deploy", "version", "v", None).await, newest, "one repository holds all services");
    assert!(client.complete("deploy", "version", "v", Some("nothere")).await.is_empty());
    assert!(client.complete("deploy", "force", "", None).await.is_empty());
}

#[tokio::test]
async fn reports_are_completed_with_the_operations_that_have_one() {
    let house = House::staging().await;
    let client = house.server().await;
    assert!(client.complete_address("deploy-ops://reports/{id}").await.is_empty());
    let plan = client.plan("forum", "v2025.01.13").await;
    let done = client.execute("deploy_service", &plan).await;
    let operation = done.get("/operation/id");
    assert_eq!(client.complete_address("deploy-ops://reports/{id}").await, [operation], "{}", done.text);
    assert_eq!(client.complete_address("deploy-ops://operations/{id}").await.len(), 2, "the dry run has no report");
    assert!(client.read(&format!("deploy-ops://reports/{operation}")).await.contains("v2025.01.13"));
}
