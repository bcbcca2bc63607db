//! Many services at once: one slow one holds nobody up, and the answer stays small.

use std::sync::{
    Arc,
    atomic::{AtomicUsize, Ordering::SeqCst},
};

use axum::{Router, http::StatusCode, routing::get};
use serde_json::{Value, json};

use super::service;
use crate::support::{mcp::House, site::serve};

#[tokio::test(flavor = "multi_thread")]
async fn hundreds_of_services_are_asked_a_few_at_a_time_and_told_the_worst_first() {
    let (now, most) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let seen = most.clone();
    let counted = move || {
        let (now, most) = (now.clone(), most.clone());
        async move {
            most.fetch_max(now.fetch_add(1, SeqCst) + 1, SeqCst);
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
            now.fetch_sub(1, SeqCst);
            "fine"
        }
    };
    let site = Router::new()
        .route("/", get(counted))
        .route("/slow", get(|| async { std::future::pending::<&str>().await }))
        .fallback(|| async { (StatusCode::INTERNAL_SERVER_ERROR, "stack trace\n".repeat(300)) });
    let port = serve(site).await;
    let house = House::staging().await;
    let services: String = (0..300)
        .map(|number| {
            let path = match number {
                150 => "slow".to_owned(),
                number if number % 10 == 3 => format!("broken-{number}"),
                _ => String::new(),
            };
            service(&house, &format!("s{number:03}"), &format!("url = \"http://127.0.0.1:{port}/{path}\""), &[])
        })
        .collect();
    house.configure(|text| format!("{text}\n[smoke]\nattempts = 1\ntimeout_ms = 1500\n{services}"));
    let client = house.server().await;
    let first = client.call("run_smoke", json!({ "environment": "production" })).await;
    let entries = |answer: &Value| answer["services"].as_array().unwrap().clone();
    assert!(first.status().starts_with("FAIL: "), "{}", first.text);
    // Two services of the house itself have nothing live yet; those are told among the failed.
    let bad = entries(&first.structured);
    assert_eq!(bad.len(), 20, "{}", first.text);
    assert!(bad.iter().all(|one| one["outcome"] == "FAIL"), "{}", first.text);
    assert!(first.structured["http_checks"].as_u64().unwrap() >= 300, "{}", first.text);
    assert!(first.raw.len() < 40_000 && first.text.len() < 16_000, "{} {}", first.raw.len(), first.text.len());
    assert!(seen.load(SeqCst) <= 32, "{} at once at one address", seen.load(SeqCst));
    assert!(first.structured["duration_ms"].as_u64().unwrap() < 30_000, "{}", first.text);

    let mut all = bad;
    let mut cursor = first.get("/cursor").to_owned();
    while !cursor.is_empty() {
        let page = client.call("run_smoke", json!({ "cursor": cursor })).await;
        assert_eq!(page.structured["http_checks"], first.structured["http_checks"], "nothing is asked again");
        all.extend(entries(&page.structured));
        cursor = page.get("/cursor").to_owned();
    }
    let outcomes: Vec<&str> = all.iter().map(|one| one["outcome"].as_str().unwrap()).collect();
    assert!(outcomes.is_sorted(), "the worst come first: {outcomes:?}");
    let ours = |outcome: &str| {
        let some = all.iter().filter(|one| one["service"].as_str().unwrap().starts_with('s'));
        some.filter(|one| one["service"] != "shop" && one["outcome"] == outcome).count()
    };
    assert_eq!((ours("FAIL"), ours("PASS")), (31, 269), "{outcomes:?}");
    assert_eq!(client.call("run_smoke", json!({ "cursor": "ffff.20" })).await.code(), "UNKNOWN_NAME");
    assert_eq!(client.call("run_smoke", json!({ "cursor": "x" })).await.code(), "UNKNOWN_NAME");
}
