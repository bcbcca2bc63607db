//! What is switched off is refused at the call, not only absent from the list.

use serde_json::json;
use tokio::process::Command;

use crate::support::{
    mcp::{Client, House},
    stage::program,
};

fn names(client: &Client) -> Vec<String> {
    client.tools.iter().map(|tool| tool.name.to_string()).collect()
}

#[tokio::test]
async fn a_read_only_server_refuses_every_change() {
    let house = House::staging().await;
    let plan = house.server().await.plan("forum", "v2025.01.13").await;
    let before = house.digest();
    let client = house.server_with(&["--read-only"]).await;
    for tool in ["deploy_service", "rollback", "snapshot_db", "cancel_operation"] {
        assert!(!names(&client).contains(&tool.to_owned()));
        let refused = client.call(tool, json!({ "mode": "execute", "plan": plan })).await;
        assert_eq!(refused.code(), "READ_ONLY", "{tool}: {}", refused.text);
    }
    assert_eq!(house.digest(), before);
    assert!(!client.call("list_services", json!({})).await.is_error);
}

#[tokio::test]
async fn toolsets_and_single_tools_are_switched_off() {
    let house = House::staging().await;
    let client = house.server_with(&["--toolsets", "inspect", "--exclude-tools", "search_logs"]).await;
    assert_eq!(names(&client), ["check_monitoring", "diagnose", "inspect_db", "list_services", "read_file"]);
    for tool in ["deploy_service", "search_logs", "run_smoke"] {
        assert_eq!(client.call(tool, json!({ "root": "logs" })).await.code(), "READ_ONLY", "{tool}");
    }
    assert!(client.try_call("no_such_tool", json!({})).await.is_err());
}

#[tokio::test]
async fn an_unconfigured_server_lists_its_tools_and_says_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let mut command = Command::new(program());
    command.arg("serve").current_dir(directory.path()).env_remove("DEPLOY_OPS_CONFIG");
    let client = Client::start(command).await;
    assert_eq!(client.tools.len(), deploy_ops_mcp::tools::all().len());
    for tool in ["list_services", "run_smoke", "snapshot_db"] {
        let refused = client.call(tool, json!({})).await;
        assert!(matches!(refused.code(), "UNCONFIGURED" | "BAD_ARGUMENT"), "{tool}: {}", refused.text);
    }
    let refused = client.call("list_services", json!({})).await;
    assert!(refused.code() == "UNCONFIGURED" && refused.text.contains("deploy-ops.toml"), "{}", refused.text);
    assert!(!directory.path().join("deploy-ops-data").exists(), "nothing was created");
}
