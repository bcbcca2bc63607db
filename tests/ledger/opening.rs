//! Opening: what is created, what is refused, what a broken file does.

use std::{fs, os::unix::fs::PermissionsExt};

use deploy_ops_mcp::{
    domain::refusal::{Code, Refusal},
    ledger::LedgerError,
};

use super::*;

both! {
    two_processes_may_create_it_at_once,
    writes_fail_closed_within_two_seconds_and_reads_go_on,
}

async fn refused(place: &Place) -> LedgerError {
    Ledger::open(&place.location(), Instance::new("boot-a:1:1"), Redactor::default()).await.unwrap_err()
}

async fn with_file(contents: &[u8]) -> Place {
    let place = Store::Sqlite.place().await;
    fs::create_dir(place.path().parent().unwrap()).unwrap();
    fs::write(place.path(), contents).unwrap();
    place
}

#[tokio::test]
async fn only_the_owner_can_read_it() {
    let place = Store::Sqlite.place().await;
    let ledger = place.open().await;
    whole_deployment(&ledger).await;
    let mode = |path: &str| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    let path = place.path().display().to_string();
    assert_eq!(mode(place.path().parent().unwrap().to_str().unwrap()), 0o700);
    for suffix in ["", "-wal", "-shm"] {
        assert_eq!(mode(&format!("{path}{suffix}")), 0o600, "{suffix}");
    }
}

async fn two_processes_may_create_it_at_once(store: Store) {
    let place = store.place().await;
    let opened = futures::future::join_all((0..8).map(|n| {
        let location = place.location();
        tokio::spawn(async move {
            Ledger::open(&location, Instance::new(format!("boot-a:{n}:{n}")), Redactor::default()).await
        })
    }))
    .await;
    assert!(opened.into_iter().all(|ledger| ledger.unwrap().is_ok()));
    assert_eq!(place.open().await.verify().await.unwrap().entries, 0);
}

#[tokio::test]
async fn a_file_that_is_not_a_ledger_is_not_touched() {
    let text = with_file(&b"minutes of the meeting\n".repeat(100)).await;
    assert!(matches!(refused(&text).await, LedgerError::Foreign));
    assert_eq!(fs::read(text.path()).unwrap(), b"minutes of the meeting\n".repeat(100));

    let other = with_file(b"").await;
    other.run("CREATE TABLE customers (id INTEGER)").await;
    let before = fs::read(other.path()).unwrap();
    assert!(matches!(refused(&other).await, LedgerError::Foreign));
    assert_eq!(fs::read(other.path()).unwrap(), before);
}

#[tokio::test]
async fn a_newer_ledger_is_refused() {
    let place = Store::Sqlite.place().await;
    place.open().await.close().await;
    place.run("PRAGMA user_version = 99").await;
    assert!(matches!(refused(&place).await, LedgerError::Newer));
}

#[tokio::test]
async fn what_cannot_be_a_ledger_is_refused_with_a_fix() {
    let place = Store::Sqlite.place().await;
    fs::create_dir_all(place.path()).unwrap();
    let error = refused(&place).await;
    assert!(matches!(error, LedgerError::Open(_)), "{error:?}");
    assert_eq!(Refusal::from(error).code, Code::AuditUnavailable);
}

#[tokio::test]
async fn a_damaged_file_gives_errors_and_no_panic() {
    for damage in [4096, 8192, 20_000, 40_000] {
        let place = Store::Sqlite.place().await;
        let ledger = place.open().await;
        whole_deployment(&ledger).await;
        ledger.close().await;
        let mut contents = fs::read(place.path()).unwrap();
        for byte in contents.iter_mut().skip(damage).take(6000) {
            *byte ^= 0x5a;
        }
        fs::write(place.path(), contents).unwrap();
        let Ok(ledger) = Ledger::open(&place.location(), Instance::new("boot-a:1:1"), Redactor::default()).await else {
            continue;
        };
        assert!(ledger.verify().await.is_err(), "damage at {damage}");
        assert!(!matches!(ledger.quick_check().await, Ok(flaws) if flaws.is_empty()), "damage at {damage}");
    }
}

async fn writes_fail_closed_within_two_seconds_and_reads_go_on(store: Store) {
    let place = store.place().await;
    let ledger = place.open().await;
    let (_, operation) = running(&ledger).await;
    let other = place.write_forever().await;
    let begun = std::time::Instant::now();
    let intent = intent_of(&operation, 0);
    let failed = ledger.intend(&intent, operation.fence).await;
    assert!(matches!(failed, Err(LedgerError::Write { .. })), "{failed:?}");
    assert!(begun.elapsed().as_millis() < 3000, "{:?}", begun.elapsed());
    assert!(ledger.operation(&operation.id).await.unwrap().is_some());
    other.end().await;
    ledger.intend(&intent, operation.fence).await.unwrap();
    ledger.verify().await.unwrap();
}
