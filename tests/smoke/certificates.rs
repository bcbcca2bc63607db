//! Certificates: what is wrong with them, and how long they are good.

use axum::{Router, routing::get};
use serde_json::json;

use super::{assert_found, check, service};
use crate::support::{
    dns::{Dns, Known},
    mcp::House,
    site::{Authority, serve, serve_self_signed},
};

#[tokio::test(flavor = "multi_thread")]
async fn what_is_wrong_with_a_certificate_is_told_apart_and_its_end_is_told_before() {
    let site = || Router::new().route("/", get(|| async { "hello" }));
    let (ours, strange) = (Authority::new("Our authority"), Authority::new("Nobody's authority"));
    let name = "shop.example.org";
    let valid = (-100, 100);
    let places = [
        ("good", ours.serve(site(), name, valid).await),
        ("soon", ours.serve(site(), name, (-80, 10)).await),
        ("almost", ours.serve(site(), name, (-80, 1)).await),
        ("below", ours.serve_below(site(), name, valid, (-80, 2)).await),
        ("expired", ours.serve(site(), name, (-80, -10)).await),
        ("early", ours.serve(site(), name, (10, 80)).await),
        ("other", ours.serve(site(), "crm.example.org", valid).await),
        ("strange", strange.serve(site(), name, valid).await),
        ("itself", serve_self_signed(site(), name).await),
        ("clear", serve(site()).await),
    ];
    let dns = Dns::start(&[(name, Known::A("127.0.0.1"))]).await;
    let house = House::staging().await;
    let ca = house.path("ca.pem");
    ours.write(&ca);
    let target =
        |port: u16| format!("url = \"https://{name}:{port}/\"\nprivate_network = true\nca = \"{}\"", ca.display());
    let services: String = places.iter().map(|(place, port)| service(&house, place, &target(*port), &[])).collect();
    house.configure(|text| format!("{text}\n{}attempts = 1\n{services}", dns.toml()));
    let client = house.server().await;
    let names: Vec<&str> = places.iter().map(|(place, _)| *place).collect();
    let answer = client.call("run_smoke", json!({ "services": names, "all_checks": true })).await;
    for (place, outcome, found) in [
        ("good", "PASS", "HTTP 200 in "),
        ("soon", "PASS", "HTTP 200 in "),
        ("almost", "FAIL", "HTTP 200, but its TLS certificate ends in 1 days."),
        ("below", "FAIL", "HTTP 200, but its TLS certificate ends in 2 days."),
        ("expired", "FAIL", "No answer: its TLS certificate has expired at 20"),
        ("early", "FAIL", "No answer: its TLS certificate is not valid yet."),
        ("other", "FAIL", "No answer: its TLS certificate is not for the name in the URL."),
        ("strange", "FAIL", "No answer: its TLS certificate is signed by nobody whom this machine trusts."),
        (
            "itself",
            "FAIL",
            "No answer: its TLS certificate is signed by itself and by nobody whom this machine trusts.",
        ),
        ("clear", "FAIL", "No answer: the connection failed: nothing listens there, or it does not speak TLS."),
    ] {
        assert_found(&answer, place, &[("url", outcome, found)]);
    }
    assert!(check(&answer, "good", "url")["found"].as_str().unwrap().ends_with("certificate valid for 100 days."));
    assert_eq!(check(&answer, "good", "url").get("warning"), None, "{}", answer.text);
    assert_eq!(check(&answer, "soon", "url")["warning"], "its TLS certificate ends in 10 days", "{}", answer.text);
    assert_eq!(answer.structured["warnings"], 1, "{}", answer.text);
    for (place, issuer) in
        [("soon", "CN=Our authority"), ("expired", "CN=Our authority"), ("strange", "CN=Nobody's authority")]
    {
        let line = check(&answer, place, "url")["untrusted_text"].as_str().unwrap();
        assert!(line.starts_with("certificate: until 20") && line.contains(issuer), "{place}: {line}");
    }
    // What will fail before long is shown without being asked for, and does not fail.
    let warned = client.call("run_smoke", json!({ "services": ["good", "soon"] })).await;
    assert_eq!(warned.status(), "PASS: 2 services answer, 2 of 2 checks ✓; 1 with a warning", "{}", warned.text);
    assert_found(&warned, "soon", &[("url", "PASS", "HTTP 200 in ")]);
    assert_eq!(warned.get("/services/0/service"), "soon", "{}", warned.text);
}
