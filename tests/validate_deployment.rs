//! Is what is deployed well? The verdict, and what to do next.

use serde_json::{Value, json};

use crate::support::mcp::{Answer, House};

/// The judgement of a criterion, with its reason.
fn criterion<'a>(answer: &'a Answer, name: &str) -> (&'a str, &'a str) {
    let criteria = answer.structured["operation"]["verdict"]["criteria"].as_array().unwrap();
    let found = criteria.iter().find(|criterion| criterion["name"] == name);
    found.map_or(("", ""), |one| (one["judgement"].as_str().unwrap(), one["reason"].as_str().unwrap()))
}

fn next(answer: &Answer) -> Vec<&str> {
    answer.structured["next"].as_array().into_iter().flatten().map(|call| call["tool"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn what_is_well_is_a_success_and_each_fault_names_itself_and_the_way_on() {
    let house = House::staging().await;
    let client = house.server().await;
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("shop", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    let before = house.digest();
    let shop = json!({ "services": ["shop"], "wait_s": 40 });
    let well = client.call("validate_deployment", shop.clone()).await;
    assert_eq!(
        well.status(),
        "SUCCESS: shop in production. Not configured: Lighthouse; end-to-end tests; monitoring. Good: http, databases ✓",
        "{}",
        well.text
    );
    assert_eq!(criterion(&well, "http"), ("SUCCESS", "2 of 2 checks passed, 0 failed"));
    assert_eq!(criterion(&well, "databases"), ("SUCCESS", "1 of 1 connections succeeded, 0 failed"));
    assert_eq!(criterion(&well, "e2e"), ("", ""), "what is not configured is not judged: {}", well.text);
    assert_eq!(well.structured["operation"]["metrics"]["http_200_rate"], json!(1.0));
    assert_eq!((well.blockers(), next(&well)), (vec![], vec![]));
    assert_eq!(house.digest(), before, "a look changes nothing");

    // The page is broken by hand: what is live is not what was deployed.
    let page = house.path("srv/shop/current/index.html");
    let good = std::fs::read(&page).unwrap();
    std::fs::remove_file(&page).unwrap();
    let broken = client.call("validate_deployment", shop.clone()).await;
    assert!(broken.status().starts_with("FAILED: shop in production."), "{}", broken.text);
    assert_eq!(criterion(&broken, "http").0, "FAILED", "{}", broken.text);
    assert_eq!(broken.blockers(), ["NOT_HEALTHY"], "{}", broken.text);
    assert_eq!(next(&broken), ["diagnose", "rollback"], "{}", broken.text);
    let back = &broken.structured["next"][1]["arguments"];
    assert_eq!(back["version"], "v2025.01.13", "{}", broken.text);
    assert_eq!(client.call("rollback", back.clone()).await.get("/operation/kind"), "dry_run");
    let rate = broken.structured["operation"]["metrics"]["http_200_rate"].as_f64().unwrap();
    assert!(rate < 1.0, "{rate}");
    std::fs::write(&page, good).unwrap();

    // A database that is not there, and one that is: each is its own.
    std::fs::rename(house.path("srv/forum.db"), house.path("srv/forum.away")).unwrap();
    let all = client.call("validate_deployment", json!({ "wait_s": 40 })).await;
    assert!(all.status().starts_with("FAILED: 3 services in production."), "{}", all.text);
    assert_eq!(criterion(&all, "databases"), ("FAILED", "1 of 2 connections succeeded, 1 failed"), "{}", all.text);
    assert!(next(&all).contains(&"inspect_db"), "{}", all.text);
    assert!(!all.raw.contains(&house.sandbox.canary) && !broken.raw.contains(&house.sandbox.canary));

    // Its report tells the same.
    let id = broken.get("/operation/id");
    let written = client.call("write_report", json!({ "operation": id, "wait_s": 40 })).await;
    assert_eq!(written.get("/operation/state"), "succeeded", "{}", written.text);
    let (_, path) = written.status().split_once("written: ").unwrap();
    let text = std::fs::read_to_string(path.split(" and ").next().unwrap()).unwrap();
    assert!(text.contains("## Verdict: FAILED") && text.contains("| http | FAILED |"), "{text}");
}

#[tokio::test]
async fn end_to_end_tests_decide_with_the_rest_and_nothing_to_look_at_is_no_success() {
    let house = House::staging().await;
    let report = |failed: usize| {
        let case = |name: usize| {
            let failure = if name < failed { "<failure message='no'/>" } else { "" };
            format!("<testcase classname='flows' name='t{name}'>{failure}</testcase>")
        };
        let cases: String = (0..10).map(case).collect();
        format!(
            "#!/bin/sh\ncat > report.xml <<'END'\n<testsuite tests='10' failures='{failed}'>{cases}</testsuite>\nEND\nexit {}\n",
            i32::from(failed > 0)
        )
    };
    house.commit(&[("e2e.sh", &report(1))], "v2025.01.16");
    house.configure(|text| {
        text + "\n[[services.shop.e2e]]\nname = \"flows\"\ncommand = [\"sh\", \"e2e.sh\"]\nreport = \"report.xml\"\n\
                format = \"junit\"\n"
    });
    let client = house.server().await;
    let seen = client.call("validate_deployment", json!({ "services": ["shop"], "wait_s": 40 })).await;
    let (judgement, reason) = criterion(&seen, "e2e");
    assert_eq!((judgement, reason), ("DEGRADED", "1 of 10 tests failed, 0 flaky"), "{}", seen.text);
    assert!(next(&seen).contains(&"run_e2e"), "{}", seen.text);

    // Nothing was ever deployed there, and nothing is configured to look at.
    house.add_script_service("mute", "deployment-scripts/deploy-games.sh", 30, "");
    let client = house.server().await;
    let mute = client.call("validate_deployment", json!({ "services": ["mute"], "wait_s": 40 })).await;
    assert!(mute.status().starts_with("INCONCLUSIVE: mute in production."), "{}", mute.text);
    assert!(
        mute.status().contains("smoke checks") && mute.status().contains("Nothing could be looked at."),
        "{}",
        mute.text
    );
    assert_eq!(mute.structured["operation"]["verdict"]["criteria"], Value::Array(vec![]));
}
