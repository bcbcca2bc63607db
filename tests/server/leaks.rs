//! The canary in every kind of answer, over every transport: nothing of it comes out.

use serde_json::{Value, json};

use super::{
    client::{Pipe, Server, call, modern},
    fake::{CANARY, door, leaked},
};

/// Every request whose answer holds the canary, and some that repeat what the client sent.
fn requests() -> Vec<Value> {
    let request =
        |id: u64, method: &str, params: Value| json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params});
    let prompt = json!({"type": "ref/prompt", "name": "deploy"});
    let mut progress = call(5, "progress", json!({}));
    progress["params"]["_meta"] = json!({"progressToken": "p1"});
    vec![
        call(1, "leak", json!({})),
        call(2, "fail", json!({})),
        call(3, "panic", json!({})),
        call(4, CANARY, json!({})),
        progress,
        request(6, "resources/list", json!({})),
        request(7, "resources/read", json!({"uri": "deploy-ops://inventory"})),
        request(8, "resources/read", json!({"uri": CANARY})),
        request(9, "completion/complete", json!({"ref": prompt, "argument": {"name": "service", "value": "s"}})),
        request(10, "prompts/get", json!({"name": "deploy", "arguments": {"service": CANARY, "version": "v1"}})),
        request(11, "prompts/get", json!({"name": CANARY})),
        request(12, "resources/list", json!({"cursor": CANARY})),
        request(13, CANARY, json!({})),
        call(14, "whoami", json!({"echo": CANARY})),
        call(15, "rollback", json!({"echo": CANARY})),
    ]
}

#[tokio::test]
async fn stdio_of_the_older_revisions() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    for request in requests() {
        pipe.ask(&request).await;
    }
    assert!(!leaked(&pipe.seen));
    assert!(pipe.seen.windows(10).any(|window| window == b"[redacted]"));
}

#[tokio::test]
async fn stdio_of_2026_07_28() {
    let mut pipe = Pipe::open(&door());
    pipe.ask(&json!({"jsonrpc": "2.0", "id": 0, "method": "server/discover", "params": {"_meta": modern(json!({}))}}))
        .await;
    for mut request in requests() {
        let token = request["params"]["_meta"]["progressToken"].clone();
        request["params"]["_meta"] = modern(json!({}));
        if !token.is_null() {
            request["params"]["_meta"]["progressToken"] = token;
        }
        pipe.ask(&request).await;
    }
    assert!(!leaked(&pipe.seen));
    assert!(pipe.seen.windows(10).any(|window| window == b"[redacted]"));
}

#[tokio::test]
async fn http_of_the_older_revisions() {
    let server = Server::loopback(&door()).await;
    let session = server.session(&[]).await;
    let mut masked = 0;
    for request in requests() {
        let answer = server.post(&[("mcp-session-id", &session)], &request).await;
        assert!(!leaked(&answer.raw), "{request}");
        masked += usize::from(answer.body.contains("[redacted]"));
    }
    assert!(masked >= 5, "{masked}");
}

#[tokio::test]
async fn http_of_2026_07_28() {
    let server = Server::loopback(&door()).await;
    let mut masked = 0;
    for request in requests() {
        let answer = server.post_modern(&[], request.clone(), json!({})).await;
        assert!(!leaked(&answer.raw), "{request}");
        masked += usize::from(answer.body.contains("[redacted]"));
    }
    assert!(masked >= 5, "{masked}");
}

#[tokio::test]
async fn http_errors_repeat_nothing() {
    let server = Server::loopback(&door()).await;
    let plain: String = CANARY.chars().filter(char::is_ascii_alphanumeric).collect();
    let json = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let list = json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"}).to_string();
    for (method, path, headers, body) in [
        ("POST", "/mcp".to_owned(), vec![json[0], json[1]], format!("{{\"{plain}\": ")),
        (
            "POST",
            "/mcp".to_owned(),
            vec![json[0], json[1]],
            format!("{{\"jsonrpc\": \"2.0\", \"method\": 1, \"id\": \"{plain}\"}}"),
        ),
        ("POST", "/mcp".to_owned(), vec![("content-type", plain.as_str()), json[1]], "{}".to_owned()),
        ("POST", "/mcp".to_owned(), vec![json[0], ("mcp-session-id", plain.as_str())], "{}".to_owned()),
        ("POST", "/mcp".to_owned(), vec![json[0], json[1], ("mcp-protocol-version", plain.as_str())], list.clone()),
        ("GET", format!("/{plain}"), vec![], String::new()),
        ("POST", format!("/messages?sessionId={plain}"), vec![], "{}".to_owned()),
        ("GET", "/mcp".to_owned(), vec![("host", plain.as_str())], String::new()),
        ("GET", "/mcp".to_owned(), vec![("origin", plain.as_str())], String::new()),
        ("BREW", format!("/mcp?x={plain}"), vec![], String::new()),
    ] {
        let answer = server.send(method, &path, &headers, body.as_bytes()).await;
        assert!((400..500).contains(&answer.status), "{method} {path} {headers:?}: {}", answer.status);
        assert!(!String::from_utf8_lossy(&answer.raw).contains(&plain), "{method} {path} {headers:?}: {answer:?}");
    }
}
