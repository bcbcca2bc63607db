//! What a client at the other end of a pipe can rely on.

use std::sync::atomic::Ordering;

use deploy_ops_mcp::server::{Identity, stdio::serve_streams};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    time::timeout,
};

use super::{
    client::{LONG, Pipe, call, initialize},
    fake::{door, handler},
};

#[tokio::test]
async fn tools_come_in_order_with_all_four_hints_and_closed_schemas() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let listed = pipe.ask(&json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})).await;
    let again = pipe.ask(&json!({"jsonrpc": "2.0", "id": 2, "method": "tools/list"})).await;
    assert_eq!(listed["result"], again["result"]);
    let tools = listed["result"]["tools"].as_array().unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect();
    assert!(names.is_sorted() && names.len() == 12, "{names:?}");
    for tool in tools {
        assert_eq!(tool["annotations"].as_object().unwrap().len(), 4, "{tool}");
        assert_eq!(tool["inputSchema"]["additionalProperties"], json!(false), "{tool}");
        assert_eq!(tool["inputSchema"]["type"], "object", "{tool}");
        assert!(tool["title"].is_string() && tool["outputSchema"].is_object(), "{tool}");
    }
    let hints = |name: &str| tools.iter().find(|tool| tool["name"] == name).unwrap()["annotations"].clone();
    assert_eq!(hints("whoami")["readOnlyHint"], true);
    assert_eq!(hints("deploy_service")["readOnlyHint"], false);
    assert_eq!(hints("rollback")["destructiveHint"], true);
}

#[tokio::test]
async fn the_caller_is_the_owner_of_the_process() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let who = pipe.ask(&call(1, "whoami", json!({}))).await;
    let principal = who["result"]["structuredContent"]["principal"].as_str().unwrap().to_owned();
    assert!(principal.starts_with("local:"), "{principal}");
}

#[tokio::test]
async fn an_old_name_of_a_tool_still_works() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let answer = pipe.ask(&call(1, "rollback_service", json!({"mode": "dry_run"}))).await;
    assert_eq!(answer["result"]["isError"], false, "{answer}");
}

#[tokio::test]
async fn an_unknown_tool_is_a_protocol_error_that_names_the_nearest() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let answer = pipe.ask(&call(1, "rolback", json!({}))).await;
    assert_eq!(answer["error"]["code"], -32602);
    assert_eq!(answer["error"]["data"]["didYouMean"][0], "rollback");
    assert!(!answer.to_string().contains("rolback\""));
}

#[tokio::test]
async fn progress_comes_before_the_answer_and_only_with_a_token() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let mut request = call(1, "progress", json!({}));
    request["params"]["_meta"] = json!({"progressToken": 7});
    pipe.send(&request).await;
    for expected in 1..=3 {
        let notification = pipe.receive().await;
        assert_eq!(notification["method"], "notifications/progress", "{notification}");
        assert_eq!(notification["params"]["progressToken"], 7);
        assert_eq!(notification["params"]["progress"].as_f64(), Some(f64::from(expected)));
    }
    assert_eq!(pipe.receive().await["id"], 1);
    pipe.send(&call(2, "progress", json!({}))).await;
    assert_eq!(pipe.receive().await["id"], 2);
}

#[tokio::test]
async fn a_cancelled_request_gets_no_answer_and_its_work_ends_by_itself() {
    let door = door();
    let mut pipe = Pipe::begin(&door, json!({})).await;
    pipe.send(&call(1, "slow", json!({}))).await;
    while door.calls.load(Ordering::SeqCst) == 0 {
        tokio::task::yield_now().await;
    }
    pipe.send(&json!({"jsonrpc": "2.0", "method": "notifications/cancelled", "params": {"requestId": 1}})).await;
    assert_eq!(pipe.ask(&call(2, "whoami", json!({}))).await["id"], 2);
    assert_eq!(door.finished.load(Ordering::SeqCst), 0);
    door.slow.notify_one();
    timeout(LONG, async {
        while door.finished.load(Ordering::SeqCst) == 0 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the work went on to its end");
}

#[test]
fn the_last_answer_leaves_before_the_server_does() {
    // Smaller than the answers, so that the server has to wait for its reader.
    let (ours, theirs) = tokio::io::duplex(1024);
    let runtime = || tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let client = std::thread::spawn(move || {
        runtime().block_on(async {
            let (mut reader, mut writer) = tokio::io::split(ours);
            for message in [initialize(json!({})), call(1, "big", json!({}))] {
                writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
            }
            writer.shutdown().await.unwrap();
            let mut seen = String::new();
            reader.read_to_string(&mut seen).await.unwrap();
            seen
        })
    });
    // The server's runtime ends with it, as its process would: what was not written by then is lost.
    runtime().block_on(async {
        let (reader, writer) = tokio::io::split(theirs);
        serve_streams(&handler(&door()), Identity::local("test"), reader, writer).await.unwrap();
    });
    let seen = client.join().unwrap();
    assert_eq!(seen.lines().count(), 2, "{} bytes", seen.len());
    assert!(seen.lines().all(|line| serde_json::from_str::<serde_json::Value>(line).is_ok()));
}

#[tokio::test]
async fn garbage_and_huge_lines_do_not_end_the_session() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    for garbage in ["", "garbage", "{", "[]", "\u{0}", "{\"jsonrpc\":\"2.0\"}", "{\"id\":{}}"] {
        pipe.writer.write_all(format!("{garbage}\n").as_bytes()).await.unwrap();
    }
    let huge = "x".repeat(3 * 1024 * 1024);
    pipe.send(&call(1, "whoami", json!({ "huge": huge }))).await;
    assert_eq!(pipe.ask(&call(2, "whoami", json!({}))).await["result"]["isError"], false);
}

#[tokio::test]
async fn a_hundred_calls_at_once_are_all_answered_once() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let requests: Vec<u8> =
        (1..=100).flat_map(|id| format!("{}\n", call(id, "whoami", json!({}))).into_bytes()).collect();
    pipe.writer.write_all(&requests).await.unwrap();
    let mut answered = Vec::new();
    while answered.len() < 100 {
        answered.push(pipe.receive().await["id"].as_u64().unwrap());
    }
    answered.sort_unstable();
    assert_eq!(answered, (1..=100).collect::<Vec<u64>>());
}

#[tokio::test]
async fn long_lists_come_in_pages() {
    let mut pipe = Pipe::begin(&door(), json!({})).await;
    let (mut seen, mut cursor, mut id) = (0, json!(null), 1);
    loop {
        let params = if cursor.is_null() { json!({}) } else { json!({ "cursor": cursor }) };
        let page = pipe.ask(&json!({"jsonrpc": "2.0", "id": id, "method": "resources/list", "params": params})).await;
        seen += page["result"]["resources"].as_array().unwrap().len();
        cursor = page["result"]["nextCursor"].clone();
        id += 1;
        if cursor.is_null() {
            break;
        }
    }
    assert_eq!((seen, id), (120, 4));
}
