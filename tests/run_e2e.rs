//! Suites of end-to-end tests through the front door. The suite's side is a script that reports what it is told to; a real pytest
//! project is at the end, a real browser in `e2e_playwright`.

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::{Value, json};

use crate::support::{
    e2e::{fake, given, page},
    mcp::{Answer, Client, House},
};

async fn run(client: &Client, mut arguments: Value) -> Answer {
    arguments["wait_s"] = 40.into();
    let answer = client.call("run_e2e", arguments).await;
    assert!(!answer.is_error, "{}", answer.text);
    assert_eq!(answer.get("/operation/state"), "succeeded", "{}", answer.text);
    answer
}

fn suites(answer: &Answer) -> &Vec<Value> {
    answer.structured["suites"].as_array().unwrap_or_else(|| panic!("{}", answer.text))
}

#[tokio::test]
async fn what_is_no_proof_is_inconclusive_and_says_why() {
    let house = House::staging().await;
    let url = page("200 OK", "hello").await;
    house.commit_fake_suite("v3");
    let cases = [
        ("none", "0 how=none", "", "no test ran; 0 were left out"),
        ("cut", "50 how=cut", "", "its report cannot be believed: it is not a Playwright report, or it was cut"),
        ("stopped", "50 how=interrupted", "", "its report cannot be believed: a test was interrupted"),
        ("early", "1 how=early", "", "89 tests did not run; 1 of 11 failed"),
        ("lies", "3 how=lies", "", "it ended with exit code 0 and reports 3 failed tests"),
        ("silent", "0 how=silent", "", "its report cannot be believed: there is none at report.json"),
        ("unready", "0", "prepare = \"sh -c 'echo why; exit 7'\"", "it could not be prepared (exit code 7)"),
        ("secret", "0", "secrets = [\"FORUM_DB_PASSWORD\"]", "it gets secrets, and those only from a commit that is"),
    ];
    for (name, arguments, more, _) in cases {
        house.add_tested_service(name, &url, &fake(arguments, more));
    }
    let suite = fake("0", "").replace("python3 fake.py", "no-such-program");
    house.add_tested_service("absent", &url, &suite);
    let suite = fake("0 how=hangs", "").replace("timeout_s = 60", "timeout_s = 1");
    house.add_tested_service("hangs", &url, &suite);
    house.add_tested_service("away", &silent_page().await, &fake("0", ""));
    let client = house.server().await;
    let cases = cases.map(|(name, .., why)| (name, why)).into_iter().chain([
        ("absent", "a program that it needs cannot be started (exit code 127)"),
        ("hangs", "it did not end within 1 s"),
        ("away", "BASE_URL does not answer: the answer is not HTTP, or ended early"),
    ]);
    for (name, why) in cases {
        let answer = run(&client, json!({ "services": [name] })).await;
        assert!(answer.status().starts_with("INCONCLUSIVE: tests of"), "{name}: {}", answer.text);
        assert!(answer.status().contains(&format!("{name}/ui: {why}")), "{name}: {}", answer.text);
        assert_eq!(answer.get("/evidence/0/outcome"), "INCONCLUSIVE");
    }
    let silent = run(&client, json!({ "services": ["silent"] })).await;
    assert_eq!(silent.get("/suites/0/untrusted_text"), "as the report says\n");
    let unready = run(&client, json!({ "services": ["unready"] })).await;
    assert_eq!(unready.get("/suites/0/untrusted_text"), "why\n");
}

/// A place that ends every connection.
async fn silent_page() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move { while listener.accept().await.is_ok() {} });
    url
}

#[tokio::test]
async fn flows_and_single_tests_are_names_and_never_arguments() {
    let house = House::staging().await;
    let url = page("503 Service Unavailable", "tested all the same").await;
    house.commit_fake_suite("v3");
    let flows = "flows = { login = \"--grep @login\", donation = [\"--grep\", \"@donate now\"] }";
    house.add_tested_service("cart", &url, &fake("3", flows));
    house.add_tested_service("plain", &url, &fake("0", ""));
    let client = house.server().await;
    let unknown = client.call("run_e2e", json!({ "flows": ["logn"] })).await;
    assert_eq!((unknown.code(), unknown.text.contains("login")), ("UNKNOWN_NAME", true), "{}", unknown.text);
    for (arguments, code) in [
        (json!({ "test": "--grep" }), "BAD_ARGUMENT"),
        (json!({ "test": "test_0123456789ab" }), "NOT_FOUND"),
        (json!({ "services": ["forum"] }), "BAD_ARGUMENT"),
        (json!({ "services": ["plain"], "flows": ["login"] }), "UNKNOWN_NAME"),
    ] {
        assert_eq!(client.call("run_e2e", arguments.clone()).await.code(), code, "{arguments}");
    }
    let answer = run(&client, json!({ "flows": ["login", "donation"] })).await;
    assert!(
        answer.status().starts_with("DEGRADED: tests of cart in production, end to end: 6 of 200 tests failed"),
        "{}",
        answer.text
    );
    assert!(answer.status().contains("what is checked out"), "{}", answer.text);
    let argv = |suite: &Value| {
        let text = suite["tests"][0]["untrusted_text"].as_str().unwrap();
        let told: Value = serde_json::from_str(text.split("violation: ").nth(1).unwrap()).unwrap();
        assert_eq!(told["url"], url);
        assert_eq!(told["secrets"], json!([null, null]), "nobody gave it secrets");
        (told["argv"].clone(), told["debug"].clone())
    };
    let [login, donation] = suites(&answer).as_slice() else { panic!("{}", answer.text) };
    assert_eq!((login["flow"].as_str(), donation["flow"].as_str()), (Some("login"), Some("donation")));
    assert_eq!(argv(login), (json!(["--grep", "@login"]), Value::Null));
    assert_eq!(argv(donation), (json!(["--grep", "@donate now"]), Value::Null));
    let test = &login["tests"][0];
    assert_eq!((test["status"].as_str(), test["duration_ms"].as_u64()), (Some("failed"), Some(7)));
    assert!(test["hints"][0].as_str().unwrap().starts_with("A selector fits more than one element."));
    let next = &answer.structured["next"][0];
    assert_eq!((&next["tool"], &next["arguments"]["test"]), (&json!("run_e2e"), &test["test"]));
    let whole = client.read(login["resource"].as_str().unwrap()).await;
    let whole: Value = serde_json::from_str(&whole).unwrap();
    assert_eq!(whole["tests"].as_array().unwrap().len(), 100, "every test is in the resource");
    let again = run(&client, json!({ "services": ["cart"], "test": test["test"] })).await;
    let alone = &suites(&again)[0];
    let summary = again.get("/evidence/0/summary");
    assert!(summary.contains("; no video: it is not known where Playwright is installed"), "{}", again.text);
    let wanted = json!(["cart\\.spec\\.ts:1", "--project=chromium", "--trace=on", "--retries=0", "--workers=1"]);
    assert_eq!(argv(alone), (wanted, json!("1")));
    assert_eq!(alone["tests"][0]["test"], test["test"], "it is the same test");
}

#[tokio::test]
async fn secrets_go_to_the_suite_of_what_is_deployed_and_come_back_to_nobody() {
    let house = House::staging().await;
    let url = page("200 OK", "hello").await;
    house.commit_fake_suite("v3");
    house.add_tested_service("cart", &url, &fake("1", "secrets = [\"FORUM_DB_PASSWORD\"]"));
    let client = house.server().await;
    let plan = client.plan("cart", "v3").await;
    assert_eq!(client.execute("deploy_service", &plan).await.get("/operation/state"), "succeeded");
    let answer = run(&client, json!({ "services": ["cart"] })).await;
    let text = answer.get("/suites/0/tests/0/untrusted_text");
    assert!(text.contains("\"secrets\": [\"[redacted]\", null]"), "{text}");
    let resource = answer.get("/suites/0/resource").to_owned();
    let whole = client.read(&resource).await;
    let kept: String = walk(&house.path("data/e2e"));
    assert!(kept.contains("strict mode violation"));
    for place in [&answer.raw, &whole, &kept, &client.log()] {
        assert!(!place.contains(&house.sandbox.canary), "the secret came out");
    }
    // What somebody wrote into the record later is not what was seen.
    let record = house.path("data").join(resource.replace("deploy-ops://", "")).join("run.json");
    let edited = std::fs::read_to_string(&record).unwrap().replace("\"unexpected\"", "\"expected\"") + " ";
    std::fs::write(&record, edited).unwrap();
    assert!(client.try_read(&resource).await.is_err());
}

#[tokio::test]
async fn a_video_is_shown_unless_a_secret_is_written_in_it_or_nothing_may_be_shown() {
    let house = House::staging().await;
    let url = page("200 OK", "hello").await;
    house.commit_fake_suite("v3");
    house.commit(&[("film.txt", &house.sandbox.canary)], "v4");
    house.add_tested_service("open", &url, &fake("2 how=films", ""));
    house.add_tested_service("closed", &url, &fake("2 how=films", "pictures = false"));
    let client = house.server().await;
    let answer = run(&client, json!({ "services": ["open"] })).await;
    let tests = suites(&answer)[0]["tests"].as_array().unwrap().clone();
    let [told, clean] = tests.as_slice() else { panic!("{}", answer.text) };
    assert!(told["video"].is_null() && told["operator_files"].as_array().unwrap().len() == 1, "{}", answer.text);
    let film = client.read(clean["video"].as_str().unwrap()).await;
    assert!(clean["operator_files"].is_null() && BASE64_STANDARD.decode(film).unwrap().starts_with(b"\x1aE\xdf\xa3"));
    let hidden = told["operator_files"][0].as_str().unwrap();
    assert!(client.try_read(&format!("deploy-ops://{hidden}")).await.is_err(), "it is for the operator alone");
    let answer = run(&client, json!({ "services": ["closed"] })).await;
    assert!(suites(&answer)[0]["tests"][1]["video"].is_null(), "{}", answer.text);
}

/// The text of every file below a directory.
fn walk(directory: &std::path::Path) -> String {
    let mut found = std::collections::BTreeMap::new();
    crate::support::mcp::collect(directory, &mut found);
    found.into_values().map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).collect()
}

#[tokio::test]
async fn a_real_pytest_suite_is_told_test_by_test() {
    let house = House::staging().await;
    let url = page("200 OK", "Welcome").await;
    let python = given("DEPLOY_OPS_TEST_TOOLS").join("python/bin");
    let tests = "import os, urllib.request, pytest\n\n\
        def text():\n    return urllib.request.urlopen(os.environ['BASE_URL']).read().decode()\n\n\
        def test_greets():\n    assert 'Welcome' in text()\n\n\
        def test_login():\n    assert 'Sign <in> & up' in text()\n\n\
        @pytest.mark.skip\ndef test_later():\n    pass\n";
    house.commit(&[("test_site.py", tests)], "v3");
    let suite = format!(
        "command = \"python3 -m pytest -q -p no:cacheprovider --junit-xml=report.xml\"\npath = [{:?}]\n\
         report = \"report.xml\"\nformat = \"junit\"\nflows = {{ greeting = \"-k greets\" }}",
        python.display().to_string()
    );
    house.add_tested_service("site", &url, &suite);
    let client = house.server().await;
    let answer = run(&client, json!({ "services": ["site"] })).await;
    let wanted = "FAIL: tests of site in production, end to end: 1 of 2 tests failed, 0 flaky.";
    assert!(answer.status().starts_with(wanted), "{}", answer.text);
    assert!(answer.get("/evidence/0/summary").contains("1 of 2 tests failed, 1 left out"), "{}", answer.text);
    let test = &suites(&answer)[0]["tests"][0];
    let text = test["untrusted_text"].as_str().unwrap();
    assert!(text.starts_with("test_site › test_login\n") && text.contains("'Sign <in> & up'"), "{text}");
    assert_eq!(test["runs_alone"], false);
    let alone = client.call("run_e2e", json!({ "services": ["site"], "test": test["test"] })).await;
    assert_eq!(alone.code(), "UNSUPPORTED", "{}", alone.text);
    let flow = run(&client, json!({ "flows": ["greeting"] })).await;
    assert!(
        flow.status().starts_with("PASS: tests of site in production, end to end: 0 of 1 tests failed"),
        "{}",
        flow.text
    );
    assert!(flow.status().starts_with(flow.get("/operation/summary")), "{}", flow.text);
}
