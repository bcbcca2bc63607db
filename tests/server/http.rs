//! Who comes in over HTTP, with what, and what it costs the others.

use std::{collections::BTreeSet, sync::atomic::Ordering, time::Duration};

use deploy_ops_mcp::{
    domain::principal::Scope,
    redact::Secret,
    server::http::{HttpError, HttpLimits, HttpSettings, Token, listen},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::timeout,
};

use super::{
    client::{LONG, Server, call, initialize},
    fake::door,
};

const ALICE: (&str, &str) = ("authorization", "Bearer alice-token-4Jq9Zr7Lw2");
const BOB: (&str, &str) = ("authorization", "Bearer bob-token-8Kx3Vn6Tp1");

fn with_tokens() -> HttpSettings {
    let token = |name: &str, scopes: BTreeSet<Scope>| {
        let value = if name == "alice" { ALICE.1 } else { BOB.1 };
        Token::new(name, &Secret::new(name, value.trim_start_matches("Bearer ")), scopes)
    };
    let tokens = vec![token("alice", [Scope::Read].into()), token("bob", [Scope::Read, Scope::Execute].into())];
    HttpSettings { tokens, ..HttpSettings::loopback(0) }
}

fn who(message: &Value) -> (String, Value) {
    let content = &message["result"]["structuredContent"];
    (content["principal"].as_str().unwrap_or_default().to_owned(), content["scopes"].clone())
}

#[tokio::test]
async fn without_a_token_every_path_but_healthz_says_401() {
    let server = Server::start(&door(), with_tokens()).await;
    assert_eq!(server.send("GET", "/healthz", &[], b"").await.status, 200);
    for path in
        ["/", "/mcp", "/mcp/", "/sse", "/messages", "/messages?sessionId=1", "/healthz/", "/HEALTHZ", "/x", "//healthz"]
    {
        for method in ["GET", "POST", "PUT", "DELETE", "OPTIONS", "HEAD"] {
            for headers in [vec![], vec![("authorization", "Bearer wrong")], vec![ALICE, BOB]] {
                let answer = server.send(method, path, &headers, b"{}").await;
                assert_eq!(answer.status, 401, "{method} {path} {headers:?}");
                assert!(answer.header("www-authenticate").unwrap().starts_with("bearer realm="));
            }
        }
    }
}

#[tokio::test]
async fn a_token_is_its_principal_on_every_transport() {
    let server = Server::start(&door(), with_tokens()).await;
    let session = server.session(&[ALICE]).await;
    let answer = server.post(&[ALICE, ("mcp-session-id", &session)], &call(1, "whoami", json!({}))).await;
    assert_eq!(who(&answer.message()), ("client:alice".to_owned(), json!(["Read"])));
    let answer = server.post_modern(&[BOB], call(1, "whoami", json!({})), json!({})).await;
    assert_eq!(who(&answer.message()), ("client:bob".to_owned(), json!(["Read", "Execute"])));
}

#[tokio::test]
async fn a_session_is_only_its_owners() {
    let server = Server::start(&door(), with_tokens()).await;
    let session = server.session(&[ALICE]).await;
    let named = ("mcp-session-id", session.as_str());
    assert_eq!(server.post(&[BOB, named], &call(1, "whoami", json!({}))).await.status, 404);
    let stream = [BOB, named, ("accept", "text/event-stream")];
    assert_eq!(server.send("GET", "/mcp", &stream, b"").await.status, 404);
    assert_eq!(server.send("DELETE", "/mcp", &[BOB, named], b"").await.status, 404);
    assert_eq!(server.post(&[ALICE, named], &call(1, "whoami", json!({}))).await.status, 200);
    assert!(server.send("DELETE", "/mcp", &[ALICE, named], b"").await.status < 300);
    assert_eq!(server.post(&[ALICE, named], &call(1, "whoami", json!({}))).await.status, 404);
}

#[tokio::test]
async fn foreign_hosts_and_origins_get_403_on_every_path() {
    let server = Server::loopback(&door()).await;
    for path in ["/mcp", "/sse", "/messages", "/healthz", "/x"] {
        for header in [
            ("host", "evil.example"),
            ("host", "localhost.evil.example"),
            ("origin", "http://evil.example"),
            ("origin", "null"),
            ("origin", "http://localhost.evil.example"),
        ] {
            assert_eq!(server.send("POST", path, &[header], b"{}").await.status, 403, "{path} {header:?}");
            assert_eq!(server.send("GET", path, &[header], b"").await.status, 403, "{path} {header:?}");
        }
    }
    assert_eq!(server.post(&[("origin", "http://localhost:5173")], &initialize(json!({}))).await.status, 200);
}

#[tokio::test]
async fn without_tokens_only_this_machine_is_served() {
    let settings = HttpSettings { listen: ([0, 0, 0, 0], 0).into(), ..HttpSettings::loopback(0) };
    assert!(matches!(listen(&settings).await, Err(HttpError::Open(_))));
}

/// The resident memory of this process, bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/statm").unwrap();
    status.split(' ').nth(1).unwrap().parse::<usize>().unwrap() * 4096
}

#[tokio::test]
async fn a_body_of_a_gibibyte_is_refused_early_and_costs_no_memory() {
    let server = Server::loopback(&door()).await;
    let before = resident();
    let mut stream = server.open("POST", "/mcp", &[("content-type", "application/json")], None).await;
    let chunk = [&b"10000\r\n"[..], &vec![b' '; 0x10000], b"\r\n"].concat();
    let mut sent = 0_usize;
    while sent < 1024 * 1024 * 1024 {
        // The server closes as soon as it has answered.
        if stream.write_all(&chunk).await.is_err() {
            break;
        }
        sent += 0x10000;
    }
    assert!(sent < 64 * 1024 * 1024, "the server read on: {sent}");
    assert!(resident().saturating_sub(before) < 32 * 1024 * 1024);
    let whole = vec![b' '; 1024 * 1024 + 1];
    let answer = server.send("POST", "/mcp", &[("content-type", "application/json")], &whole).await;
    assert_eq!(answer.status, 413);
}

#[tokio::test]
async fn json_that_two_readers_could_read_differently_is_refused() {
    let server = Server::loopback(&door()).await;
    let headers = [("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
    let twice = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"whoami","arguments":{"mode":"dry_run","mode":"execute"}}}"#;
    let deep = format!("{}{}", "[".repeat(50_000), "]".repeat(50_000));
    for body in [twice, &deep, "{", "", "\u{feff}{}"] {
        assert_eq!(server.send("POST", "/mcp", &headers, body.as_bytes()).await.status, 400);
    }
}

#[tokio::test]
async fn a_client_that_does_not_read_holds_up_nobody_else() {
    let door = door();
    let server = Server::loopback(&door).await;
    let session = server.session(&[]).await;
    let body = call(1, "big", json!({})).to_string();
    let headers = [
        ("content-type", "application/json"),
        ("accept", "application/json, text/event-stream"),
        ("mcp-session-id", session.as_str()),
    ];
    let mut deaf = Vec::new();
    for _ in 0..20 {
        let mut stream = server.open("POST", "/mcp", &headers, Some(body.len())).await;
        stream.write_all(body.as_bytes()).await.unwrap();
        deaf.push(stream);
    }
    let mut half = server.open("POST", "/mcp", &headers, Some(1000)).await;
    half.write_all(b"{").await.unwrap();
    for _ in 0..20 {
        let answer = timeout(LONG, server.post_modern(&[], call(1, "whoami", json!({})), json!({}))).await.unwrap();
        assert_eq!(answer.status, 200);
    }
}

#[tokio::test]
async fn silent_and_slow_connections_are_closed() {
    let short = Duration::from_millis(200);
    let limits = HttpLimits { head_time: short, body_time: short, ..HttpLimits::default() };
    let server = Server::start(&door(), HttpSettings { limits, ..HttpSettings::loopback(0) }).await;
    let mut rest = Vec::new();
    let mut silent = TcpStream::connect(server.address).await.unwrap();
    timeout(LONG, silent.read_to_end(&mut rest)).await.unwrap().unwrap();
    let mut slow = TcpStream::connect(server.address).await.unwrap();
    slow.write_all(b"POST /mcp HTTP/1.1\r\nhost: loc").await.unwrap();
    let _ = timeout(LONG, slow.read_to_end(&mut rest)).await.unwrap();
    rest.clear();
    let mut half = server.open("POST", "/mcp", &[], Some(100)).await;
    half.write_all(b"{").await.unwrap();
    timeout(LONG, half.read_to_end(&mut rest)).await.unwrap().unwrap();
    assert!(rest.starts_with(b"HTTP/1.1 408"), "{}", String::from_utf8_lossy(&rest));
}

#[tokio::test]
async fn too_many_connections_and_sessions_are_told_to_come_back() {
    let limits = HttpLimits { connections: 4, sessions: 2, ..HttpLimits::default() };
    let server = Server::start(&door(), HttpSettings { limits, ..HttpSettings::loopback(0) }).await;
    for _ in 0..2 {
        server.session(&[]).await;
    }
    let third = server.post(&[], &initialize(json!({}))).await;
    assert_eq!((third.status, third.header("retry-after")), (503, Some("1")));
    let answer = server.post_modern(&[], call(1, "whoami", json!({})), json!({})).await;
    assert_eq!(answer.status, 200, "who needs no session is served");

    let mut held = Vec::new();
    let mut busy = 0;
    for _ in 0..8 {
        let mut stream = TcpStream::connect(server.address).await.unwrap();
        let mut first = [0_u8; 12];
        // Those that are let in hear nothing until they ask.
        if let Ok(Ok(_)) = timeout(Duration::from_millis(300), stream.read_exact(&mut first)).await {
            assert_eq!(&first, b"HTTP/1.1 503");
            busy += 1;
        }
        held.push(stream);
    }
    assert!(busy >= 4, "{busy}");
}

#[tokio::test]
async fn two_hundred_callers_at_once_each_get_their_own_answer() {
    let door = door();
    let server = Server::start(&door, with_tokens()).await;
    let server = &server;
    let calls = (0..200).map(|n| async move {
        let token = if n % 2 == 0 { ALICE } else { BOB };
        let answer = server.post_modern(&[token], call(n, "rollback", json!({ "mark": n })), json!({})).await.message();
        assert_eq!(answer["id"], n);
        assert_eq!(answer["result"]["structuredContent"]["mark"], n);
    });
    futures::future::join_all(calls).await;
    assert_eq!(door.calls.load(Ordering::SeqCst), 200);
}
