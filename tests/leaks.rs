//! Canaries in every place where a server meets secrets; none comes out of any exit.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt, process::Stdio};

use base64::Engine as _;
use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    process::{Child, Command},
    time::{Duration, timeout},
};

use crate::support::{
    mcp::{House, collect},
    stage::program,
};

const LONG: Duration = Duration::from_mins(1);
const TOKEN: &str = "mcp-Zk4vQ9pLw2XcT7bN5sHd8fGj1rYm6";
const FROM_ENVIRONMENT: &str = "Env+7Qx/Lm29zRt%Vb4Ns8Kd&Wc5";

/// The forms in which a value could leave.
fn forms(value: &str) -> Vec<String> {
    let standard = base64::engine::general_purpose::STANDARD.encode(value);
    let safe = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(value);
    let hex: String = value.bytes().map(|b| format!("{b:02x}")).collect();
    let url: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
    let json = serde_json::to_string(value).unwrap().trim_matches('"').to_owned();
    let reversed = value.chars().rev().collect();
    vec![value.to_owned(), standard, safe, hex.to_uppercase(), hex, url, json, reversed]
}

fn check(place: &str, bytes: &[u8], canaries: &[String]) {
    let text = String::from_utf8_lossy(bytes);
    for canary in canaries {
        for form in forms(canary) {
            if let Some(at) = text.find(&form) {
                let from = text.floor_char_boundary(at.saturating_sub(120));
                panic!("a canary left through {place}, after {:?}", &text[from..at]);
            }
        }
    }
}

/// The house with canaries in secret files, environment, script output, logs, databases and repository.
async fn house() -> (House, Vec<String>) {
    let house = House::staging().await;
    let canary = house.sandbox.canary.clone();
    let canaries = vec![canary.clone(), FROM_ENVIRONMENT.to_owned(), TOKEN.to_owned()];
    std::fs::write(house.path("secrets/token"), TOKEN).unwrap();
    std::fs::set_permissions(house.path("secrets/token"), std::fs::Permissions::from_mode(0o600)).unwrap();
    let file = house.path("secrets/token").display().to_string();
    house.configure(|text| {
        text.replace(
            "[secrets]",
            &format!("[secrets]\nMCP_TOKEN = \"file:{file}\"\nFROM_ENVIRONMENT = \"env:LEAK_CANARY\""),
        ) + "\n[[tokens]]\nname = \"t\"\nsecret = \"MCP_TOKEN\"\nscopes = [\"read\", \"plan\", \"execute\"]\n"
    });
    let mut log = String::new();
    for value in &canaries {
        for form in forms(value) {
            log.push_str(&format!("2025-01-15T10:00:00Z ERROR said {form} and {form}\n"));
        }
    }
    std::fs::write(house.path("log/leaky.log"), &log).unwrap();
    let forms_text = canaries.iter().flat_map(|value| forms(value)).collect::<Vec<_>>().join("\n");
    std::fs::write(house.path("repository/LEAK.txt"), &forms_text).unwrap();
    let shouting = format!("#!/bin/sh\ncat <<'END'\n{forms_text}\nEND\n");
    house.commit(&[("deployment-scripts/gate.sh", &shouting)], "v3");
    let mut forum = SqliteConnectOptions::new().filename(house.path("srv/forum.db")).connect().await.unwrap();
    let table = format!("CREATE TABLE \"t {canary}\" (x)");
    sqlx::raw_sql(sqlx::AssertSqlSafe(table)).execute(&mut forum).await.unwrap();
    forum.close().await.unwrap();
    (house, canaries)
}

/// Requests in order; `{plan}` and `{operation}` stand for what came before.
fn requests(canary: &str) -> Vec<Value> {
    let call = |tool: &str, arguments: Value| {
        json!({ "method": "tools/call", "params": {
        "name": tool, "arguments": arguments, "_meta": { "progressToken": "p" } } })
    };
    let other = |method: &str, params: Value| json!({ "method": method, "params": params });
    let reference = json!({ "type": "ref/prompt", "name": "deploy" });
    vec![
        other("tools/list", json!({})),
        call("list_services", json!({})),
        call("verify_secret", json!({})),
        call("read_file", json!({ "root": "logs", "path": "leaky.log" })),
        call("read_file", json!({ "service": "forum", "version": "v3", "path": "LEAK.txt" })),
        call("search_logs", json!({ "root": "logs", "pattern": "said" })),
        call("search_logs", json!({ "root": "logs", "pattern": canary })),
        call("search_logs", json!({ "root": canary })),
        call("read_file", json!({ "root": "logs", "path": canary })),
        call("deploy_service", json!({ "service": "forum", "version": canary })),
        call("operation_status", json!({ "operation": canary })),
        call(canary, json!({ canary: canary })),
        call("snapshot_db", json!({ "mode": "estimate" })),
        call("inspect_db", json!({})),
        call("inspect_db", json!({ "section": "sizes" })),
        call("inspect_db", json!({ "section": "migrations" })),
        call("inspect_db", json!({ "section": "queries" })),
        call("inspect_db", json!({ "databases": [canary] })),
        call("snapshot_db", json!({ "databases": ["forum"], "wait_s": 40 })),
        call("inspect_db", json!({ "section": "snapshots" })),
        call("inspect_db", json!({ "section": "schema" })),
        call("deploy_service", json!({ "service": "forum", "version": "v3", "wait_s": 40 })),
        call("deploy_service", json!({ "mode": "execute", "plan": "{plan}", "wait_s": 40 })),
        call("operation_status", json!({ "operation": "{operation}", "journal": true })),
        call("operation_status", json!({})),
        call("run_smoke", json!({ "all_checks": true })),
        other("resources/list", json!({})),
        other("resources/read", json!({ "uri": "deploy-ops://inventory" })),
        other("resources/read", json!({ "uri": "deploy-ops://operations/{operation}" })),
        other("resources/read", json!({ "uri": "deploy-ops://reports/{operation}" })),
        other("resources/read", json!({ "uri": "deploy-ops://plans/{plan}" })),
        other("resources/read", json!({ "uri": canary })),
        other("prompts/list", json!({})),
        other("prompts/get", json!({ "name": "deploy", "arguments": { "service": canary, "version": canary } })),
        other("completion/complete", json!({ "ref": reference, "argument": { "name": "service", "value": canary } })),
        other("completion/complete", json!({ "ref": reference, "argument": { "name": "service", "value": "f" } })),
        other(canary, json!({ canary: canary })),
    ]
}

fn filled(request: &Value, id: usize, plan: &str, operation: &str) -> Value {
    let text = request.to_string().replace("{plan}", plan).replace("{operation}", operation);
    let mut request: Value = serde_json::from_str(&text).unwrap();
    request["jsonrpc"] = json!("2.0");
    request["id"] = json!(id);
    request
}

fn remember(answer: &Value, plan: &mut String, operation: &mut String) {
    let content = &answer["result"]["structuredContent"];
    if let Some(id) = content["plan"]["id"].as_str() {
        id.clone_into(plan);
    }
    if content["operation"]["kind"] == "deploy" {
        content["operation"]["id"].as_str().unwrap().clone_into(operation);
        assert_eq!(content["operation"]["state"], "succeeded", "{content}");
    }
}

fn initialize() -> Value {
    json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": { "protocolVersion": "2025-11-25",
        "capabilities": {}, "clientInfo": { "name": "test", "version": "1" } } })
}

fn serve(house: &House, arguments: &[&str]) -> Child {
    Command::new(program())
        .arg("serve")
        .arg("--config")
        .arg(&house.sandbox.config)
        .args(arguments)
        .env("LEAK_CANARY", FROM_ENVIRONMENT)
        .env("DEPLOY_OPS_LOG", "trace")
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap()
}

/// Ledger, reports, operation directories: everything that the server wrote.
fn check_files(house: &House, canaries: &[String]) {
    let mut files = BTreeMap::new();
    collect(&house.path("data"), &mut files);
    collect(&house.path("quality-reports"), &mut files);
    assert!(files.len() > 5, "{:?}", files.keys());
    for (path, bytes) in files {
        // A snapshot is the database itself; the export of a commit is the repository itself.
        let copy = path.components().filter_map(|part| part.as_os_str().to_str());
        let copy = copy.into_iter().any(|part| part == "snapshots" || part.starts_with("export"));
        if !copy {
            check(&path.display().to_string(), &bytes, canaries);
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_over_stdio_or_into_files() {
    let (house, canaries) = house().await;
    let mut server = serve(&house, &[]);
    let (mut input, output) = (server.stdin.take().unwrap(), server.stdout.take().unwrap());
    let mut output = BufReader::new(output);
    let mut errors = server.stderr.take().unwrap();
    let log = tokio::spawn(async move {
        let mut all = Vec::new();
        let _ = errors.read_to_end(&mut all).await;
        all
    });
    let (mut plan, mut operation, mut seen) = (String::new(), String::new(), Vec::new());
    let mut asked = vec![initialize()];
    asked.extend(requests(&canaries[0]));
    asked.push(json!({ "method": "tools/call", "params": { "name": "list_services", "arguments": { "service": FROM_ENVIRONMENT } } }));
    for (id, request) in asked.iter().enumerate() {
        let request = filled(request, id, &plan, &operation);
        input.write_all(format!("{request}\n").as_bytes()).await.unwrap();
        loop {
            let mut line = Vec::new();
            timeout(LONG, output.read_until(b'\n', &mut line)).await.unwrap().unwrap();
            seen.extend_from_slice(&line);
            let answer: Value = serde_json::from_slice(&line).unwrap();
            if answer["id"] == json!(id) {
                remember(&answer, &mut plan, &mut operation);
                break;
            }
        }
        if id == 0 {
            input.write_all(b"{\"jsonrpc\":\"2.0\",\"method\":\"notifications/initialized\"}\n").await.unwrap();
        }
    }
    drop(input);
    timeout(LONG, server.wait()).await.unwrap().unwrap();
    assert!(!operation.is_empty());
    assert!(String::from_utf8_lossy(&seen).matches("[redacted]").count() > 20);
    check("stdout", &seen, &canaries);
    check("the log", &log.await.unwrap(), &canaries);
    check_files(&house, &canaries);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_leaves_over_http() {
    let (house, canaries) = house().await;
    let mut server = serve(&house, &["--http", "127.0.0.1:0"]);
    let mut errors = BufReader::new(server.stderr.take().unwrap());
    let mut log = Vec::new();
    let address = loop {
        let from = log.len();
        assert!(timeout(LONG, errors.read_until(b'\n', &mut log)).await.unwrap().unwrap() > 0);
        let line = String::from_utf8_lossy(&log[from..]).into_owned();
        if let Some((_, rest)) = line.split_once("http://127.0.0.1:") {
            let port: String = rest.chars().take_while(char::is_ascii_digit).collect();
            break format!("127.0.0.1:{port}");
        }
    };
    let rest = tokio::spawn(async move {
        let _ = errors.read_to_end(&mut log).await;
        log
    });
    let post = |session: String, body: String, token: &'static str| {
        let address = address.clone();
        async move {
            let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
            let session = if session.is_empty() { session } else { format!("mcp-session-id: {session}\r\n") };
            let head = format!(
                "POST /mcp HTTP/1.1\r\nhost: {address}\r\nconnection: close\r\nauthorization: Bearer {token}\r\n{session}\
                 content-type: application/json\r\naccept: application/json, text/event-stream\r\ncontent-length: {}\r\n\r\n{body}",
                body.len()
            );
            stream.write_all(head.as_bytes()).await.unwrap();
            let mut raw = Vec::new();
            let _ = timeout(LONG, stream.read_to_end(&mut raw)).await.unwrap();
            raw
        }
    };
    let mut seen = post(String::new(), initialize().to_string(), TOKEN).await;
    let begun = String::from_utf8_lossy(&seen).to_lowercase();
    let session = begun.lines().find_map(|line| line.strip_prefix("mcp-session-id: ")).unwrap().trim().to_owned();
    let initialized = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
    seen.extend(post(session.clone(), initialized.to_string(), TOKEN).await);
    let (mut plan, mut operation) = (String::new(), String::new());
    for (id, request) in requests(&canaries[0]).iter().enumerate() {
        let raw = post(session.clone(), filled(request, id + 1, &plan, &operation).to_string(), TOKEN).await;
        for line in String::from_utf8_lossy(&raw).lines() {
            if let Ok(answer) = serde_json::from_str::<Value>(line.strip_prefix("data: ").unwrap_or(line)) {
                remember(&answer, &mut plan, &mut operation);
            }
        }
        seen.extend(raw);
    }
    seen.extend(post(canaries[0].clone(), format!("{{\"{}", canaries[0]), TOKEN).await);
    seen.extend(post(String::new(), initialize().to_string(), "wrong-token").await);
    assert!(!operation.is_empty());
    assert!(String::from_utf8_lossy(&seen).matches("[redacted]").count() > 20);
    server.start_kill().unwrap();
    server.wait().await.unwrap();
    check("HTTP", &seen, &canaries);
    check("the log", &rest.await.unwrap(), &canaries);
    check_files(&house, &canaries);
}
