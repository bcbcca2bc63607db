//! Pages: status, redirects, headers, text, time, attempts, and what hostile ones may not bring out.

use std::sync::{
    Arc,
    atomic::{AtomicU32, Ordering::SeqCst},
};

use axum::{
    Router,
    http::{HeaderMap, HeaderValue, StatusCode},
    response::Redirect,
    routing::get,
};
use serde_json::json;

use super::{assert_found, check, service};
use crate::support::{mcp::House, site::serve};

/// What stands where nothing says that it is a secret: cookies, headers of the service's own, addresses.
const CANARY: &str = "canary7Xq2mVt9Lw4Zs8Rb";

fn site() -> Router {
    let to = |place: &'static str| get(move || async move { Redirect::temporary(place) });
    let flaky = Arc::new(AtomicU32::new(0));
    let header =
        |name: &'static str, value: &str| (name.parse().unwrap(), HeaderValue::from_bytes(value.as_bytes()).unwrap());
    let hardened: HeaderMap =
        [header("strict-transport-security", "Max-Age=63072000"), header("x-powered-by", "PHP/8.3")]
            .into_iter()
            .collect();
    let hostile: HeaderMap = [
        header("server", "nginx \u{a0}\u{ad}"),
        header("set-cookie", &format!("session={CANARY}")),
        header("x-internal", CANARY),
        header("vary", &"long ".repeat(5000)),
        header("location", &format!("https://other.example.org/callback?code={CANARY}")),
    ]
    .into_iter()
    .collect();
    let page = format!(
        "\u{1b}[2Jfatal error\u{7} in mail.php, password={CANARY} \u{202e}hidden\n\
         Authorization: Bearer {CANARY}\nhttps://user:{CANARY}@db.example.org/\n{}",
        "x".repeat(3 << 20)
    );
    Router::new()
        .route("/", get(|| async { "welcome home" }))
        .route(
            "/hostile",
            get(move || async move { (StatusCode::INTERNAL_SERVER_ERROR, hostile.clone(), page.clone()) }),
        )
        .route("/slow", get(|| async { std::future::pending::<&str>().await }))
        .route("/late", get(|| async { tokio::time::sleep(std::time::Duration::from_millis(20)).await }))
        .route("/loop-a", to("/loop-b"))
        .route("/loop-b", to("/loop-a"))
        .route("/1", to("/2"))
        .route("/2", to("/3"))
        .route("/3", to("/"))
        .route("/away", to("http://127.0.0.2:1/admin?token=canary7Xq2mVt9Lw4Zs8Rb"))
        .route("/metadata", to("http://169.254.169.254/latest/meta-data/"))
        .route("/tricky", to("//127.0.0.2/"))
        .route("/gone", get(|| async { StatusCode::GONE }))
        .route("/hardened", get(move || async move { hardened.clone() }))
        .route(
            "/flaky",
            get(move || async move {
                if flaky.fetch_add(1, SeqCst) == 0 { StatusCode::SERVICE_UNAVAILABLE } else { StatusCode::OK }
            }),
        )
        .fallback(|| async { StatusCode::NOT_FOUND })
}

fn http(path: &str, more: &str) -> String {
    let attempts = if more.contains("attempts") { "" } else { "attempts = 1\n" };
    format!("kind = \"http\"\npath = \"{path}\"\n{attempts}{more}")
}

#[tokio::test(flavor = "multi_thread")]
async fn every_planted_fault_is_told_and_what_is_right_passes() {
    let other = serve(site()).await;
    let to_port = Redirect::temporary(&format!("http://127.0.0.1:{other}/"));
    let port = serve(site().route("/port", get(move || async { to_port }))).await;
    let base = format!("http://127.0.0.1:{port}");
    let to_other = format!("ends_at = \"http://127.0.0.1:{other}/\"");
    let ends_at = |path: &str| format!("ends_at = \"{base}{path}\"");
    let wanted: &[(&str, String, &str, &str)] = &[
        ("lists", http("/gone", "status = [200, 410]"), "PASS", "HTTP 410 in "),
        ("hostile", http("/hostile", ""), "FAIL", "HTTP 500, wanted 200."),
        ("slow", http("/slow", "timeout_ms = 300"), "FAIL", "No answer: no answer within 300 ms."),
        ("late", http("/late", "max_ms = 10"), "FAIL", "HTTP 200, but it took "),
        ("soon", http("/late", "max_ms = 9000"), "PASS", "HTTP 200 in "),
        ("text", http("/", "contains = \"welcome back\""), "FAIL", "HTTP 200, but the wanted text is missing."),
        ("no-text", http("/", "lacks = \"welcome\""), "FAIL", "HTTP 200, but a text is there that must not be."),
        ("pattern", http("/", "matches = '^welcome \\w+$'\nnot_matches = '(?i)Fatal error'"), "PASS", "HTTP 200 in "),
        ("no-match", http("/", "matches = '(?i)BACK$'"), "FAIL", "HTTP 200, but no text matches the wanted pattern."),
        (
            "bad-match",
            http("/", "not_matches = 'h[ao]me'"),
            "FAIL",
            "HTTP 200, but a text matches a pattern that none may match.",
        ),
        ("both", http("/", "lacks = \"fatal\"\ncontains = \"home\""), "PASS", "HTTP 200 in "),
        ("loop", http("/loop-a", ""), "FAIL", "HTTP 307 in a redirect loop, wanted 200."),
        ("many", http("/1", "max_redirects = 2"), "FAIL", "HTTP 307 after 2 redirects, the most that are followed"),
        ("end", http("/1", &ends_at("/")), "PASS", "HTTP 200 in "),
        ("no-end", http("/2", &ends_at("/3")), "FAIL", "HTTP 200, but redirects do not end at http://127.0.0.1:"),
        ("unfollowed", http("/1", "status = 307"), "PASS", "HTTP 307 in "),
        ("away", http("/away", ""), "FAIL", "HTTP 307 to another host, wanted 200."),
        ("other-port", http("/port", ""), "FAIL", "HTTP 307 to another host, wanted 200."),
        ("away-named", http("/away", &to_other), "FAIL", "HTTP 307 to another host, wanted 200; redirects do not end"),
        ("metadata", http("/metadata", ""), "FAIL", "HTTP 307 to another host, wanted 200."),
        ("tricky", http("/tricky", ""), "FAIL", "HTTP 307 to another host, wanted 200."),
        ("hsts", http("/hardened", "headers = { Strict-Transport-Security = \"max-age=\" }"), "PASS", "HTTP 200 in "),
        ("no-hsts", http("/", "headers = { strict-transport-security = true }"), "FAIL", "HTTP 200, but header strict"),
        (
            "weak",
            http("/hardened", "headers = { strict-transport-security = \"preload\", x-powered-by = false }"),
            "FAIL",
            "HTTP 200, but header strict-transport-security does not hold what is wanted; header x-powered-by is there",
        ),
        ("flaky", http("/flaky", "attempts = 3"), "PASS", "HTTP 200 in "),
    ];
    let house = House::staging().await;
    let checks: Vec<(&str, &str)> = wanted.iter().map(|(name, keys, ..)| (*name, keys.as_str())).collect();
    let site = service(&house, "site", &format!("url = \"{base}/\""), &checks);
    house.configure(|text| format!("{text}\n{site}"));
    let client = house.server().await;
    let answer = client.call("run_smoke", json!({ "services": ["site"], "all_checks": true })).await;
    let outcomes: Vec<_> = wanted.iter().map(|(name, _, outcome, found)| (*name, *outcome, *found)).collect();
    assert_found(&answer, "site", &outcomes);
    assert_found(&answer, "site", &[("url", "PASS", "HTTP 200 in ")]);

    let attempts = check(&answer, "site", "flaky")["earlier_attempts"].as_array().unwrap();
    assert_eq!((attempts.len(), &attempts[0]["found"]), (1, &json!("HTTP 503, wanted 200.")), "{}", answer.text);
    assert!(attempts[0]["duration_ms"].is_u64());
    let hops = check(&answer, "site", "loop")["untrusted_text"].as_str().unwrap();
    assert!(hops.starts_with("redirects: 307 /loop-b\n") && hops.contains("location: /loop-a"), "{hops}");
    let passed = wanted.iter().filter(|(_, _, outcome, _)| *outcome == "PASS").count() as u64 + 1;
    let all = wanted.len() as u64 + 1;
    assert_eq!((&answer.structured["http_checks"], &answer.structured["http_passed"]), (&json!(all), &json!(passed)));
    #[expect(clippy::cast_precision_loss, reason = "some twenty checks")]
    let rate = passed as f64 / all as f64;
    assert_eq!(answer.structured["http_200_rate"], json!(rate), "{}", answer.text);

    let hostile = check(&answer, "site", "hostile")["untrusted_text"].as_str().unwrap();
    assert!(
        hostile.contains("server: nginx") && hostile.contains("location: https://other.example.org/callback\n"),
        "{hostile}"
    );
    assert!(hostile.contains("fatal error\u{fffd} in mail.php"), "{hostile}");
    for text in [&answer.raw, &answer.text, &client.log()] {
        for secret in [CANARY, "set-cookie", "x-internal", "\u{1b}", "\\u001b", "\u{202e}"] {
            assert!(!text.contains(secret), "{secret}: {text}");
        }
    }
    assert!(answer.text.len() < 16_000, "{}", answer.text.len());
}
