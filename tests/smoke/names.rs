//! Names: where they lead, and where they may; webhooks and aliases.

use axum::{
    Router,
    http::StatusCode,
    routing::{get, post},
};
use serde_json::json;

use super::{assert_found, check, service};
use crate::{
    mail,
    support::{
        dns::{Dns, Known},
        mcp::House,
        site::{Authority, serve},
    },
};

#[tokio::test(flavor = "multi_thread")]
async fn records_are_as_wanted_or_it_is_told_how_they_are() {
    let dns = Dns::start(&[
        ("www.example.org", Known::Cname("shop.example.org.")),
        ("shop.example.org", Known::A("192.0.2.1")),
        ("shop.example.org", Known::A("192.0.2.2")),
        ("example.org", Known::Mx("mail.example.org.")),
        ("empty.example.org", Known::Nothing),
        ("broken.example.org", Known::Broken),
        ("silent.example.org", Known::Silence),
    ])
    .await;
    let checks = [
        ("leads", "host = \"shop.example.org\"", "PASS", "shop.example.org leads to 192.0.2.1, 192.0.2.2."),
        (
            "exact",
            "host = \"shop.example.org\"\na = [\"192.0.2.2\", \"192.0.2.1\"]",
            "PASS",
            "A of shop.example.org as wanted.",
        ),
        (
            "changed",
            "host = \"shop.example.org\"\na = [\"192.0.2.1\"]",
            "FAIL",
            "shop.example.org: A is 192.0.2.1, 192.0.2.2, wanted 192.0.2.1.",
        ),
        (
            "no-aaaa",
            "host = \"shop.example.org\"\naaaa = [\"2001:db8::1\"]",
            "FAIL",
            "shop.example.org: there is no AAAA record.",
        ),
        (
            "cname",
            "host = \"www.example.org\"\ncname = \"shop.example.org.\"",
            "PASS",
            "CNAME of www.example.org as wanted.",
        ),
        ("mx", "host = \"example.org\"\nmx = [\"mx.example.org\"]", "FAIL", "example.org: MX is not mx.example.org."),
        ("unknown", "host = \"gone.example.org\"", "FAIL", "gone.example.org: its name does not exist."),
        ("empty", "host = \"empty.example.org\"", "FAIL", "empty.example.org: its name leads to no address."),
        (
            "broken",
            "host = \"broken.example.org\"\na = [\"192.0.2.1\"]",
            "INCONCLUSIVE",
            "broken.example.org: no DNS server says",
        ),
        (
            "silent",
            "host = \"silent.example.org\"\ntimeout_ms = 300",
            "INCONCLUSIVE",
            "No DNS server answered within 300 ms.",
        ),
    ];
    let house = House::staging().await;
    let keys: Vec<(&str, String)> =
        checks.iter().map(|(name, keys, ..)| (*name, format!("kind = \"dns\"\nattempts = 1\n{keys}"))).collect();
    let keys: Vec<(&str, &str)> = keys.iter().map(|(name, keys)| (*name, keys.as_str())).collect();
    let names = service(&house, "names", "", &keys);
    house.configure(|text| format!("{text}\n{}{names}", dns.toml()));
    let client = house.server().await;
    let answer = client.call("run_smoke", json!({ "services": ["names"], "all_checks": true })).await;
    let wanted: Vec<_> = checks.iter().map(|(name, _, outcome, found)| (*name, *outcome, *found)).collect();
    assert_found(&answer, "names", &wanted);
    assert_eq!(check(&answer, "names", "mx")["untrusted_text"], "MX: mail.example.org", "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn names_lead_to_private_addresses_only_where_the_inventory_says_so() {
    let site = || Router::new().route("/", get(|| async { "inside" }));
    let port = serve(site()).await;
    let dns = Dns::start(&[
        ("rebound.example.org", Known::A("127.0.0.1")),
        // One address that is public does not make the other one so.
        ("mixed.example.org", Known::A("1.1.1.1")),
        ("mixed.example.org", Known::A("10.0.0.5")),
        ("metadata.example.org", Known::A("169.254.169.254")),
    ])
    .await;
    let refused = |address: &str| {
        format!(
            "No answer: its name leads to {address}, which is not public, and private_network is not set in deploy-ops.toml."
        )
    };
    let cases = [
        ("refused", "rebound.example.org", "", "FAIL", refused("127.0.0.1")),
        ("allowed", "rebound.example.org", "private_network = true", "PASS", "HTTP 200 in ".to_owned()),
        ("mixed", "mixed.example.org", "", "FAIL", refused("10.0.0.5")),
        ("metadata", "metadata.example.org", "", "FAIL", refused("169.254.169.254")),
        ("gone", "gone.example.org", "", "FAIL", "No answer: its name does not exist.".to_owned()),
        ("itself", "127.0.0.1", "", "PASS", "HTTP 200 in ".to_owned()),
    ];
    let house = House::staging().await;
    let target = |name: &str, more: &str| format!("url = \"http://{name}:{port}/\"\n{more}");
    let services: String =
        cases.iter().map(|(one, name, more, ..)| service(&house, one, &target(name, more), &[])).collect();
    house.configure(|text| format!("{text}\n{}attempts = 1\n{services}", dns.toml()));
    let client = house.server().await;
    let names: Vec<&str> = cases.iter().map(|(one, ..)| *one).collect();
    let answer = client.call("run_smoke", json!({ "services": names, "all_checks": true })).await;
    for (one, _, _, outcome, found) in &cases {
        assert_found(&answer, one, &[("url", outcome, found)]);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn webhooks_are_reached_and_nothing_is_posted() {
    let posted = std::sync::Arc::new(std::sync::atomic::AtomicU32::new(0));
    let count = posted.clone();
    let hook = post(move || async move {
        count.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
    });
    let site = Router::new()
        .route("/webhook/secret-path-canary-8Yw3", hook)
        .route("/gone", get(|| async { StatusCode::GONE }));
    let (port, unknown) =
        (serve(site.clone()).await, Authority::new("unknown").serve(site, "127.0.0.1", (-1, 9)).await);
    let url = format!("http://127.0.0.1:{port}");
    let checks = [
        ("connect", "secret = \"HOOK\"".to_owned(), "PASS", "Reachable ✓; nothing was said to it."),
        ("head", "secret = \"HOOK\"\nask = \"head\"".to_owned(), "PASS", "Reachable ✓ (HTTP 405)."),
        ("options", format!("url = \"{url}/gone\"\nask = \"options\""), "PASS", "Reachable ✓ (HTTP 405)."),
        ("gone", format!("url = \"{url}/gone\"\nask = \"head\""), "FAIL", "HTTP 410: nothing is there."),
        ("nobody", "url = \"http://127.0.0.1:9/\"".to_owned(), "FAIL", "Not reached: nothing listens there."),
        (
            "strange",
            format!("url = \"https://127.0.0.1:{unknown}/\""),
            "FAIL",
            "Not reached: its TLS certificate is signed by nobody whom this machine trusts.",
        ),
    ];
    let secret = format!("{url}/webhook/secret-path-canary-8Yw3");
    let house = mail::house(&[("HOOK", &secret)], "").await;
    let keys: Vec<(&str, String)> =
        checks.iter().map(|(name, keys, ..)| (*name, format!("kind = \"webhook\"\nattempts = 1\n{keys}"))).collect();
    let keys: Vec<(&str, &str)> = keys.iter().map(|(name, keys)| (*name, keys.as_str())).collect();
    let hooks = service(&house, "hooks", "", &keys);
    house.configure(|text| format!("{text}\n{hooks}"));
    let client = house.server().await;
    let answer = client.call("run_smoke", json!({ "services": ["hooks"], "all_checks": true })).await;
    let wanted: Vec<_> = checks.iter().map(|(name, _, outcome, found)| (*name, *outcome, *found)).collect();
    assert_found(&answer, "hooks", &wanted);
    assert_eq!(posted.load(std::sync::atomic::Ordering::SeqCst), 0);
    assert!(!answer.raw.contains("secret-path") && !client.log().contains("secret-path"), "{}", answer.text);
}

#[tokio::test(flavor = "multi_thread")]
async fn the_domains_of_aliases_take_mail_or_not() {
    let dns = Dns::start(&[
        ("good.example.org", Known::Mx("mail.example.org.")),
        ("plain.example.org", Known::A("192.0.2.7")),
        ("null.example.org", Known::Mx(".")),
        ("broken.example.org", Known::Broken),
    ])
    .await;
    let mailbox = |name: &str, aliases: &str| {
        format!("[mailboxes.{name}]\naddress = \"{name}@example.org\"\naliases = [{aliases}]\n")
    };
    let mailboxes = [
        mailbox("both", "\"a@good.example.org\", \"b@plain.example.org\""),
        mailbox("null", "\"c@null.example.org\", \"d@good.example.org\""),
        mailbox("gone", "\"e@gone.example.org\""),
        mailbox("unsure", "\"f@broken.example.org\""),
    ];
    let house = mail::house(&[], &format!("{}attempts = 1\n{}", dns.toml(), mailboxes.concat())).await;
    let client = house.server().await;
    let answer = client.call("run_smoke", json!({ "mailboxes": ["both", "null", "gone", "unsure"] })).await;
    let all = answer.structured["mailboxes"].as_array().unwrap();
    for (name, outcome, found) in [
        ("both", "PASS", "alias domains take mail ✓ (2)."),
        ("null", "FAIL", "no mail is taken for the alias domain null.example.org."),
        ("gone", "FAIL", "no mail is taken for the alias domain gone.example.org."),
        ("unsure", "INCONCLUSIVE", "DNS does not say whether mail is taken for the alias domain broken.example.org."),
    ] {
        let one = all.iter().find(|one| one["check"] == name).unwrap();
        assert_eq!((one["outcome"].as_str(), one["found"].as_str()), (Some(outcome), Some(found)), "{}", answer.text);
    }
}
