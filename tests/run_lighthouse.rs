//! Pages are measured by Lighthouse: once by the real one, and otherwise with reports that it wrote.

use std::{fs, os::unix::fs::PermissionsExt, path::Path};

use serde_json::{Value, json};

use crate::support::{
    mcp::{Answer, Client, House},
    pages::{Site, site_service},
};

/// A browser that listens, as far as anybody asks, and ends when it is told to.
const BROWSER: &str = r#"#!/bin/sh
for word; do case $word in --user-data-dir=*) profile=${word#*=};; esac; done
mkdir -p "$profile" && printf '9222\n/devtools/browser/x' > "$profile/DevToolsActivePort"
head -c 1 <&3 >/dev/null
"#;
/// A Lighthouse that copies the report of the page and run, and ends with the code that stands beside it.
const LIGHTHOUSE: &str = r#"#!/bin/sh
case "$*" in *"--port=9222"*"--only-categories"*|*"--only-categories"*"--port=9222"*) ;; *) exit 64;; esac
here=$(dirname "$0")
for word; do case $word in --output-path=*) out=${word#*=};; http*) page=${word##*/};; esac; done
run=$(($(cat "$here/$page.runs" 2>/dev/null || echo 0) + 1)); echo $run > "$here/$page.runs"
echo "$page $run" >&2
cp "$here/$page.$run.json" "$out" 2>/dev/null || true
exit $(cat "$here/$page.code" 2>/dev/null || echo 0)
"#;

fn script(path: &Path, text: &str) {
    fs::write(path, text).unwrap();
    fs::set_permissions(path, PermissionsExt::from_mode(0o755)).unwrap();
}

/// The report of a good page with this score of its performance.
fn report(performance: Value) -> Value {
    let mut report: Value = serde_json::from_str(include_str!("fixtures/lighthouse.json")).unwrap();
    report["categories"]["performance"]["score"] = performance;
    report
}

/// A house whose service `site` has these pages, with a Lighthouse that answers with these reports.
async fn house(pages: &[(&str, &[Value])]) -> House {
    let house = House::staging().await;
    let directory = house.path("fake");
    fs::create_dir_all(&directory).unwrap();
    script(&directory.join("browser"), BROWSER);
    script(&directory.join("lighthouse"), LIGHTHOUSE);
    let mut text = String::new();
    for (page, reports) in pages {
        text.push_str(&format!("{page} = {{ path = \"/{page}\" }}\n"));
        for (index, report) in reports.iter().enumerate() {
            fs::write(directory.join(format!("{page}.{}.json", index + 1)), report.to_string()).unwrap();
        }
    }
    site_service(&house, "http://127.0.0.1:9", &text);
    let at = directory.display();
    house.configure(|text| {
        format!("{text}[browser]\nchromium = \"{at}/browser\"\n[lighthouse]\ncommand = [\"{at}/lighthouse\"]\nbudget = {{ lcp_ms = 2500 }}\n")
    });
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
async fn without_lighthouse_it_is_said_what_to_configure() {
    let house = House::staging().await;
    let client = house.server().await;
    let refused = client.call("run_lighthouse", json!({ "services": ["forum"], "wait_s": 40 })).await;
    assert_eq!(refused.code(), "UNSUPPORTED", "{}", refused.text);
    assert!(refused.get("/error/fix").contains("[lighthouse] command"), "{}", refused.text);
    assert_eq!(client.call("run_lighthouse", json!({ "services": ["form"] })).await.code(), "UNKNOWN_NAME");
}

/// The one run of the real one.
#[tokio::test(flavor = "multi_thread")]
async fn the_real_lighthouse_measures_a_page_and_reaches_nobody_else() {
    let (other, other_url) = Site::start(&[("/x.js", "")]).await;
    let page = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>\
         <meta name=description content='A page'><title>Site</title><main><h1>Hello</h1></main><script src='{other_url}/x.js'></script>"
    );
    let (site, url) = Site::start(&[("/", &page)]).await;
    let house = House::staging().await;
    site_service(&house, &url, "home = { path = \"/\" }\n");
    let tool =
        |name: &str| std::env::var(name).unwrap_or_else(|_| panic!("{name} is not set: run the tests with tests/run"));
    let (node, tools) = (tool("DEPLOY_OPS_TEST_NODE"), tool("DEPLOY_OPS_TEST_TOOLS"));
    house.configure(|text| {
        format!("{text}[lighthouse]\ncommand = [\"{node}\", \"{tools}/node_modules/lighthouse/cli/index.js\"]\nruns = 1\ntimeout_s = 300\n")
    });
    let client = house.server().await;
    let begun = client.call("run_lighthouse", json!({ "services": ["site"], "wait_s": 0 })).await;
    let id = begun.get("/operation/id").to_owned();
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(5);
    let answer = loop {
        let answer = client.call("operation_status", json!({ "operation": id, "wait_s": 30 })).await;
        if answer.get("/detail/operation/state") != "running" {
            break answer;
        }
        assert!(tokio::time::Instant::now() < end, "{}", answer.text);
    };
    let summary = answer.get("/detail/evidence/0/summary");
    assert!(summary.contains("accessibility 100 (100)") && summary.contains("LCP "), "{}", answer.text);
    assert!(site.asked().contains(&"/".to_owned()));
    assert_eq!(other.asked(), Vec::<String>::new());
    assert_eq!(fs::read_dir(house.path("data/scratch")).unwrap().count(), 0, "nothing is left of the browser");
}
