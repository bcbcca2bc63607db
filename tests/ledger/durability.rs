//! What was acknowledged survives the death of the process, and a full disk leaves nothing half written.

use std::{
    io::{BufRead, BufReader, Write},
    process::{Command, Stdio},
    time::Instant,
};

use deploy_ops_mcp::{domain::principal::Principal, ledger::LedgerError};

use super::*;

both! {
    acknowledged_intents_survive_a_kill,
}

async fn child_ledger() -> Option<Ledger> {
    let location = Place::of_parent()?;
    Some(Ledger::open(&location, Instance::new("boot-a:2:2"), Redactor::default()).await.unwrap())
}

/// Runs as a process of its own: writes intents and says each one that was acknowledged.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn child_writes_intents() {
    let Some(ledger) = child_ledger().await else { return };
    let (_, operation) = running(&ledger).await;
    println!("operation {}", operation.id);
    for index in 0.. {
        ledger.intend(&intent_of(&operation, index), operation.fence).await.unwrap();
        println!("intended {index}");
        std::io::stdout().flush().unwrap();
    }
}

async fn acknowledged_intents_survive_a_kill(store: Store) {
    for wanted in [1, 3, 10, 40] {
        let place = store.place().await;
        place.open().await.close().await;
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "ledger::durability::child_writes_intents", "--ignored", "--nocapture"])
            .env(PLACE, place.for_child())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let operation = lines.find_map(|line| line.split("operation ").nth(1).map(str::to_owned)).unwrap();
        let mut acknowledged: Vec<u32> =
            lines.by_ref().filter_map(|l| l.strip_prefix("intended ")?.parse().ok()).take(wanted).collect();
        child.kill().unwrap();
        acknowledged.extend(lines.filter_map(|line| line.strip_prefix("intended ")?.parse::<u32>().ok()));
        child.wait().unwrap();

        let ledger = place.open().await;
        let stored: Vec<u32> =
            ledger.journal(&operation.parse().unwrap()).await.unwrap().iter().map(|entry| entry.index).collect();
        assert!(acknowledged.len() >= wanted);
        assert!(stored.starts_with(&acknowledged), "{} acknowledged, {} stored", acknowledged.len(), stored.len());
        assert!(stored.len() <= acknowledged.len() + 1);
        ledger.verify().await.unwrap();
        assert_eq!(ledger.interrupted().await.unwrap().len(), 1);
    }
}

/// Runs as a process of its own, with a limit on the size of files: writes until nothing fits any more.
#[tokio::test]
#[ignore = "run by the test below, in a process of its own"]
async fn child_fills_the_disk() {
    let Some(ledger) = child_ledger().await else { return };
    let (_, operation) = running(&ledger).await;
    println!("operation {}", operation.id);
    for index in 0.. {
        let entry = JournalEntry { summary: "x".repeat(3000), ..intent_of(&operation, index) };
        match ledger.intend(&entry, operation.fence).await {
            Ok(()) => println!("intended {index}"),
            Err(LedgerError::Write { .. }) => break,
            Err(other) => panic!("{other:?}"),
        }
    }
    assert!(ledger.operation(&operation.id).await.unwrap().is_some(), "reads go on");
    let again = ledger.intend(&intent_of(&operation, 1_000_000), operation.fence).await;
    println!("again {}", matches!(again, Ok(()) | Err(LedgerError::Write { .. })));
    println!("ended");
}

#[tokio::test]
async fn a_full_disk_fails_the_write_and_leaves_no_half() {
    let place = Store::Sqlite.place().await;
    place.open().await.close().await;
    let output = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f 2000; exec \"$0\" \"$@\""])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "ledger::durability::child_fills_the_disk", "--ignored", "--nocapture"])
        .env(PLACE, place.for_child())
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && text.contains("ended") && text.contains("again true"), "{text}");
    let acknowledged = text.lines().filter(|line| line.starts_with("intended ")).count();
    assert!(acknowledged > 10, "{acknowledged}");

    let ledger = place.open().await;
    let operation = ledger.interrupted().await.unwrap().remove(0).operation;
    let stored = ledger.journal(&operation.id).await.unwrap().iter().filter(|e| e.index < 1_000_000).count();
    assert_eq!(stored, acknowledged);
    ledger.verify().await.unwrap();
    ledger.intend(&intent_of(&operation, 2_000_000), operation.fence).await.unwrap();
}

#[tokio::test]
async fn commits_are_synced() {
    let place = Store::Sqlite.place().await;
    place.open().await.close().await;
    let mut connection = place.raw().await;
    let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
    let version: String = sqlx::query_scalar("SELECT sqlite_version()").fetch_one(&mut connection).await.unwrap();
    assert_eq!(mode, "wal");
    let numbers: Vec<u32> = version.split('.').map(|part| part.parse().unwrap()).collect();
    assert!(numbers >= vec![3, 51, 3], "{version} may lose data in WAL mode");
}

/// Prints what things cost; run with `--ignored --nocapture figures`.
#[tokio::test]
#[ignore = "prints figures"]
async fn figures_of_sqlite() {
    figures(Store::Sqlite).await;
}

/// The same for PostgreSQL, on a server that does not wait for its disk.
#[tokio::test]
#[ignore = "prints figures"]
async fn figures_of_postgres() {
    figures(Store::Postgres).await;
}

#[expect(clippy::print_stdout, reason = "figures are for people")]
async fn figures(store: Store) {
    let place = store.place().await;
    let begun = Instant::now();
    let ledger = place.open().await;
    println!("create: {:?}", begun.elapsed());
    let (_, operation) = running(&ledger).await;
    let begun = Instant::now();
    for index in 0..200 {
        ledger.intend(&intent_of(&operation, index), operation.fence).await.unwrap();
    }
    println!("intend: {:?} each", begun.elapsed() / 200);
    let (caller, at) = (Principal::token("ci"), now());
    let begun = Instant::now();
    for _ in 0..100_000 {
        ledger.read_happened("list_services", &caller, None, at);
    }
    println!("read_happened: {:?} each", begun.elapsed() / 100_000);
    let begun = Instant::now();
    for _ in 0..10_000 {
        ledger.head().await.unwrap();
    }
    println!("head: {:?} each", begun.elapsed() / 10_000);
    ledger.flush().await;
    let begun = Instant::now();
    for n in 0..10_000 {
        let body = Redactor::default().json(serde_json::json!({ "tool": "list_services", "number": n }));
        ledger.note("incident", Some(&operation.id), &Principal::server(), body, now()).await.unwrap();
    }
    println!("note: {:?} each", begun.elapsed() / 10_000);
    let begun = Instant::now();
    let verified = ledger.verify().await.unwrap();
    let took = begun.elapsed();
    println!("verify: {} entries in {took:?}", verified.entries);
    ledger.close().await;
    for _ in 0..3 {
        let begun = Instant::now();
        let ledger = place.open().await;
        println!("open: {:?}", begun.elapsed());
        ledger.close().await;
    }
}
