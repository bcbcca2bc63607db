//! Lines of logs, by pattern and time.

use std::{
    fs::File,
    io::Write,
    path::Path,
    time::{Duration, SystemTime},
};

use flate2::{Compression, write::GzEncoder};
use serde_json::{Value, json};

use crate::support::mcp::{Answer, House};

#[tokio::test]
async fn patterns_windows_and_pages() {
    let house = House::staging().await;
    let canary = &house.sandbox.canary;
    let log: String = (0..30).map(|n| format!("2025-01-15T10:00:{n:02}Z INFO line {n} token={canary}\n")).collect();
    std::fs::write(house.path("log/app.log"), log).unwrap();
    let client = house.server().await;
    let found = client.call("search_logs", json!({ "root": "logs", "pattern": "quota" })).await;
    assert_eq!(found.structured["matches"], 1, "{}", found.text);
    let window =
        json!({ "root": "logs", "path": "app.log", "since": "2025-01-15T10:00:10Z", "until": "2025-01-15T10:00:19Z" });
    let window = client.call("search_logs", window).await;
    assert_eq!(window.structured["matches"], 10, "both ends belong to it: {}", window.text);
    let first = client.call("search_logs", json!({ "root": "logs", "path": "app.log", "limit": 5 })).await;
    assert_eq!(first.structured["more"], true);
    assert!(!first.raw.contains(canary.as_str()) && first.raw.contains("[redacted]"));
    // A search cannot be used to guess what a mask hides.
    let guess =
        client.call("search_logs", json!({ "root": "logs", "path": "app.log", "pattern": canary.get(..6) })).await;
    assert_eq!(guess.structured["matches"], 0, "{}", guess.text);
    assert_eq!(client.call("search_logs", json!({ "root": "logs", "pattern": "(" })).await.code(), "BAD_ARGUMENT");
    assert_eq!(client.call("search_logs", json!({ "root": "nolog" })).await.code(), "UNKNOWN_NAME");
    // Lines whose time nobody can read are neither of the window nor not.
    std::fs::write(house.path("log/plain.log"), "ERROR one\n15.01.2025 ERROR two\nquiet\n").unwrap();
    let plain = client
        .call("search_logs", json!({ "root": "logs", "path": "plain.log", "pattern": "ERROR", "since": "24h" }))
        .await;
    assert_eq!((&plain.structured["matches"], &plain.structured["undated"]), (&json!(0), &json!(2)), "{}", plain.text);
    assert!(plain.status().contains("2 more may match: their time cannot be read"), "{}", plain.text);
    let all = client.call("search_logs", json!({ "root": "logs", "path": "plain.log", "pattern": "ERROR" })).await;
    assert_eq!(all.structured["matches"], 2, "{}", all.text);
}

/// Writes a file, compressed when its name says so, as it was some hours ago.
fn write(path: &Path, text: &str, hours: u64) {
    let mut bytes = text.as_bytes().to_vec();
    if path.extension().is_some_and(|end| end == "gz") {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(&bytes).unwrap();
        bytes = encoder.finish().unwrap();
    }
    std::fs::write(path, bytes).unwrap();
    let then = SystemTime::now() - Duration::from_secs(hours * 3600);
    File::options().write(true).open(path).unwrap().set_modified(then).unwrap();
}

/// The files of an answer with their matches, in its order.
fn files(answer: &Answer) -> Vec<(&str, u64)> {
    let files = answer.structured["files"].as_array().unwrap().iter();
    files.map(|file| (file["path"].as_str().unwrap(), file["matches"].as_u64().unwrap())).collect()
}

#[tokio::test]
async fn rotated_and_gzipped_parts_are_searched_with_the_live_log() {
    let house = House::staging().await;
    let canary = &house.sandbox.canary;
    let lines = |minute: u32| -> String {
        (0..10).map(|n| format!("2025-01-15T10:{:02}:00Z INFO request {} {canary}\n", minute + n, minute + n)).collect()
    };
    write(&house.path("log/app.log"), &lines(20), 0);
    write(&house.path("log/app.log.1"), &lines(10), 1);
    write(&house.path("log/app.log.2.gz"), &lines(0), 2);
    write(&house.path("log/app-20200101.log.gz"), &lines(0), 24 * 300);
    write(&house.path("log/apple.log"), &lines(0), 0);
    let client = house.server().await;
    let search = async |more: Value| {
        let mut arguments = json!({ "root": "logs", "path": "app.log", "pattern": "request" });
        arguments.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        client.call("search_logs", arguments).await
    };
    let all = search(json!({ "limit": 40 })).await;
    let wanted = [("app.log", 10), ("app.log.1", 10), ("app.log.2.gz", 10), ("app-20200101.log.gz", 10)];
    assert_eq!(files(&all), wanted, "{}", all.text);
    assert!(!all.raw.contains(canary.as_str()) && all.text.matches("[redacted]").count() >= 40, "{}", all.text);
    let newest = all.text.find("request 20").unwrap();
    assert!(newest < all.text.find("request 10").unwrap() && newest < all.text.find("request 0 ").unwrap());

    let window = search(json!({ "since": "2025-01-15T10:05:00Z", "until": "2025-01-15T10:14:00Z" })).await;
    let wanted = [("app.log", 0), ("app.log.1", 5), ("app.log.2.gz", 5), ("app-20200101.log.gz", 5)];
    assert_eq!(files(&window), wanted, "{}", window.text);

    let second_page = search(json!({ "offset": 15, "limit": 10 })).await;
    let shown = second_page.get("/untrusted_text");
    assert!(shown.contains("request 15 ") && shown.contains("request 4 "), "{}", second_page.text);
    assert!(!shown.contains("request 14 ") && !shown.contains("request 5 "), "{}", second_page.text);

    let recent = search(json!({ "since": "7d" })).await;
    assert_eq!(files(&recent).len(), 3, "{}", recent.text);
    assert!(recent.structured["left_out"] == 1 && recent.status().contains("1 files were left out"), "{}", recent.text);

    let one = client.call("search_logs", json!({ "root": "logs", "path": "app.log.2.gz" })).await;
    assert_eq!(files(&one), [("app.log.2.gz", 10)], "{}", one.text);
    std::fs::remove_file(house.path("log/app.log")).unwrap();
    let rotated_away = search(json!({})).await;
    assert_eq!(files(&rotated_away).len(), 3, "{}", rotated_away.text);
    let everything = client.call("search_logs", json!({ "root": "logs" })).await;
    assert_eq!(files(&everything).len(), 5, "{}", everything.text);
}

#[tokio::test]
async fn what_cannot_be_searched_is_said_and_hides_nothing_else() {
    let house = House::staging().await;
    let lines: String = (0..50_000).map(|n| format!("INFO request {n}\n")).collect();
    write(&house.path("log/app.log"), "INFO request\n", 0);
    write(&house.path("log/app.log.1.gz"), &lines, 1);
    let compressed = std::fs::read(house.path("log/app.log.1.gz")).unwrap();
    std::fs::write(house.path("log/app.log.1.gz"), &compressed[..compressed.len() / 2]).unwrap();
    std::fs::write(house.path("log/app.log.2"), "\0\0\0").unwrap();
    std::fs::write(house.path("log/app.log.3.gz"), "no gzip").unwrap();
    std::os::unix::fs::symlink("/etc/passwd", house.path("log/app.log.4")).unwrap();
    std::fs::write(house.path("log/.env"), "INFO=request\n").unwrap();
    let client = house.server().await;
    let found = client.call("search_logs", json!({ "root": "logs", "path": "app.log", "pattern": "request" })).await;
    let matches = |name: &str| files(&found).into_iter().find(|(path, _)| *path == name).map(|(_, matches)| matches);
    assert_eq!(matches("app.log"), Some(1), "{}", found.text);
    assert!((1000..50_000).contains(&matches("app.log.1.gz").unwrap()), "{}", found.text);
    assert_eq!((matches("app.log.2"), matches("app.log.3.gz")), (Some(0), Some(0)), "{}", found.text);
    assert_eq!(matches("app.log.4"), None, "a link is no part of a log: {}", found.text);
    assert!(found.text.contains("damaged") && found.text.contains("not text"), "{}", found.text);
    assert!(found.status().contains("3 files were not searched to the end"), "{}", found.text);
    for path in [".env", "app.log.4"] {
        let refused = client.call("search_logs", json!({ "root": "logs", "path": path })).await;
        assert_eq!(refused.code(), "PATH_REFUSED", "{path}: {}", refused.text);
    }
}

#[tokio::test]
async fn a_large_log_costs_no_memory() {
    const COPIES: usize = 120_000;
    let house = House::staging().await;
    let line = format!("2025-01-15T10:00:00Z INFO {}\n", "a request like any other ".repeat(5));
    let text = line.repeat(COPIES);
    write(&house.path("log/app.log"), &text, 0);
    write(&house.path("log/app.log.1.gz"), &text, 1);
    let client = house.server().await;
    client.call("list_services", json!({})).await;
    let before = client.peak_kib();
    let found = client.call("search_logs", json!({ "root": "logs", "path": "app.log", "limit": 5 })).await;
    assert_eq!(found.structured["matches"], 2 * COPIES, "{}", found.status());
    let grown = client.peak_kib() - before;
    assert!(grown < 12 * 1024, "{grown} KiB more for two times {} KiB of text", text.len() / 1024);
}
