//! Calls that only read: counted, in order, cheaply.

use std::time::Instant;

use deploy_ops_mcp::domain::{principal::Principal, refusal::Code};

use super::*;

both! {
    batches_keep_counts_and_order,
    batches_are_written_without_being_asked_for,
    reads_wait_while_the_ledger_cannot_be_written,
}

async fn batches_keep_counts_and_order(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (ci, bob) = (Principal::token("ci"), Principal::token("bob"));
    for ms in 0..1000 {
        ledger.read_happened("list_services", &ci, None, Time::from_millis(ms));
    }
    ledger.read_happened("read_logs", &bob, Some(Code::UnknownName), Time::from_millis(500));
    ledger.flush().await;
    ledger.read_happened("read_logs", &bob, None, Time::from_millis(2000));
    ledger.flush().await;
    ledger.flush().await;
    let entries = ledger.entries(0, 10).await.unwrap();
    assert_eq!(entries.len(), 2, "an empty batch is not written");
    assert_eq!(
        entries[0].body["what"]["calls"],
        serde_json::json!([
            { "principal": "client:ci", "tool": "list_services", "refused": null, "count": 1000,
              "first": "1970-01-01T00:00:00.000Z", "last": "1970-01-01T00:00:00.999Z" },
            { "principal": "client:bob", "tool": "read_logs", "refused": "UNKNOWN_NAME", "count": 1,
              "first": "1970-01-01T00:00:00.500Z", "last": "1970-01-01T00:00:00.500Z" },
        ])
    );
    assert_eq!(entries[1].body["what"]["calls"][0]["count"], 1);
    ledger.verify().await.unwrap();
}

async fn batches_are_written_without_being_asked_for(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    ledger.read_happened("list_services", &Principal::token("ci"), None, now());
    let begun = Instant::now();
    while ledger.entries(0, 1).await.unwrap().is_empty() {
        assert!(begun.elapsed().as_secs() < 5, "no batch was written");
        tokio::task::yield_now().await;
    }
}

async fn reads_wait_while_the_ledger_cannot_be_written(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let other = place.write_forever().await;
    ledger.read_happened("list_services", &Principal::token("ci"), None, now());
    ledger.flush().await;
    assert!(ledger.entries(0, 1).await.unwrap().is_empty());
    other.end().await;
    ledger.flush().await;
    let written: Vec<_> = ledger.entries(0, 9).await.unwrap();
    let sum: u64 = written.iter().map(|e| e.body["what"]["calls"][0]["count"].as_u64().unwrap()).sum();
    assert_eq!(sum, 1);
}
