//! End-to-end tests decide about deployments, after the smoke checks, through the front door.

use futures::future::join_all;
use serde_json::{Value, json};

use crate::support::{
    e2e::{fake, page},
    mcp::{Answer, Client, House},
    stage::program,
};

const DECIDES: &str = "after_deploy = true";

/// Dry run and execution, to a state in which nothing goes on by itself.
pub(crate) async fn deployed(client: &Client, service: &str, version: &str) -> Answer {
    let plan = client.plan(service, version).await;
    let done = client.execute("deploy_service", &plan).await;
    let operation = done.get("/operation/id");
    client.ended(operation).await;
    client.call("operation_status", json!({ "operation": operation, "journal": true })).await
}

/// State, judgement of the tests, its reason, and the share of tests that passed.
fn outcome(status: &Answer) -> (String, String, String, Option<f64>) {
    let operation = &status.structured["detail"]["operation"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let criteria = operation["verdict"]["criteria"].as_array().unwrap_or_else(|| panic!("{}", status.text));
    let e2e = criteria.iter().find(|criterion| criterion["name"] == "e2e").cloned().unwrap_or_default();
    let rate = operation["metrics"]["e2e_pass_rate"].as_f64();
    (text(&operation["state"]), text(&e2e["judgement"]), text(&e2e["reason"]), rate)
}

#[tokio::test]
async fn what_the_tests_say_decides_and_a_tenth_is_the_border() {
    let house = House::staging().await;
    let good = page("200 OK", "hello").await;
    let broken = page("500 Internal Server Error", "oh").await;
    house.commit_fake_suite("v3");
    let cases = [
        ("e0", "0", &good, ("succeeded", "SUCCESS", "0 of 100 tests failed, 0 flaky", Some(1.0))),
        ("e9", "9", &good, ("awaiting_decision", "DEGRADED", "9 of 100 tests failed, 0 flaky", Some(0.91))),
        ("e10", "10", &good, ("awaiting_decision", "DEGRADED", "10 of 100 tests failed, 0 flaky", Some(0.9))),
        ("e11", "11", &good, ("rolled_back", "FAILED", "11 of 100 tests failed, 0 flaky", Some(0.89))),
        ("flaky", "0 how=flaky", &good, ("succeeded", "SUCCESS", "0 of 100 tests failed, 5 flaky", Some(1.0))),
        ("none", "0 how=none", &good, ("awaiting_decision", "INCONCLUSIVE", "0 of 0 tests failed, 0 flaky", None)),
        ("cut", "50 how=cut", &good, ("awaiting_decision", "INCONCLUSIVE", "0 of 0 tests failed, 0 flaky", None)),
        (
            "stopped",
            "0 how=interrupted",
            &good,
            ("awaiting_decision", "INCONCLUSIVE", "1 of 100 tests failed, 0 flaky", Some(0.99)),
        ),
        ("down", "0", &broken, ("rolled_back", "", "", None)),
    ];
    for (name, arguments, url, _) in &cases {
        house.add_tested_service(name, url, &fake(arguments, DECIDES));
    }
    let client = house.server().await;
    let statuses = join_all(cases.iter().map(|(name, ..)| deployed(&client, name, "v3"))).await;
    for ((name, .., wanted), status) in cases.iter().zip(&statuses) {
        let (state, judgement, reason, rate) = outcome(status);
        assert_eq!((state.as_str(), judgement.as_str(), reason.as_str(), rate), *wanted, "{name}: {}", status.text);
    }
    let [.., down] = statuses.as_slice() else { panic!() };
    assert!(!down.raw.contains("check_e2e"), "what failed already was tested: {}", down.text);
    let report = std::fs::read_dir(house.path("quality-reports")).unwrap().flatten();
    let reports: Vec<String> = report.map(|entry| std::fs::read_to_string(entry.path()).unwrap()).collect();
    for line in ["| E2E pass rate | 89.0 % |", "| e2e | FAILED | 11 of 100 tests failed, 0 flaky |"] {
        assert!(reports.iter().any(|report| report.contains(line)), "no report says {line}");
    }
}

#[tokio::test]
async fn a_plan_is_bound_to_its_suites_and_the_guide_reads_what_they_left() {
    let house = House::staging().await;
    let url = page("200 OK", "hello").await;
    house.commit_fake_suite("v3");
    house.add_tested_service("cart", &url, &fake("20", DECIDES));
    let client = house.server().await;
    let plan = client.call("deploy_service", json!({ "service": "cart", "version": "v3", "wait_s": 40 })).await;
    let steps: Vec<&str> =
        plan.structured["plan"]["steps"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    assert_eq!(steps.last(), Some(&"end-to-end tests: ui"), "{}", plan.text);
    drop(client);
    house.configure(|text| text.replace("fake.py 20", "fake.py 21"));
    let client = house.server().await;
    let stale = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    let failed = deployed(&client, "cart", "v3").await;
    assert_eq!(failed.get("/detail/operation/state"), "rolled_back");
    assert_eq!(failed.structured["detail"]["suites"][0]["tests"].as_array().unwrap().len(), 5);
    for arguments in [json!({ "operation": failed.get("/detail/operation/id") }), json!({ "service": "cart" })] {
        let guide = client.call("diagnose", arguments).await;
        let findings = guide.structured["findings"].as_array().unwrap();
        let seen = |words: &str| findings.iter().find(|finding| finding["seen"].as_str().unwrap().contains(words));
        let symptom = seen("cart/ui: 21 of 100 tests failed").unwrap_or_else(|| panic!("{}", guide.text));
        assert!(symptom["untrusted_text"].as_str().unwrap().contains("strict mode violation"), "{}", guide.text);
        let cause = seen("A selector fits more than one element. 21 tests fail so.");
        assert_eq!(cause.unwrap_or_else(|| panic!("{}", guide.text))["call"], "run_e2e");
        let calls = guide.structured["next"].as_array().unwrap();
        assert!(calls.iter().any(|call| call["tool"] == "run_e2e" && call["arguments"]["test"].is_string()));
    }
}

#[tokio::test]
async fn a_cancelled_deployment_does_not_wait_for_its_tests() {
    let house = House::staging().await;
    let url = page("200 OK", "hello").await;
    house.commit_fake_suite("v3");
    house.add_tested_service("slow", &url, &fake("0 how=hangs", DECIDES));
    // Where the data directory lies deep, the tests' room is made among the temporary files.
    let (scratch, temporary) = (house.path("data/scratch"), house.path("t"));
    std::fs::create_dir(&temporary).unwrap();
    let mut command = tokio::process::Command::new(program());
    command.arg("serve").arg("--config").arg(&house.sandbox.config).env("TMPDIR", &temporary);
    let client = Client::start(command).await;
    let plan = client.plan("slow", "v3").await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let operation = begun.get("/operation/id");
    let marks = || {
        let rooms = [&scratch, &temporary].into_iter().filter_map(|place| std::fs::read_dir(place).ok()).flatten();
        rooms.flatten().map(|room| room.path()).find(|room| room.join("export/ran.log").exists())
    };
    let room = crate::support::wait::until(marks).await;
    client.call("cancel_operation", json!({ "operation": operation })).await;
    assert_eq!(client.ended(operation).await, "cancelled");
    assert!(marks().is_none(), "the room is left behind");
    let left = sleepers(&room.display().to_string());
    assert!(left.is_empty(), "{left:?} outlived their suite");
}

/// Processes in whose environment a text stands.
fn sleepers(text: &str) -> Vec<String> {
    let processes = std::fs::read_dir("/proc").unwrap().flatten();
    let named = processes.filter(|entry| {
        let environment = std::fs::read(entry.path().join("environ")).unwrap_or_default();
        environment.windows(text.len()).any(|part| part == text.as_bytes())
    });
    named.map(|entry| entry.path().display().to_string()).collect()
}
