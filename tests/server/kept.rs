//! An answer that is given again leaves as it was written before. Nobody can tell it from one that was made.

use std::sync::atomic::Ordering;

use deploy_ops_mcp::redact::Secret;
use serde_json::{Value, json};

use super::{
    client::{Pipe, Server, call, modern},
    fake::{FakeDoor, LATER, door},
};

/// The ids of JSON-RPC, with what a string can carry.
fn ids() -> Vec<Value> {
    vec![json!(1), json!(-7), json!(""), json!("a\"},\"result\":{\u{1}é"), json!(LATER), json!("x".repeat(300))]
}

fn request(id: &Value, tool: &str, meta: Option<&Value>) -> Value {
    let mut request = call(0, tool, json!({}));
    request["id"] = id.clone();
    if let Some(meta) = meta {
        request["params"]["_meta"] = meta.clone();
    }
    request
}

/// The bytes of the answer over stdio.
async fn piped(pipe: &mut Pipe, id: &Value, tool: &str, meta: Option<&Value>) -> String {
    pipe.send(&request(id, tool, meta)).await;
    let before = pipe.seen.len();
    pipe.receive().await;
    String::from_utf8(pipe.seen[before..].to_vec()).unwrap()
}

/// The data of the last event at `/mcp`.
fn data(body: &str) -> String {
    body.lines().rfind(|line| line.starts_with("data: {")).unwrap_or_else(|| panic!("{body}")).to_owned()
}

fn learn_later(door: &FakeDoor) {
    assert!(door.learn(Secret::new("LATER", LATER)));
}

#[tokio::test]
async fn over_stdio() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({})).await;
    for id in ids() {
        for meta in [None, Some(modern(json!({})))] {
            let made = piped(&mut pipe, &id, "made", meta.as_ref()).await;
            assert!(made.contains("All is well"), "{made}");
            assert_eq!(piped(&mut pipe, &id, "kept", meta.as_ref()).await, made);
        }
    }
    learn_later(&door);
    for id in ids() {
        let made = piped(&mut pipe, &id, "made", None).await;
        assert!(made.contains("All is well") && !made.contains(LATER), "{made}");
        assert_eq!(piped(&mut pipe, &id, "kept", None).await, made);
    }
}

#[tokio::test]
async fn over_http() {
    let door = door();
    let server = Server::loopback(&door).await;
    let session = server.session(&[]).await;
    let headers = [("mcp-session-id", session.as_str()), ("mcp-protocol-version", "2025-11-25")];
    let of_session = async |id: &Value, tool: &str| data(&server.post(&headers, &request(id, tool, None)).await.body);
    let sessionless = async |tool: &str| data(&server.post_modern(&[], call(1, tool, json!({})), json!({})).await.body);
    for id in ids() {
        let made = of_session(&id, "made").await;
        assert!(made.contains("All is well"), "{made}");
        assert_eq!(of_session(&id, "kept").await, made);
    }
    let made = sessionless("made").await;
    assert!(made.contains("\"resultType\":\"complete\""), "{made}");
    assert_eq!(sessionless("kept").await, made);
    learn_later(&door);
    for (made, kept) in [
        (of_session(&json!(1), "made").await, of_session(&json!(1), "kept").await),
        (sessionless("made").await, sessionless("kept").await),
    ] {
        assert!(made.contains("All is well") && !made.contains(LATER), "{made}");
        assert_eq!(kept, made);
    }
}

#[tokio::test]
async fn many_at_once_and_each_with_its_own_id() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({})).await;
    let made = piped(&mut pipe, &json!(1), "made", None).await;
    for id in 1..=100 {
        pipe.send(&call(id, if id % 10 == 0 { "whoami" } else { "kept" }, json!({}))).await;
    }
    let mut answered = Vec::new();
    while answered.len() < 100 {
        let before = pipe.seen.len();
        let id = pipe.receive().await["id"].as_u64().unwrap();
        let line = String::from_utf8(pipe.seen[before..].to_vec()).unwrap();
        if id % 10 > 0 {
            assert_eq!(line.replacen(&format!("\"id\":{id},"), "\"id\":1,", 1), made);
        }
        answered.push(id);
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=100).collect::<Vec<u64>>());
}

/// MCP forbids to use an id twice. Who does it anyway is still told no more and no less than was asked.
#[tokio::test]
async fn an_id_that_is_used_twice() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({})).await;
    let made = piped(&mut pipe, &json!(1), "made", None).await;
    pipe.send(&call(1, "slow", json!({}))).await;
    for _ in 0..2 {
        assert_eq!(piped(&mut pipe, &json!(1), "kept", None).await, made);
    }
    door.slow.notify_one();
    while door.finished.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    // What is answered after the slow one comes after it; nobody waits for that one any more.
    piped(&mut pipe, &json!(2), "whoami", None).await;
    assert_eq!(piped(&mut pipe, &json!(1), "kept", None).await, made);
}
