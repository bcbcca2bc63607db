//! A token that is given for some environments changes nothing in others, and sees them all the same.

use std::{io::BufRead, process::Stdio};

use reqwest::{Client, RequestBuilder};
use serde_json::{Value, json};

use crate::support::{mcp::House, stage::program};

const FAR: &str = "far-Qm7Xv2Lz9KpTs4Wd8NbHr3Yc";
const NEAR: &str = "near-Jt5Gf8Rw1ZxPk6Vb2MqDs9Lh";

/// Calls a tool as the bearer of a token, in a session of its own.
async fn call(address: &str, token: &str, tool: &str, arguments: Value) -> Value {
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = Client::builder().no_proxy().build().unwrap();
    let post = |body: Value| -> RequestBuilder {
        let request = client.post(format!("http://{address}/mcp")).bearer_auth(token);
        let request = request.header("accept", "application/json, text/event-stream");
        request.header("content-type", "application/json").body(body.to_string())
    };
    let client = json!({ "name": "test", "version": "1" });
    let begin = json!({ "protocolVersion": "2025-06-18", "capabilities": {}, "clientInfo": client });
    let begun =
        post(json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": begin })).send().await.unwrap();
    let session = begun.headers()["mcp-session-id"].clone();
    let ready = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    post(ready).header("mcp-session-id", &session).send().await.unwrap();
    let call = json!({ "name": tool, "arguments": arguments });
    let call = post(json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/call", "params": call }));
    let text = call.header("mcp-session-id", &session).send().await.unwrap().text().await.unwrap();
    let mut answers =
        text.lines().filter_map(|line| serde_json::from_str(line.strip_prefix("data: ").unwrap_or(line)).ok());
    let answer: Value = answers.find(|answer: &Value| answer["id"] == 2).unwrap_or_else(|| panic!("{text}"));
    assert!(!text.contains(FAR) && !text.contains(NEAR), "{text}");
    answer["result"]["structuredContent"].clone()
}

#[tokio::test]
async fn a_token_changes_nothing_outside_of_its_environments() {
    let house = House::staging().await;
    for (name, value) in [("far", FAR), ("near", NEAR)] {
        let path = house.path("secrets").join(name);
        std::fs::write(&path, value).unwrap();
        std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o600)).unwrap();
    }
    let at = |name: &str| house.path("secrets").join(name).display().to_string();
    let secrets = format!("[secrets]\nFAR = \"file:{}\"\nNEAR = \"file:{}\"", at("far"), at("near"));
    let scopes = "scopes = [\"read\", \"plan\", \"execute\"]";
    house.configure(|text| {
        text.replace("[secrets]", &secrets)
            + &format!(
                "\n[environments.elsewhere]\ntier = \"development\"\n\
                 [[tokens]]\nname = \"far\"\nsecret = \"FAR\"\n{scopes}\nenvironments = [\"elsewhere\"]\n\
                 [[tokens]]\nname = \"near\"\nsecret = \"NEAR\"\n{scopes}\nenvironments = [\"production\"]\n"
            )
    });
    let mut command = std::process::Command::new(program());
    command.arg("serve").arg("--config").arg(&house.sandbox.config).args(["--http", "127.0.0.1:0"]);
    let mut server = command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
    let mut log = std::io::BufReader::new(server.stderr.take().unwrap()).lines();
    let address =
        log.find_map(|line| Some(line.unwrap().split_once("http://")?.1.split_once('/')?.0.to_owned())).unwrap();
    let deploy = json!({ "service": "shop", "version": "v2025.01.13", "environment": "production" });
    let refused = call(&address, FAR, "deploy_service", deploy.clone()).await;
    assert_eq!(refused["error"]["code"], "FORBIDDEN", "{refused}");
    assert!(refused["error"]["message"].as_str().unwrap().contains("nothing in production"), "{refused}");
    let seen = call(&address, FAR, "list_services", json!({})).await;
    assert!(seen["error"].is_null() && seen.to_string().contains("shop"), "{seen}");
    let planned = call(&address, NEAR, "deploy_service", deploy).await;
    assert_eq!(planned["error"], Value::Null, "{planned}");
    assert!(planned.to_string().contains("plan_"), "{planned}");
    server.kill().unwrap();
    server.wait().unwrap();
}
