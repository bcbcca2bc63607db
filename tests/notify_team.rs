//! `notify_team`, with a receiver that behaves like n8n, and one that does not.

use std::{os::unix::fs::PermissionsExt, time::Instant};

use hmac::{Hmac, KeyInit, Mac};
use serde_json::{Value, json};

use crate::support::{
    mcp::{Answer, Client, House},
    on_github::deploy,
    stand_in::{Asked, Says, StandIn, json as says_json, status},
    wait::until_async,
};

/// The last part of the webhook's address: whoever leaks it is seen.
const PATH: &str = "webhook/canary-9fK2sL5dQ8wX1zVb";
const KEY: &str = "signing-canary-6Hj3kP0oI9uY7tRe";

/// What n8n says when the workflow was started.
fn accepted() -> Says {
    says_json(&json!({ "message": "Workflow was started" }))
}

/// What n8n says when no workflow listens.
fn not_registered() -> Says {
    status(
        404,
        r#"{"code":404,"message":"The requested webhook \"POST nope\" is not registered.","hint":"The workflow must be active for a production URL to run successfully.","stacktrace":"x"}"#,
    )
}

/// A house that can tell this server, as a channel of this kind.
async fn house(server: &StandIn, kind: &str, more: &str) -> House {
    let house = House::staging().await;
    secret(&house, "webhook", &format!("{}/{PATH}", server.url()));
    secret(&house, "signing", KEY);
    let root = house.sandbox.directory.display().to_string();
    house.configure(|text| {
        let secrets =
            format!("[secrets]\nHOOK = \"file:{root}/secrets/webhook\"\nKEY = \"file:{root}/secrets/signing\"");
        let text = text.replace("[secrets]", &secrets);
        format!("{text}\n[notify.team]\nkind = \"{kind}\"\nurl = \"HOOK\"\n{more}\n")
    });
    house
}

fn secret(house: &House, name: &str, value: &str) {
    let path = house.path("secrets").join(name);
    std::fs::write(&path, value).unwrap();
    std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o600)).unwrap();
}

async fn tell(client: &Client, arguments: Value) -> Answer {
    let answer = client.call("notify_team", arguments).await;
    for secret in [PATH, KEY] {
        assert!(!answer.raw.contains(secret) && !client.log().contains(secret), "{}", answer.raw);
    }
    answer
}

/// Whether the signature of what was asked is right.
fn is_signed(asked: &Asked) -> bool {
    let mut mac = Hmac::<sha2::Sha256>::new_from_slice(KEY.as_bytes()).unwrap();
    mac.update(asked.header("x-deploy-ops-timestamp").as_bytes());
    mac.update(b".");
    mac.update(&asked.body);
    let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
    asked.header("x-deploy-ops-signature") == format!("v1={hex}")
}

#[tokio::test]
async fn a_receiver_that_fails_twice_gets_one_message_under_one_key() {
    let mut turn = 0;
    let server = StandIn::start(move |_| {
        turn += 1;
        match turn {
            1 => status(503, PATH),
            2 => Says::Closed,
            _ => accepted(),
        }
    })
    .await;
    let house = house(&server, "n8n", "signing_key = \"KEY\"").await;
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    let canary = &house.sandbox.canary;
    let message = format!("done \u{202e}\n<script> {canary}");
    let ask = json!({ "service": "forum", "operation": operation, "message": message });
    let told = tell(&client, ask.clone()).await;
    assert_eq!(told.get("/operation/state"), "succeeded", "{}", told.text);
    assert!(told.text.contains("Channel team took the message at attempt 3."), "{}", told.text);
    let asked = server.asked();
    assert_eq!(asked.len(), 3);
    let first = asked[0].json();
    for one in &asked {
        assert!(one.method == "POST" && one.path == format!("/{PATH}") && is_signed(one));
        assert_eq!((one.json(), one.header("idempotency-key")), (first.clone(), first["key"].as_str().unwrap()));
        assert_eq!(one.header("content-type"), "application/json");
        assert!(!String::from_utf8_lossy(&one.body).contains(canary.as_str()));
    }
    assert_eq!((&first["version"], &first["event"]), (&json!(1), &json!("succeeded")));
    assert_eq!(first["operation"]["id"], json!(operation));
    assert_eq!(first["operation"]["metrics"]["http_200_rate"], json!(1.0), "{first}");
    assert_eq!(first["note"], json!({ "text": "done  <script> [redacted]", "checked": false }));
    // The same again has the same key, other words have another.
    tell(&client, ask).await;
    tell(&client, json!({ "service": "forum", "operation": operation })).await;
    let keys: Vec<String> = server.asked().iter().map(|one| one.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys.len(), 5);
    assert!(keys[3] == keys[0] && keys[4] == format!("{operation}:succeeded"), "{keys:?}");
}

#[tokio::test]
async fn what_does_not_arrive_is_told_and_changes_nothing() {
    let server = StandIn::start(|_| not_registered()).await;
    let house = house(&server, "n8n", "").await;
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    let ask = json!({ "service": "forum", "operation": operation });
    let away = StandIn::start(|_| accepted()).await;
    let cases = [
        (not_registered(), 1, "no workflow listens there (HTTP 404)"),
        (status(401, ""), 1, "it refuses our credential (HTTP 401)"),
        (status(429, "").with("retry-after", "60"), 1, "it limits our calls for 60 s"),
        (status(302, "").with("location", &away.url()), 1, "a redirect, which is not followed"),
        (status(500, PATH), 3, "it answers HTTP 500"),
    ];
    for (says, attempts, words) in cases {
        let before = server.asked().len();
        server.say(move |_| says.clone());
        let told = tell(&client, ask.clone()).await;
        assert!(told.get("/operation/state") == "failed" && told.text.contains(words), "{words}: {}", told.text);
        // An idempotent step gets a second chance.
        assert_eq!(server.asked().len() - before, attempts * 2, "{words}");
    }
    assert!(away.asked().is_empty(), "it went elsewhere");
    let status = client.call("operation_status", json!({ "operation": operation })).await;
    assert_eq!(status.get("/detail/operation/state"), "succeeded", "{}", status.text);
    // An address that anybody can read along is not used, and not shown.
    for bad in ["http://n8n.example.org/webhook/canary-plain", "not an address canary-plain"] {
        secret(&house, "webhook", bad);
        let refused = tell(&client, ask.clone()).await;
        assert_eq!(refused.code(), "UNCONFIGURED", "{}", refused.text);
        assert!(!refused.raw.contains("canary-plain") && refused.text.contains("https"), "{}", refused.text);
    }
}

#[tokio::test]
async fn slack_gets_one_text_and_a_receiver_that_never_ends_is_left() {
    let server = StandIn::start(|_| Says::Endless).await;
    let house = house(&server, "slack", "").await;
    let client = house.server().await;
    let operation = deploy(&client, "shop", "v2025.01.13").await;
    let begun = Instant::now();
    let told = tell(&client, json!({ "service": "shop", "operation": operation, "message": "<!channel>" })).await;
    assert_eq!(told.get("/operation/state"), "succeeded", "{}", told.text);
    assert!(begun.elapsed().as_secs() < 30);
    let text = server.asked()[0].json()["text"].as_str().unwrap().to_owned();
    assert!(text.starts_with("shop v2025.01.13 in production: succeeded. Deployed; every check passed."), "{text}");
    assert!(text.ends_with("A note of the caller, unchecked: &lt;!channel&gt;"), "{text}");
    // What is asked wrongly is refused before anybody is told.
    let before = server.asked().len();
    for (arguments, code) in [
        (json!({ "service": "forum", "operation": operation }), "BAD_ARGUMENT"),
        (json!({ "service": "shop", "operation": operation, "channel": "teams" }), "UNKNOWN_NAME"),
        (json!({ "service": "shop", "operation": "op_01890a5d-ac96-774b-bcce-b302099a8057" }), "NOT_FOUND"),
        (json!({ "service": "shop", "operation": operation, "message": "x".repeat(501) }), "BAD_ARGUMENT"),
    ] {
        assert_eq!(tell(&client, arguments).await.code(), code);
    }
    assert_eq!(server.asked().len(), before);
}

/// The same house, whose environment tells the channel by itself.
fn tell_all(house: &House, on: &str) {
    house.configure(|text| {
        let notify = format!("[environments.production]\nnotify = [{{ channel = \"team\"{on} }}]");
        text.replace("[environments.production]", &notify)
    });
}

/// How channels were told of an operation, a sentence each.
async fn noticed(client: &Client, operation: &str) -> Vec<String> {
    let status = client.call("operation_status", json!({ "operation": operation })).await;
    assert!(!status.raw.contains(PATH) && !client.log().contains(PATH), "{}", status.raw);
    let sentences = status.structured["detail"]["channels"].as_array().cloned().unwrap_or_default();
    sentences.iter().map(|sentence| sentence.as_str().unwrap().to_owned()).collect()
}

/// The same, when nothing is owed any more.
async fn settled(client: &Client, operation: &str) -> Vec<String> {
    until_async(async || {
        let sentences = noticed(client, operation).await;
        sentences.iter().all(|sentence| !sentence.contains("not told yet")).then_some(sentences)
    })
    .await
}

#[tokio::test]
async fn an_environment_tells_each_event_once_by_itself() {
    let server = StandIn::start(|_| accepted()).await;
    let house = house(&server, "webhook", "signing_key = \"KEY\"").await;
    tell_all(&house, "");
    let client = house.server().await;
    let good = deploy(&client, "shop", "v2025.01.14").await;
    settled(&client, &good).await;
    let bad = deploy(&client, "shop", "v2025.01.15").await;
    let wanted = ["tell channel team: started: told", "tell channel team: rolled_back: told"];
    assert_eq!(settled(&client, &bad).await, wanted);
    let told: Vec<(String, String)> = server
        .asked()
        .iter()
        .map(|asked| (asked.header("idempotency-key").to_owned(), asked.json()["operation"]["state"].to_string()))
        .collect();
    let wanted = [
        (format!("{good}:started"), "\"running\""),
        (format!("{good}:succeeded"), "\"succeeded\""),
        (format!("{bad}:started"), "\"running\""),
        (format!("{bad}:rolled_back"), "\"rolled_back\""),
    ];
    assert_eq!(told, wanted.map(|(key, state)| (key, state.to_owned())).to_vec());
    let last = server.asked().pop().unwrap();
    assert!(is_signed(&last));
    let body = last.json();
    assert_eq!(body["operation"]["verdict"]["judgement"], "FAILED", "{body}");
    assert!(!body.to_string().contains(&house.sandbox.canary));
    // The step that failed stays the one that failed.
    let why = client.call("diagnose", json!({ "operation": bad })).await;
    assert!(why.text.contains("smoke checks"), "{}", why.text);
}

#[tokio::test]
async fn a_channel_that_is_down_holds_no_deployment_up_and_hears_of_it_later() {
    let server = StandIn::start(|_| status(503, PATH)).await;
    let house = house(&server, "n8n", "").await;
    tell_all(&house, "");
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    let ended = client.call("operation_status", json!({ "operation": operation })).await;
    assert_eq!(ended.get("/detail/operation/state"), "succeeded", "{}", ended.text);
    let [started, succeeded] = noticed(&client, &operation).await.try_into().unwrap();
    assert!(started.starts_with("tell channel team: started: not told yet"), "{started}");
    assert_eq!(succeeded, "tell channel team: succeeded: not told yet");
    until_async(async || noticed(&client, &operation).await[0].ends_with("it answers HTTP 503").then_some(())).await;
    let doctor = std::process::Command::new(crate::support::stage::program())
        .args(["doctor", "--config"])
        .arg(&house.sandbox.config)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&doctor.stdout).into_owned();
    let wanted = format!("! channels — operation {operation}: tell channel team: started: not told yet");
    assert!(said.contains(&wanted) && !said.contains(PATH), "{said}");
    // The server ends; the next one finds the channel well, and tells in the order in which it happened.
    drop(client);
    let before = server.asked().len();
    server.say(|_| accepted());
    let client = house.server().await;
    let told = settled(&client, &operation).await;
    assert_eq!(told, ["tell channel team: started: told", "tell channel team: succeeded: told"]);
    let keys: Vec<String> =
        server.asked()[before..].iter().map(|asked| asked.header("idempotency-key").to_owned()).collect();
    assert_eq!(keys, [format!("{operation}:started"), format!("{operation}:succeeded")]);
}

#[tokio::test]
async fn what_a_channel_refuses_is_given_up_and_said() {
    let server = StandIn::start(|_| not_registered()).await;
    let house = house(&server, "n8n", "").await;
    tell_all(&house, ", on = [\"succeeded\"]");
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    let wanted = "tell channel team: succeeded: given up: no workflow listens there (HTTP 404)";
    assert_eq!(settled(&client, &operation).await, [wanted]);
    assert_eq!(server.asked().len(), 1);
    let report = house.path("quality-reports");
    let mut report = std::fs::read_dir(report).unwrap().flatten().map(|file| file.path());
    let report = report.find(|path| path.extension().is_some_and(|extension| extension == "md")).unwrap();
    let verified = std::process::Command::new(crate::support::stage::program())
        .args(["report", "verify", "--config"])
        .arg(&house.sandbox.config)
        .arg(report)
        .output()
        .unwrap();
    assert!(verified.status.success(), "what is told later changes no report: {verified:?}");
}

#[tokio::test]
async fn without_a_channel_the_fix_is_named() {
    let house = House::staging().await;
    let client = house.server().await;
    let operation = deploy(&client, "shop", "v2025.01.13").await;
    let answer = client.call("notify_team", json!({ "service": "shop", "operation": operation })).await;
    assert!(answer.code() == "UNCONFIGURED" && answer.text.contains("[notify.<name>]"), "{}", answer.text);
}
