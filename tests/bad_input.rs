//! Every argument of every tool with hostile values: a stable refusal, no effect, no panic, no echo.

use deploy_ops_mcp::tools;
use serde_json::{Map, Value, json};

use crate::support::mcp::{Answer, House};

/// In every hostile text, so that an echo is seen.
const MARK: &str = "zqhostile";
/// Arguments whose value is any text by their nature.
const FREE_TEXT: [&str; 4] = ["grep", "message", "pattern", "query"];
const CODES: [&str; 8] = [
    "BAD_ARGUMENT",
    "UNKNOWN_NAME",
    "PATH_REFUSED",
    "NOT_FOUND",
    "UNKNOWN_VERSION",
    "DRY_RUN_MISSING",
    "ROLLBACK_NOT_READY",
    "UNCONFIGURED",
];

/// Otherwise good arguments, so that only the hostile one is wrong.
fn good(tool: &str) -> Map<String, Value> {
    let arguments = match tool {
        "search_logs" => json!({ "root": "logs" }),
        "read_file" => json!({ "root": "logs", "path": "deployment.log" }),
        "snapshot_db" => json!({ "mode": "estimate" }),
        _ => json!({}),
    };
    arguments.as_object().cloned().unwrap()
}

fn hostile_texts() -> Vec<(&'static str, String)> {
    vec![
        ("traversal", format!("../../etc/{MARK}")),
        // Of files that are there, so that only a refusal keeps them from being read.
        ("traversal to a file", "../deploy-ops.toml".to_owned()),
        ("absolute path of a file", "/etc/passwd".to_owned()),
        ("absolute", format!("/etc/{MARK}")),
        ("option", format!("--{MARK}=1")),
        ("nul", format!("{MARK}\0x")),
        ("newline", format!("{MARK}\nx")),
        // Refused by the tool itself, and by the door.
        ("long", MARK.repeat(5000 / MARK.len())),
        ("huge", MARK.repeat(100 * 1024 / MARK.len())),
        ("not nfc", format!("{MARK}e\u{301}")),
        ("empty", String::new()),
        ("confusable", format!("{MARK}\u{430}\u{202e}\u{200b}")),
        ("shell", format!("$({MARK})`{MARK}`")),
        ("revision", format!("{MARK}@{{1}}..HEAD")),
    ]
}

/// The types that a schema takes.
fn takes(schema: &Value, wanted: &str) -> bool {
    let here = match &schema["type"] {
        Value::String(kind) => kind == wanted,
        Value::Array(kinds) => kinds.iter().any(|kind| kind == wanted),
        _ => false,
    };
    here || ["anyOf", "oneOf"]
        .iter()
        .any(|word| schema[*word].as_array().is_some_and(|parts| parts.iter().any(|part| takes(part, wanted))))
}

fn check(what: &str, answer: &Answer, must_fail: bool) {
    assert!(!answer.raw.contains(MARK), "{what}: echoed in {}", answer.raw.get(..300).unwrap_or(&answer.raw));
    if must_fail {
        assert!(answer.is_error && CODES.contains(&answer.code()), "{what}: {}", answer.text);
    } else {
        assert!(!answer.is_error || CODES.contains(&answer.code()), "{what}: {}", answer.text);
    }
}

#[tokio::test]
async fn every_argument_of_every_tool() {
    let house = House::staging().await;
    let client = house.server().await;
    let before = house.digest();
    let history = client.call("operation_status", json!({})).await.structured["operations"].clone();
    let mut calls = 0;
    for tool in tools::all() {
        let schema = Value::Object((tool.input_schema)());
        let unknown = json!({ format!("{MARK}_argument"): 1 });
        check(&format!("{}: unknown field", tool.name), &client.call(tool.name, unknown).await, true);
        for (name, property) in schema["properties"].as_object().unwrap() {
            let list = takes(property, "array");
            let mut values: Vec<(String, Value, bool)> = Vec::new();
            for (kind, text) in hostile_texts() {
                let must_fail = !FREE_TEXT.contains(&name.as_str()) || matches!(kind, "long" | "huge");
                values.push((kind.to_owned(), if list { json!([text]) } else { json!(text) }, must_fail));
            }
            values.push(("an object".to_owned(), json!({ MARK: MARK }), true));
            values.push(("a deep list".to_owned(), json!([[MARK]]), true));
            if !takes(property, "integer") {
                values.push(("a number".to_owned(), json!(918_273_645_918_u64), true));
            }
            values.push(("a negative number".to_owned(), json!(-5), true));
            values.push(("a huge number".to_owned(), json!(1e300), true));
            if !takes(property, "boolean") {
                values.push(("a boolean".to_owned(), json!(true), true));
            }
            if list {
                values.push(("a long list".to_owned(), Value::Array(vec![json!(format!("{MARK}A")); 2000]), true));
            }
            for (kind, value, must_fail) in values {
                let mut arguments = good(tool.name);
                arguments.insert(name.clone(), value);
                let answer = client.call(tool.name, Value::Object(arguments)).await;
                check(&format!("{} {name}: {kind}", tool.name), &answer, must_fail);
                calls += 1;
            }
        }
    }
    assert!(calls > 500, "{calls}");
    assert_eq!(house.digest(), before);
    let after = client.call("operation_status", json!({})).await.structured["operations"].clone();
    assert_eq!(after, history, "no operation was begun");
    assert!(!client.log().contains("panicked") && !client.log().contains(MARK), "{}", client.log());
}
