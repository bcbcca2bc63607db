//! Pages are measured by Lighthouse, with reports that it wrote. `validate_real.rs` has the real one.

use std::fs;

use serde_json::{Value, json};

use crate::support::{
    lighthouse::{self, report},
    mcp::{Answer, Client, House},
    pages::site_service,
};

/// A house whose service `site` has these pages, with a Lighthouse that answers with these reports.
async fn house(pages: &[(&str, &[Value])]) -> House {
    let house = House::staging().await;
    let text: String = pages.iter().map(|(page, _)| format!("{page} = {{ path = \"/{page}\" }}\n")).collect();
    site_service(&house, "http://127.0.0.1:9", &text);
    lighthouse::fake(&house.sandbox, pages, "budget = { lcp_ms = 2500 }");
    house
}

async fn measure(client: &Client, page: &str) -> Answer {
    client.call("run_lighthouse", json!({ "services": ["site"], "pages": [page], "wait_s": 40 })).await
}

fn summary(answer: &Answer) -> &str {
    answer.get("/evidence/0/summary")
}

#[tokio::test(flavor = "multi_thread")]
async fn the_median_counts_and_every_run_is_shown() {
    let canary = |house: &House| house.sandbox.canary.clone();
    let good = [report(json!(1)), report(json!(0.75)), report(json!(1))];
    let low = [report(json!(0.71)), report(json!(0.95)), report(json!(0.3))];
    let house = house(&[("good", &good), ("low", &low)]).await;
    // What a page says can hold a secret, and stands in titles and values.
    let mut told = low[0].clone();
    told["audits"]["charset"]["displayValue"] = json!(canary(&house));
    fs::write(house.path("fake/low.1.json"), told.to_string()).unwrap();
    let client = house.server().await;
    let good = measure(&client, "good").await;
    assert_eq!(
        good.status(),
        "PASS: Lighthouse of site: 1 of 1 pages are as good as they have to be ✓.",
        "{}",
        good.text
    );
    let wanted = "site good in production: performance 100 (100, 75, 100), accessibility 94 (94, 94, 94), \
                  best-practices 92 (92, 92, 92), seo 100 (100, 100, 100), LCP 669 ms, TBT 127 ms, CLS 0.000, report deploy-ops://lighthouse/";
    assert!(summary(&good).starts_with(wanted), "{}", summary(&good));
    assert_eq!(
        good.structured.pointer("/operation/metrics/lighthouse_scores/performance"),
        Some(&json!(100)),
        "{}",
        good.text
    );
    let low = measure(&client, "low").await;
    assert!(low.status().starts_with("DEGRADED: Lighthouse of site: 1 of 1 pages miss"), "{}", low.text);
    assert_eq!(low.blockers(), ["GATES_NOT_GREEN"]);
    assert!(low.text.contains("site low in production: performance 71 is below 90."), "{}", low.text);
    assert!(low.get("/untrusted_text").contains("Document does not have a main landmark."), "{}", low.text);
    // The report of the run in the middle can be read, without pictures and secrets.
    let address = summary(&low).split_once("report ").unwrap().1.trim_end_matches('.');
    let read = client.read(address).await;
    let kept: Value = serde_json::from_str(&read).unwrap();
    assert_eq!(kept["categories"]["performance"]["score"], 0.71);
    assert!(!read.contains("base64") && read.contains("[redacted]"), "{read}");
    assert!(![&good.raw, &low.raw, &read, &client.log()].iter().any(|text| text.contains(&canary(&house))));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_not_measured_is_never_a_pass() {
    let failed = |code: &str| {
        let mut report = report(Value::Null);
        report["runtimeError"] = json!({ "code": code, "message": "said by <b>nobody</b>" });
        report
    };
    let mut slow = report(json!(1));
    slow["audits"]["largest-contentful-paint"]["numericValue"] = json!(2600.4);
    let pages: [(&str, &[Value]); 6] = [
        ("interstitial", &[failed("CHROME_INTERSTITIAL_ERROR")]),
        ("second", &[report(json!(1)), report(Value::Null)]),
        ("nothing", &[]),
        ("liar", &[report(json!(1))]),
        ("cut", &[json!("{")]),
        ("slow", &[slow.clone(), slow.clone(), slow]),
    ];
    let house = house(&pages).await;
    fs::write(house.path("fake/interstitial.code"), "1").unwrap();
    fs::write(house.path("fake/liar.code"), "1").unwrap();
    let client = house.server().await;
    let answer = client.call("run_lighthouse", json!({ "services": ["site"], "wait_s": 40 })).await;
    let id = answer.get("/operation/id").to_owned();
    assert_eq!(client.ended(&id).await, "succeeded");
    let answer = client.call("operation_status", json!({ "operation": id })).await;
    let evidence = answer.structured["detail"]["evidence"].as_array().unwrap();
    let of = |page: &str| {
        let what = format!("lighthouse site {page} in production");
        let one = evidence.iter().find(|one| one["what"] == what.as_str()).unwrap_or_else(|| panic!("{}", answer.text));
        (one["outcome"].as_str().unwrap(), one["summary"].as_str().unwrap())
    };
    for (page, why) in [
        ("interstitial", "run 1 of 3 measured nothing: Lighthouse says CHROME_INTERSTITIAL_ERROR."),
        ("second", "run 2 of 3 measured nothing: it has no score for performance."),
        ("nothing", "run 1 of 3 measured nothing: Lighthouse wrote no report and ended by exit code 0."),
        ("liar", "run 1 of 3 measured nothing: Lighthouse ended by exit code 1."),
        ("cut", "run 1 of 3 measured nothing: its report cannot be read."),
    ] {
        let (outcome, summary) = of(page);
        assert!(outcome == "INCONCLUSIVE" && summary.ends_with(why), "{page}: {summary}");
    }
    assert_eq!(of("slow").0, "FAIL");
    assert!(answer.text.contains("LCP 2600 ms is above LCP 2500 ms"), "{}", answer.text);
    assert!(!answer.raw.contains("nobody"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn without_services_all_of_an_environment_are_measured_and_the_worst_comes_first() {
    let (good, low) = ([report(json!(1))], [report(json!(0.71))]);
    let house = House::staging().await;
    site_service(&house, "http://127.0.0.1:9", "front = { path = \"/front\" }\nnews = { path = \"/news\" }\n");
    lighthouse::fake(&house.sandbox, &[("front", &good), ("news", &low)], "runs = 1");
    let service = |name: &str, host: &str, reached: &str| {
        format!(
            "[services.{name}]\nrepository = \"{}\"\n[services.{name}.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
             [services.{name}.targets.edge]\nhost = \"{host}\"\nroot = \"{name}\"\n{reached}\n",
            house.path("repository").display()
        )
    };
    let edge = [
        "[environments.edge]\ntier = \"development\"\n[services.site.targets.edge]\nhost = \"here\"\nroot = \"edge\"\n\
         url = \"http://127.0.0.1:9\"\n"
            .to_owned(),
        // Nobody connects to it: a URL that answers only there is not looked at.
        format!(
            "[hosts.far]\nkind = \"ssh\"\naddress = \"127.0.0.1\"\nport = 9\nuser = \"web\"\nroot = \"/www\"\n\
             host_keys = [\"SHA256:{key}\"]\nagent_key = \"SHA256:{key}\"\nagent_socket = \"/nowhere\"\n",
            key = "A".repeat(43)
        ),
        service("batch", "here", ""),
        service("inner", "far", "url = \"http://127.0.0.1:9\"\nthrough_host = true"),
    ];
    house.configure(|text| text + &edge.concat());
    let client = house.server().await;
    let unclear = client.call("run_lighthouse", json!({ "wait_s": 40 })).await;
    assert!(unclear.code() == "BAD_ARGUMENT" && unclear.text.contains("environment as one of"), "{}", unclear.text);
    let answer = client.call("run_lighthouse", json!({ "environment": "edge", "wait_s": 40 })).await;
    assert_eq!(
        answer.status(),
        "DEGRADED: Lighthouse of inner, site: 1 of 3 pages miss their minimum, 1 could not be measured. \
         No page to measure: batch.",
        "{}",
        answer.text
    );
    let evidence = answer.structured["evidence"].as_array().unwrap();
    let seen: Vec<_> =
        evidence.iter().map(|one| (one["what"].as_str().unwrap(), one["outcome"].as_str().unwrap())).collect();
    assert_eq!(
        seen,
        [
            ("lighthouse site news in edge", "FAIL"),
            ("lighthouse inner url in edge", "INCONCLUSIVE"),
            ("lighthouse site front in edge", "PASS")
        ]
    );
    assert!(answer.text.contains("its URL answers only on its host"), "{}", answer.text);
    let front = json!({ "environment": "edge", "pages": ["front"], "wait_s": 40 });
    let front = client.call("run_lighthouse", front).await;
    assert!(
        front.status().contains("Lighthouse of site: ") && front.status().contains("batch, inner"),
        "{}",
        front.text
    );
    let none = json!({ "environment": "edge", "pages": ["back"], "wait_s": 40 });
    assert_eq!(client.call("run_lighthouse", none).await.code(), "BAD_ARGUMENT");
}

#[tokio::test(flavor = "multi_thread")]
async fn without_lighthouse_it_is_said_what_to_configure() {
    let house = House::staging().await;
    let client = house.server().await;
    let refused = client.call("run_lighthouse", json!({ "services": ["forum"], "wait_s": 40 })).await;
    assert_eq!(refused.code(), "UNSUPPORTED", "{}", refused.text);
    assert!(refused.get("/error/fix").contains("[lighthouse] command"), "{}", refused.text);
    assert_eq!(client.call("run_lighthouse", json!({ "services": ["form"] })).await.code(), "UNKNOWN_NAME");
}
