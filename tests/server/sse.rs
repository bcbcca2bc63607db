//! The older HTTP+SSE pair.

use std::collections::BTreeSet;

use deploy_ops_mcp::{
    domain::principal::Scope,
    redact::Secret,
    server::http::{HttpSettings, Token},
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, BufReader},
    net::TcpStream,
    time::timeout,
};

use super::{
    client::{LONG, Server, call, initialize},
    fake::{LATER, door, leaked},
};

/// An open stream, and where to post.
struct Stream {
    reader: BufReader<TcpStream>,
    address: String,
    seen: Vec<u8>,
}

impl Stream {
    async fn open(server: &Server, headers: &[(&str, &str)]) -> Self {
        let stream = server.open("GET", "/sse", headers, Some(0)).await;
        let mut opened = Self { reader: BufReader::new(stream), address: String::new(), seen: Vec::new() };
        opened.address = opened.data().await;
        opened
    }

    /// The data of the next event.
    async fn data(&mut self) -> String {
        loop {
            let mut line = Vec::new();
            let read = timeout(LONG, self.reader.read_until(b'\n', &mut line)).await.unwrap().unwrap();
            assert!(read > 0, "the stream ended: {}", String::from_utf8_lossy(&self.seen));
            self.seen.extend_from_slice(&line);
            if let Some(data) = String::from_utf8(line).unwrap().strip_prefix("data: ") {
                return data.trim_end().to_owned();
            }
        }
    }

    async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message: Value = serde_json::from_str(&self.data().await).unwrap();
            if message["id"] == id {
                return message;
            }
        }
    }
}

async fn post(server: &Server, address: &str, headers: &[(&str, &str)], message: &Value) -> u16 {
    let mut all = vec![("content-type", "application/json")];
    all.extend_from_slice(headers);
    server.send("POST", address, &all, message.to_string().as_bytes()).await.status
}

#[tokio::test]
async fn a_whole_session_without_a_leak() {
    let server = Server::loopback(&door()).await;
    let mut stream = Stream::open(&server, &[]).await;
    let address = stream.address.clone();
    assert_eq!(post(&server, &address, &[], &initialize(json!({}))).await, 202);
    stream.answer(0).await;
    let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
    assert_eq!(post(&server, &address, &[], &initialized).await, 202);
    for (id, tool) in (1..).zip(["leak", "fail", "panic", "progress", "whoami"]) {
        assert_eq!(post(&server, &address, &[], &call(id, tool, json!({}))).await, 202);
        stream.answer(id).await;
    }
    assert!(!leaked(&stream.seen));
    assert!(String::from_utf8_lossy(&stream.seen).contains("[redacted]"));
}

#[tokio::test]
async fn an_answer_that_is_given_again_is_the_same() {
    let door = door();
    let server = Server::loopback(&door).await;
    let mut stream = Stream::open(&server, &[]).await;
    let address = stream.address.clone();
    post(&server, &address, &[], &initialize(json!({}))).await;
    stream.answer(0).await;
    post(&server, &address, &[], &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    for learned in [false, true] {
        let mut answers = Vec::new();
        for tool in ["made", "kept", "kept"] {
            post(&server, &address, &[], &call(1, tool, json!({}))).await;
            answers.push(stream.data().await);
        }
        assert!(answers[0].contains("All is well") && answers[0].contains(LATER) != learned, "{}", answers[0]);
        assert!(answers.iter().all(|answer| *answer == answers[0]), "{answers:?}");
        door.learn(Secret::new("LATER", LATER));
    }
}

#[tokio::test]
async fn a_stream_is_only_its_owners_and_ends_with_its_connection() {
    let token =
        |name: &str, scopes: BTreeSet<Scope>| Token::new(name, &Secret::new(name, format!("{name}-token")), scopes);
    let tokens = vec![token("alice", [Scope::Read].into()), token("bob", [Scope::Read].into())];
    let server = Server::start(&door(), HttpSettings { tokens, ..HttpSettings::loopback(0) }).await;
    let (alice, bob) = (("authorization", "Bearer alice-token"), ("authorization", "Bearer bob-token"));
    let mut stream = Stream::open(&server, &[alice]).await;
    let address = stream.address.clone();
    assert_eq!(post(&server, &address, &[bob], &initialize(json!({}))).await, 404);
    assert_eq!(post(&server, &address, &[alice], &initialize(json!({}))).await, 202);
    stream.answer(0).await;
    post(&server, &address, &[alice], &json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
    post(&server, &address, &[alice], &call(1, "whoami", json!({}))).await;
    assert_eq!(stream.answer(1).await["result"]["structuredContent"]["principal"], "client:alice");
    drop(stream);
    timeout(LONG, async {
        while post(&server, &address, &[alice], &call(2, "whoami", json!({}))).await == 202 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session ended with its stream");
}
