//! A deployment and its validation with real parts: Chromium, Lighthouse, an Alertmanager, and a page in which faults are planted.

use std::{os::unix::fs::PermissionsExt, time::Duration};

use serde_json::{Value, json};

use crate::support::{
    alertmanager::Alertmanager,
    e2e::DEPLOY,
    lighthouse,
    mcp::{Answer, Client, House},
    pages::Site,
};

/// The token of the search: whoever leaks it is seen.
const SEARCH: &str = "search-canary-5Nq8wZ2kTb7";

/// Where an operation stands when it has ended: the real Lighthouse takes its time.
async fn ended(client: &Client, operation: &str) -> Answer {
    let end = tokio::time::Instant::now() + Duration::from_mins(5);
    loop {
        let answer = client.call("operation_status", json!({ "operation": operation, "wait_s": 30 })).await;
        if answer.get("/detail/operation/state") != "running" {
            return answer;
        }
        assert!(tokio::time::Instant::now() < end, "{}", answer.text);
    }
}

/// The judgements by their criteria.
fn verdict(operation: &Value) -> Vec<(&str, &str)> {
    let criteria = operation["verdict"]["criteria"].as_array().unwrap();
    criteria.iter().map(|one| (one["name"].as_str().unwrap(), one["judgement"].as_str().unwrap())).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn each_planted_fault_has_its_verdict_and_its_next_call() {
    let (other, other_url) = Site::start(&[("/x.js", "")]).await;
    let good = format!(
        "<!doctype html><html lang=en><meta charset=utf-8><meta name=viewport content='width=device-width,initial-scale=1'>\
         <meta name=description content='A page'><title>Site</title><main><h1>Hello</h1></main><script src='{other_url}/x.js'></script>"
    );
    let (site, url) = Site::start(&[("/", &good)]).await;
    let alerts = Alertmanager::start().await;
    alerts.fire(&[("alertname", "Watchdog"), ("severity", "none")], "always").await;
    let house = House::staging().await;
    house.commit(&[("deploy.sh", DEPLOY)], "v3");
    std::fs::create_dir_all(house.path("srv/site")).unwrap();
    let (repository, monitor) = (house.path("repository").display().to_string(), alerts.origin());
    house.configure(|text| {
        format!(
            "{text}\n[services.site]\nrepository = \"{repository}\"\nlighthouse = {{ below = \"fail\" }}\n\
             pages = {{ home = {{ path = \"/\" }} }}\n\
             smoke = [{{ name = \"greets\", kind = \"http\", path = \"/\", contains = \"Hello\", attempts = 1 }}]\n\
             [services.site.deploy]\nkind = \"script\"\ndry_run_argument = \"--dry-run\"\n\
             script = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
             rollback = {{ path = \"deploy.sh\", arguments = [\"{{root}}\"] }}\n\
             [services.site.targets.production]\nhost = \"here\"\nroot = \"site\"\nurl = \"{url}\"\n\
             [monitoring.alerts]\nkind = \"alertmanager\"\nurl = \"{monitor}\"\nwatchdog = \"Watchdog\"\n\
             [search]\ntoken = \"SEARCH\"\napi = \"http://127.0.0.1:9/res/v1\"\n"
        )
        .replace("[secrets]\n", &format!("[secrets]\nSEARCH = \"file:{}\"\n", house.path("secrets/search").display()))
    });
    let secret = house.path("secrets/search");
    std::fs::write(&secret, SEARCH).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    lighthouse::real(&house, "minimum = { performance = 30, best-practices = 30, seo = 30, accessibility = 90 }");
    let client = house.server().await;

    // What is good is measured and goes live; the browser reaches nobody else.
    let plan = client.plan("site", "v3").await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let live = ended(&client, begun.get("/operation/id")).await;
    let operation = &live.structured["detail"]["operation"];
    assert_eq!(operation["state"], "succeeded", "{}", live.text);
    assert!(verdict(operation).contains(&("lighthouse", "SUCCESS")), "{}", live.text);
    assert_eq!(operation["metrics"]["lighthouse_scores"]["accessibility"], 100, "{}", live.text);
    assert!(live.text.contains("accessibility 100 (100)") && live.text.contains("LCP "), "{}", live.text);
    assert_eq!(other.asked(), Vec::<String>::new());
    assert_eq!(std::fs::read_dir(house.path("data/scratch")).unwrap().count(), 0, "nothing is left of the browser");

    // Somebody breaks it: another text, nothing for those who cannot see, and an alert.
    let canary = &house.sandbox.canary;
    site.set(
        "/",
        &format!(
            "<!doctype html><html><body><img src='/a.png'><input><a href='/x'></a><p style='color:#eee'>pale</p>\
             <pre>\nPHP Fatal error:  Uncaught PDOException: SQLSTATE[HY000] [1045] Access denied for user 'd0123'@'10.0.0.5' {canary}\n</pre>"
        ),
    );
    alerts.fire(&[("alertname", "Errors"), ("severity", "critical"), ("service", "site")], "5xx rate is high").await;
    let begun = client.call("validate_deployment", json!({ "services": ["site"], "wait_s": 0 })).await;
    let id = begun.get("/operation/id").to_owned();
    let broken = ended(&client, &id).await;
    let operation = &broken.structured["detail"]["operation"];
    assert_eq!(
        verdict(operation),
        [("http", "FAILED"), ("lighthouse", "DEGRADED"), ("monitoring", "FAILED")],
        "{}",
        broken.text
    );
    assert_eq!(operation["metrics"]["failures"], 2, "{}", broken.text);
    let blockers = operation["blockers"].as_array().unwrap();
    let next = |word: &str| -> Vec<&Value> {
        let of = blockers.iter().filter(|one| one["message"].as_str().unwrap().contains(word));
        of.flat_map(|one| one["next"].as_array().unwrap()).collect()
    };
    let tools = |word: &str| next(word).into_iter().map(|call| call["tool"].as_str().unwrap()).collect::<Vec<_>>();
    assert_eq!(tools("greets"), ["diagnose", "search_web"], "{}", broken.text);
    let query = "PHP Fatal error Uncaught PDOException SQLSTATE HY000 1045 Access denied for user";
    assert_eq!(next("greets")[1]["arguments"]["query"], query, "{}", broken.text);
    assert_eq!(tools("accessibility"), ["run_lighthouse"], "{}", broken.text);
    assert_eq!(tools("alert"), ["check_monitoring"], "{}", broken.text);
    assert!(!broken.raw.contains(canary) && !broken.raw.contains(SEARCH) && !client.log().contains(canary));
}
