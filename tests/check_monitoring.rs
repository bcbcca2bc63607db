//! `check_monitoring`, with a real Alertmanager and stand-ins for what cannot be installed.

use std::os::unix::fs::PermissionsExt;

use axum::routing::get;
use serde_json::{Value, json};

use crate::support::{
    alertmanager::{self, Alertmanager, OF_GRAFANA},
    mcp::{Answer, Client, House},
    site::Authority,
    stand_in::{Asked, Says, StandIn, json as says_json, status},
    wait::until_async,
};

/// The credential of the monitors: whoever leaks it is seen.
const TOKEN: &str = "monitor-canary-3Xc8vB1nM6qW4eRt";

/// A house with these sections, where `MONITOR` is a secret.
async fn house(sections: &str) -> House {
    let house = House::staging().await;
    configure(&house, sections);
    house
}

fn configure(house: &House, sections: &str) {
    let secret = house.path("secrets/monitor");
    std::fs::write(&secret, TOKEN).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    house.configure(|text| {
        let text = text.replace("[secrets]", &format!("[secrets]\nMONITOR = \"file:{}\"", secret.display()));
        format!("{text}\n{sections}\n")
    });
}

fn monitor(name: &str, kind: &str, url: &str, more: &str) -> String {
    format!("[monitoring.{name}]\nkind = \"{kind}\"\nurl = \"{url}\"\n{more}\n")
}

async fn check(client: &Client, arguments: Value) -> Answer {
    let answer = client.call("check_monitoring", arguments).await;
    assert!(!answer.raw.contains(TOKEN) && !client.log().contains(TOKEN), "{}", answer.raw);
    assert!(!answer.raw.contains(alertmanager::CANARY), "{}", answer.raw);
    answer
}

#[tokio::test]
async fn what_fires_is_told_and_what_somebody_keeps_quiet_is_counted_apart() {
    let alerts = Alertmanager::start().await;
    let house = house(&monitor("alerts", "alertmanager", &alerts.origin(), "watchdog = \"Watchdog\"")).await;
    let client = house.server().await;
    // An empty list is no silence where nobody would send an alert.
    let nobody = check(&client, json!({})).await;
    assert_eq!(nobody.get("/outcome"), "INCONCLUSIVE", "{}", nobody.text);
    assert!(nobody.status().contains("its watchdog does not fire"), "{}", nobody.text);
    alerts.fire(&[("alertname", "Watchdog"), ("severity", "none")], "always").await;
    let silent = check(&client, json!({})).await;
    assert_eq!(silent.status(), "PASS: no alert fires in 1 monitor ✓");

    let canary = &house.sandbox.canary;
    let told = format!("5xx rate is high \u{202e}\u{1b}[31m password={canary} {}", "x".repeat(500));
    alerts.fire(&[("alertname", "Errors"), ("severity", "Critical"), ("service", "shop")], &told).await;
    alerts.fire(&[("alertname", "Slow"), ("severity", "warning"), ("service", "shop")], "p95 above 1 s").await;
    alerts.fire(&[("alertname", "Known"), ("severity", "critical"), ("service", "forum")], "planned").await;
    alerts.silence("Known").await;
    alerts.fire(&[("alertname", "HostDown"), ("severity", "warning"), ("host", "a")], "").await;
    alerts.fire(&[("alertname", "Down"), ("severity", "critical"), ("host", "a")], "").await;
    // Silences and inhibitions take a moment in the server.
    let bad = until_async(async || {
        let bad = check(&client, json!({})).await;
        (bad.structured["silenced"] == 1 && bad.structured["inhibited"] == 1).then_some(bad)
    })
    .await;
    assert_eq!((bad.get("/outcome"), &bad.structured["blocking"]), ("FAIL", &json!(1)), "{}", bad.text);
    assert_eq!((&bad.structured["firing"], &bad.structured["pending"]), (&json!(3), &json!(0)), "{}", bad.text);
    assert_eq!((bad.get("/alerts/0/service"), bad.get("/alerts/0/severity")), ("shop", "critical"));
    assert!(bad.get("/alerts/0/since").ends_with('Z'), "{}", bad.text);
    let text = bad.get("/alerts/0/untrusted_text");
    assert!(text.starts_with("Errors: 5xx rate is high ") && text.ends_with('…') && text.len() < 300, "{text}");
    assert!(!bad.raw.contains(canary) && text.contains("[redacted]") && !text.contains('\u{202e}'), "{text}");
    assert_eq!(bad.get("/next/0/arguments/service"), "shop", "{}", bad.text);
    // Of another service, and of another environment, is what its labels say so of.
    let forum = check(&client, json!({ "service": "forum", "environment": "production" })).await;
    assert_eq!((forum.get("/outcome"), &forum.structured["firing"]), ("PASS", &json!(1)), "{}", forum.text);
    // Many are counted, and the worst are told.
    for n in 0..30 {
        alerts.fire(&[("alertname", "Many"), ("severity", "info"), ("n", &n.to_string())], "").await;
    }
    let many = check(&client, json!({})).await;
    assert_eq!((many.structured["alerts"].as_array().unwrap().len(), &many.structured["not_shown"]), (20, &json!(15)));
    assert!(
        many.get("/alerts/0/untrusted_text").starts_with("Errors: ") && many.raw.len() < 12_000,
        "{}",
        many.raw.len()
    );
    let none = client.call("check_monitoring", json!({ "service": "shopp" })).await;
    assert!(none.code() == "UNKNOWN_NAME" && none.text.contains("shop"), "{}", none.text);

    drop(alerts);
    let gone = check(&client, json!({})).await;
    assert_eq!(gone.get("/outcome"), "INCONCLUSIVE", "{}", gone.text);
    assert!(gone.status().contains("alerts: it cannot be reached"), "{}", gone.text);
}

#[tokio::test]
async fn grafana_is_asked_with_the_token_and_its_own_alertmanager_answers() {
    let alerts = Alertmanager::below(OF_GRAFANA).await;
    let origin = alerts.origin();
    // What Grafana does in front of it.
    let answer = move |asked: &Asked, database: &str| match asked.path.as_str() {
        "/api/health" => says_json(&json!({ "database": database, "version": "12.1.0" })),
        _ if asked.header("authorization") != format!("Bearer {TOKEN}") => status(401, r#"{"message":"Unauthorized"}"#),
        _ => Says::Forward(origin.clone()),
    };
    let well = answer.clone();
    let grafana = StandIn::start(move |asked| well(asked, "ok")).await;
    let house = house(&monitor("dash", "grafana", &grafana.url(), "token = \"MONITOR\"\nblocks = [\"page\"]")).await;
    let client = house.server().await;
    alerts.fire(&[("alertname", "B"), ("severity", "critical")], "").await;
    let good = check(&client, json!({})).await;
    assert_eq!((good.get("/outcome"), &good.structured["firing"]), ("PASS", &json!(1)), "{}", good.text);
    let ill = answer.clone();
    grafana.say(move |asked| ill(asked, "failing"));
    let doubt = check(&client, json!({})).await;
    assert_eq!(doubt.get("/outcome"), "INCONCLUSIVE", "{}", doubt.text);
    alerts.fire(&[("alertname", "A"), ("severity", "page")], "").await;
    let bad = check(&client, json!({})).await;
    assert_eq!((bad.get("/outcome"), &bad.structured["blocking"]), ("FAIL", &json!(1)), "{}", bad.text);
    // Another token, which Grafana does not know.
    std::fs::write(house.path("secrets/monitor"), "monitor-canary-of-yesterday-9Zz").unwrap();
    let refused = check(&client, json!({})).await;
    assert_eq!(refused.get("/outcome"), "INCONCLUSIVE", "{}", refused.text);
    assert!(refused.status().contains("dash: it refuses our credential (HTTP 401)"), "{}", refused.text);
}

/// What an Alertmanager says that is well, with these alerts.
fn well(asked: &Asked, alerts: &Says) -> Says {
    match asked.path.as_str() {
        "/am/api/v2/alerts" => alerts.clone(),
        "/am/-/ready" => status(200, "OK"),
        "/am/api/v2/status" => says_json(&json!({ "cluster": { "status": "ready" }, "config": { "original": TOKEN } })),
        _ => status(404, ""),
    }
}

#[tokio::test]
async fn a_monitor_that_cannot_be_read_is_never_silent() {
    let server = StandIn::start(|asked| well(asked, &says_json(&json!([])))).await;
    let more = "user = \"ops\"\npassword = \"MONITOR\"\ntimeout_ms = 1000";
    let house = house(&monitor("am", "alertmanager", &format!("{}/am/", server.url()), more)).await;
    let client = house.server().await;
    assert_eq!(check(&client, json!({})).await.get("/outcome"), "PASS");
    let basic = server.asked()[0].header("authorization").to_owned();
    assert!(basic.starts_with("Basic "), "{basic}");
    let away = StandIn::start(|_| says_json(&json!([]))).await;
    let faults = [
        (Says::Hang, "it did not answer within 1000 ms"),
        (Says::Closed, "its answer ended early"),
        (Says::Cut(b"[{\"labels\":".to_vec()), "its answer ended early"),
        (Says::Endless, "its answer is larger than 8192 KiB"),
        (status(200, "<html>Sign in</html>"), "its answer cannot be read"),
        (status(200, r#"{"alerts":[]}"#), "its answer cannot be read"),
        (status(200, r#"[{"labels":{"alertname":7}}]"#), "its answer cannot be read"),
        (status(401, TOKEN), "it refuses our credential (HTTP 401)"),
        (status(403, ""), "it refuses our credential (HTTP 403)"),
        (status(404, ""), "it answers HTTP 404"),
        (status(429, "").with("retry-after", "7"), "it limits our calls for 7 s"),
        (status(502, ""), "it answers HTTP 502"),
        (status(302, "").with("location", &away.url()), "it answers with a redirect, which is not followed (HTTP 302)"),
    ];
    for (fault, wanted) in faults {
        server.say(move |asked| well(asked, &fault));
        let answer = check(&client, json!({})).await;
        assert_eq!(answer.get("/outcome"), "INCONCLUSIVE", "{wanted}: {}", answer.text);
        assert_eq!(answer.get("/doubts/0"), format!("am: {wanted}"), "{}", answer.text);
    }
    assert!(away.asked().is_empty(), "the password went elsewhere");
    for (path, said, wanted) in [
        ("/am/-/ready", status(503, ""), "it is not ready"),
        ("/am/-/ready", status(404, ""), "whether it is ready cannot be told: it answers HTTP 404"),
        ("/am/api/v2/status", says_json(&json!({ "cluster": { "status": "settling" } })), "its cluster is not settled"),
    ] {
        server.say(move |asked| if asked.path == path { said.clone() } else { well(asked, &says_json(&json!([]))) });
        let answer = check(&client, json!({})).await;
        assert_eq!((answer.get("/outcome"), answer.get("/doubts/0")), ("INCONCLUSIVE", &*format!("am: {wanted}")));
    }
}

#[tokio::test]
async fn a_monitor_that_stumbles_is_asked_again() {
    let mut turn = 0;
    let server = StandIn::start(move |asked| match asked.path.as_str() {
        "/am/api/v2/alerts" => {
            turn += 1;
            if turn < 3 { status(502, "") } else { says_json(&json!([])) }
        }
        _ => well(asked, &says_json(&json!([]))),
    })
    .await;
    let house = house(&monitor("am", "alertmanager", &format!("{}/am/", server.url()), "")).await;
    let client = house.server().await;
    let answer = check(&client, json!({})).await;
    assert_eq!(answer.status(), "PASS: no alert fires in 1 monitor ✓", "{}", answer.text);
    assert_eq!(server.asked().iter().filter(|asked| asked.path == "/am/api/v2/alerts").count(), 3);
}

#[tokio::test]
async fn the_rules_of_prometheus_speak_only_while_they_are_evaluated() {
    let rules = |rules: Value| json!({ "status": "success", "data": { "groups": [{ "name": "g", "rules": rules }] } });
    let rule = |health: &str, alerts: Value| {
        json!({
            "state": "inactive", "name": "Errors", "query": "rate(errors[5m]) > 1", "duration": 60, "health": health,
            "lastError": TOKEN, "alerts": alerts, "type": "alerting",
        })
    };
    let active = |state: &str| {
        json!({
            "labels": { "alertname": "Errors", "severity": "critical", "service": "shop" }, "state": state,
            "annotations": { "description": "many errors" }, "activeAt": "2026-01-15T09:30:00.123456789Z", "value": "2e+00",
        })
    };
    let server = StandIn::start(|_| status(500, "")).await;
    let house = house(&monitor("prom", "prometheus", &server.url(), "")).await;
    let client = house.server().await;
    let cases = [
        (rules(json!([rule("ok", json!([]))])), 200, "PASS", "no alert fires"),
        (rules(json!([rule("ok", json!([active("pending")]))])), 200, "PASS", "no alert fires"),
        (rules(json!([rule("ok", json!([active("firing")]))])), 200, "FAIL", "1 of 1 firing alerts block"),
        (rules(json!([])), 200, "INCONCLUSIVE", "it has no alerting rule"),
        (rules(json!([rule("err", json!([])), rule("ok", json!([]))])), 200, "INCONCLUSIVE", "1 of 2 rules are not"),
        (rules(json!([rule("unknown", json!([]))])), 200, "INCONCLUSIVE", "1 of 1 rules are not evaluated"),
        (rules(json!([rule("ok", json!([]))])), 503, "INCONCLUSIVE", "it is not ready"),
        (json!({ "status": "error", "errorType": "bad_data", "error": TOKEN }), 200, "INCONCLUSIVE", "cannot be read"),
        (
            json!({ "status": "success", "warnings": ["x"], "data": { "groups": [] } }),
            200,
            "INCONCLUSIVE",
            "not say all",
        ),
        (
            json!({ "status": "success", "data": { "groups": [{ "rules": [rule("ok", json!([]))] }], "groupNextToken": "x" } }),
            200,
            "INCONCLUSIVE",
            "not say all",
        ),
    ];
    for (said, ready, outcome, words) in cases {
        server.say(move |asked| if asked.path == "/-/ready" { status(ready, "") } else { says_json(&said) });
        let answer = check(&client, json!({})).await;
        assert!(answer.get("/outcome") == outcome && answer.status().contains(words), "{words}: {}", answer.text);
        if outcome == "FAIL" {
            assert_eq!(answer.get("/alerts/0/since"), "2026-01-15T09:30:00.123Z");
            assert_eq!(answer.get("/alerts/0/untrusted_text"), "Errors: many errors");
        }
    }
    let asked = server.asked();
    assert!(asked.iter().any(|asked| asked.path == "/api/v1/rules" && asked.query == "type=alert"));
}

#[tokio::test]
async fn what_uptime_kuma_shows_as_down_is_critical() {
    let now = || jiff::Timestamp::now().strftime("%Y-%m-%d %H:%M:%S.000").to_string();
    let page = json!({ "config": { "slug": "all" }, "publicGroupList": [{ "id": 1, "name": "Sites", "monitorList": [
        { "id": 3, "name": "Shop", "type": "http", "tags": [{ "name": "service", "value": "shop" }] },
        { "id": 4, "name": "Forum", "type": "http", "tags": [{ "name": "service", "value": "forum" }] },
    ] }] });
    let beat = |status: u8, time: &str| json!({ "status": status, "time": time, "msg": TOKEN, "ping": 12 });
    let beats = |shop: Value, forum: Value| json!({ "heartbeatList": { "3": shop, "4": forum }, "uptimeList": {} });
    let up = || json!([beat(1, &now())]);
    let server = StandIn::start(|_| status(404, "")).await;
    let house = house(&monitor("up", "uptime_kuma", &server.url(), "page = \"all\"")).await;
    let client = house.server().await;
    let down = json!([beat(1, "2026-01-15 09:00:00.000"), beat(0, "2026-01-15 09:01:00.000"), beat(0, &now())]);
    let cases = [
        (beats(up(), up()), "PASS", "no alert fires"),
        (beats(down, up()), "FAIL", "1 of 1 firing alerts block"),
        (beats(json!([beat(2, &now())]), up()), "PASS", "no alert fires"),
        (beats(json!([beat(3, &now())]), up()), "PASS", "Silenced or inhibited: 1"),
        (beats(json!([]), up()), "INCONCLUSIVE", "1 of 2 monitors were never asked"),
        (beats(json!([beat(1, "2026-01-15 09:00:00.000")]), json!([beat(1, "x")])), "INCONCLUSIVE", "is too old"),
        (json!({ "ok": false }), "INCONCLUSIVE", "its answer cannot be read"),
    ];
    for (said, outcome, words) in cases {
        let page = page.clone();
        server.say(move |asked| match asked.path.as_str() {
            "/api/status-page/all" => says_json(&page),
            "/api/status-page/heartbeat/all" => says_json(&said),
            _ => status(404, ""),
        });
        let answer = check(&client, json!({})).await;
        assert!(answer.get("/outcome") == outcome && answer.status().contains(words), "{words}: {}", answer.text);
        if outcome == "FAIL" {
            assert_eq!(
                (answer.get("/alerts/0/service"), answer.get("/alerts/0/since")),
                ("shop", "2026-01-15T09:01:00.000Z")
            );
        }
    }
}

#[tokio::test]
async fn a_deployment_succeeds_only_in_silence() {
    let alerts = Alertmanager::start().await;
    let house = house(&monitor("alerts", "alertmanager", &alerts.origin(), "")).await;
    house.configure(|text| {
        text.replace("tier = \"staging\"", "tier = \"staging\"\nmonitoring = [\"alerts\"]\nmonitoring_watch_s = 1")
    });
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    let good = client.execute("deploy_service", &plan).await;
    assert_eq!(good.get("/operation/state"), "succeeded", "{}", good.text);
    assert!(good.text.contains("no critical alert") && good.text.contains("No alert fires."), "{}", good.text);
    let plan = client.plan("forum", "v2025.01.14").await;
    let canary = &house.sandbox.canary;
    let labels =
        [("alertname", "Errors"), ("severity", "critical"), ("service", "forum"), ("environment", "production")];
    alerts.fire(&labels, &format!("key {canary}")).await;
    let bad = client.execute("deploy_service", &plan).await;
    assert_eq!(bad.get("/operation/state"), "rolled_back", "{}", bad.text);
    assert!(bad.text.contains("1 critical alert"), "{}", bad.text);
    assert!(!bad.raw.contains(canary) && !client.log().contains(canary));
    // A dry run says that it would happen again.
    let arguments = json!({ "service": "forum", "version": "v2025.01.15", "wait_s": 40 });
    let warned = client.call("deploy_service", arguments).await;
    assert!(warned.text.contains("1 critical alerts fire already"), "{}", warned.text);
    // What is about another service is none of its business.
    alerts.resolve(&labels).await;
    alerts.fire(&[("alertname", "Errors"), ("severity", "critical"), ("service", "shop")], "").await;
    let plan = client.plan("forum", "v2025.01.15").await;
    let other = client.execute("deploy_service", &plan).await;
    assert_eq!(other.get("/operation/state"), "succeeded", "{}", other.text);
}

#[tokio::test]
async fn without_a_monitor_the_fix_is_named() {
    let client = House::staging().await.server().await;
    let answer = client.call("check_monitoring", json!({})).await;
    assert!(answer.code() == "UNCONFIGURED" && answer.text.contains("[monitoring.<name>]"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_monitor_may_have_authorities_of_its_own() {
    let site = || {
        axum::Router::new()
            .route("/api/v2/alerts", get(|| async { "[]" }))
            .route("/api/v2/status", get(|| async { r#"{"cluster":{"status":"ready"}}"# }))
            .route("/-/ready", get(|| async { "" }))
    };
    let (ours, strange) = (Authority::new("Our authority"), Authority::new("Nobody's authority"));
    let valid = (-100, 100);
    let (good, bad) = (ours.serve(site(), "localhost", valid).await, strange.serve(site(), "localhost", valid).await);
    let house = House::staging().await;
    let ca = house.path("ca.pem");
    ours.write(&ca);
    let more = format!("token = \"MONITOR\"\nca = \"{}\"", ca.display());
    let url = |port: u16| format!("https://localhost:{port}/");
    configure(&house, &monitor("good", "alertmanager", &url(good), &more));
    let client = house.server().await;
    let silent = check(&client, json!({})).await;
    assert_eq!(silent.status(), "PASS: no alert fires in 1 monitor ✓", "{}", silent.text);
    drop(client);
    house.configure(|text| {
        let without = monitor("without", "alertmanager", &url(good), "token = \"MONITOR\"");
        format!("{text}\n{}{without}", monitor("strange", "alertmanager", &url(bad), &more))
    });
    let client = house.server().await;
    let doubted = check(&client, json!({})).await;
    assert_eq!(doubted.get("/outcome"), "INCONCLUSIVE", "{}", doubted.text);
    for name in ["strange", "without"] {
        let wanted = format!("{name}: its TLS certificate is signed by nobody whom this machine trusts");
        let doubts = doubted.structured["doubts"].as_array().unwrap();
        assert!(doubts.contains(&json!(wanted)), "{}", doubted.text);
    }
}
