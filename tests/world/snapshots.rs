//! Snapshots: consistent, proven, and honest about what is damaged.

use std::sync::{
    Arc,
    atomic::{AtomicBool, AtomicU64, Ordering},
};

use age::secrecy::ExposeSecret;
use deploy_ops_mcp::{
    domain::{
        digest::Digest,
        inventory::{SecretReference, SnapshotStorage},
        refusal::Code,
        snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
        step::{RestoreDatabase, Step, TakeSnapshot},
    },
    policy::Permit,
    world::snapshots::RestoreState,
};
use sqlx::Connection;

use crate::support::{manifests, permit::permit, sandbox::Sandbox};

fn take(name: &str) -> TakeSnapshot {
    TakeSnapshot { database: "main".parse().unwrap(), snapshot: name.parse().unwrap() }
}

fn permit_for(restore: Option<&RestoreDatabase>) -> Permit {
    let restore = restore.map(|restore| Step::RestoreDatabase(restore.clone()));
    permit(std::iter::once(Step::TakeSnapshot(take("s"))).chain(restore).collect(), None, None)
}

async fn snapshot(sandbox: &Sandbox, name: &str) -> SnapshotManifest {
    sandbox.world.take_snapshot(&permit_for(None), &take(name)).await.unwrap()
}

#[tokio::test]
async fn a_snapshot_holds_what_the_database_held_and_proves_it() {
    let sandbox = Sandbox::new(&[]);
    sandbox.fill(5_000, "WAL").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    assert_eq!(manifest.level, SnapshotLevel::Verified);
    assert_eq!(manifest.rows["member"], 5_000);
    assert_eq!(manifest.migration_head.as_deref(), Some("a1b2c3"));
    assert!(manifest.engine.starts_with("sqlite 3."));
    let file = sandbox.path("data/snapshots/main-1.sqlite.zst");
    assert_eq!(Digest::of(&std::fs::read(&file).unwrap()), manifest.digest);
    let reader = sandbox.world.reader();
    assert_eq!(reader.verify_snapshot(&manifest.id).await.unwrap().problem, None);
    assert_eq!(reader.snapshots_on_disk(None).unwrap(), std::slice::from_ref(&manifest));
    // Taking it again returns it; nothing but it and its manifest stays behind.
    assert_eq!(snapshot(&sandbox, "main-1").await, manifest);
    assert_eq!(std::fs::read_dir(sandbox.path("data/snapshots")).unwrap().count(), 2);
    assert_eq!(std::fs::read_dir(sandbox.path("data/scratch")).unwrap().count(), 0);
    let tables = reader.inspect_database(&"main".parse().unwrap()).await.unwrap().tables;
    assert_eq!((tables[0].name.as_str(), tables[0].rows), ("member", 5_000));
    assert!(tables[0].bytes > 100_000);
}

#[tokio::test]
async fn a_damaged_snapshot_is_found_out() {
    let sandbox = Sandbox::new(&[]);
    sandbox.fill(2_000, "DELETE").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    let file = sandbox.path("data/snapshots/main-1.sqlite.zst");
    let good = std::fs::read(&file).unwrap();
    let verify = async || sandbox.world.reader().verify_snapshot(&manifest.id).await.unwrap();

    std::fs::write(&file, &good[..good.len() / 2]).unwrap();
    assert_eq!(verify().await.level, None, "a short file");
    let mut flipped = good.clone();
    flipped[good.len() / 2] ^= 1;
    std::fs::write(&file, &flipped).unwrap();
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "a flipped bit");
    // Cut, and its size and digest in the manifest made to fit: it does not decode to its end.
    let cut = &good[..good.len() / 2];
    std::fs::write(&file, cut).unwrap();
    let lying = SnapshotManifest { stored_bytes: cut.len() as u64, digest: Digest::of(cut), ..manifest.clone() };
    let data = sandbox.path("data");
    manifests::forge(&data, &lying);
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "a lying dump");
    // Whole, but not the file that was stored.
    std::fs::write(&file, &good).unwrap();
    let exchanged = SnapshotManifest { digest: Digest::of(b"what was stored"), ..manifest.clone() };
    manifests::forge(&data, &exchanged);
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "an exchanged file");
    // One that decodes to more than was stored: a bomb, or somebody else's.
    let short = SnapshotManifest { data_bytes: manifest.data_bytes - 1, ..manifest.clone() };
    manifests::forge(&data, &short);
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "more than was stored");
    // Whole, but with other rows than were counted.
    std::fs::write(&file, &good).unwrap();
    let mut other = manifest.clone();
    other.rows.insert("member".to_owned(), 1_999);
    manifests::forge(&data, &other);
    assert_eq!(verify().await.level, Some(SnapshotLevel::Decoded), "other rows");
    manifests::forge(&data, &manifest);
    assert_eq!(verify().await.problem, None);
    // Nobody else's manifest counts, however true it is.
    manifests::write(&data, &manifest, &"A".repeat(86));
    let foreign = verify().await;
    assert_eq!(foreign.level, None);
    assert!(foreign.problem.unwrap().what.contains("not signed by this installation"));
    assert!(sandbox.world.reader().snapshots_on_disk(None).unwrap().is_empty());
    let missing = sandbox.world.reader().verify_snapshot(&"none".parse::<SnapshotId>().unwrap()).await;
    assert_eq!(missing.unwrap_err().code, Code::NotFound);
}

#[tokio::test]
async fn with_recipients_the_file_is_encrypted_and_only_the_identity_opens_it() {
    let directory = tempfile::tempdir().unwrap();
    let identity = directory.path().join("identity");
    let pair = age::x25519::Identity::generate();
    let write = |pair: &age::x25519::Identity| {
        let key = pair.to_string();
        std::fs::write(&identity, format!("# created: today\n{}\n", key.expose_secret())).unwrap();
    };
    write(&pair);
    let sandbox = Sandbox::with(&[], |inventory| {
        let path = identity.clone();
        inventory.secrets.insert("SNAPSHOT_IDENTITY".parse().unwrap(), SecretReference::File { path });
        inventory.snapshots = SnapshotStorage {
            recipients: vec![pair.to_public().to_string()],
            identity: Some("SNAPSHOT_IDENTITY".parse().unwrap()),
        };
    });
    sandbox.fill(3_000, "WAL").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    assert!(manifest.encrypted);
    let file = sandbox.path("data/snapshots/main-1.sqlite.zst.age");
    let good = std::fs::read(&file).unwrap();
    assert!(good.starts_with(b"age-encryption.org/v1"));
    let verify = async || sandbox.world.reader().verify_snapshot(&manifest.id).await.unwrap();
    assert_eq!(verify().await.problem, None);
    // Cut behind the last whole chunk, and the manifest made to fit: the format itself says that something is missing.
    let cut = &good[..good.len() - 20];
    std::fs::write(&file, cut).unwrap();
    let lying = SnapshotManifest { stored_bytes: cut.len() as u64, digest: Digest::of(cut), ..manifest.clone() };
    manifests::forge(&sandbox.path("data"), &lying);
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "cut");
    std::fs::write(&file, &good).unwrap();
    manifests::forge(&sandbox.path("data"), &manifest);
    assert_eq!(verify().await.problem, None);
    write(&age::x25519::Identity::generate());
    assert_eq!(verify().await.level, Some(SnapshotLevel::Dumped), "somebody else's identity");
}

/// Every commit moves one point from one row to another: in each moment the sum is the same.
#[tokio::test(flavor = "multi_thread", worker_threads = 3)]
async fn a_snapshot_under_constant_writing_is_of_one_moment() {
    for journal in ["WAL", "DELETE"] {
        let sandbox = Arc::new(Sandbox::new(&[]));
        sandbox.fill(20_000, journal).await;
        let stop = Arc::new(AtomicBool::new(false));
        let commits = Arc::new(AtomicU64::new(0));
        let (writing, stopped, counted) = (sandbox.clone(), stop.clone(), commits.clone());
        let writer = tokio::spawn(async move {
            let mut connection = writing.database().await;
            let mut turn: i64 = 0;
            while !stopped.load(Ordering::Relaxed) {
                turn += 1;
                let sql = format!(
                    "BEGIN IMMEDIATE; UPDATE member SET score = score - 1 WHERE id = {}; \
                     UPDATE member SET score = score + 1 WHERE id = {}; COMMIT;",
                    turn % 20_000 + 1,
                    (turn * 7) % 20_000 + 1,
                );
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                counted.fetch_add(1, Ordering::Relaxed);
                // A writer that never lets go of a rollback journal starves every reader, whoever it is.
                tokio::time::sleep(std::time::Duration::from_millis(2)).await;
            }
            connection.close().await.unwrap();
        });
        let before = sandbox.count("SELECT CAST(sum(score * 2) AS INTEGER) FROM member").await;
        let manifest = snapshot(&sandbox, "busy").await;
        stop.store(true, Ordering::Relaxed);
        writer.await.unwrap();
        assert!(commits.load(Ordering::Relaxed) > 0);
        assert_eq!(manifest.level, SnapshotLevel::Verified);
        // What was stored, opened by itself, keeps the sum.
        let copy = sandbox.path("copy.sqlite");
        let stored = std::fs::File::open(sandbox.path("data/snapshots/busy.sqlite.zst")).unwrap();
        std::fs::write(&copy, zstd::decode_all(stored).unwrap()).unwrap();
        let mut connection = sqlx::SqliteConnection::connect(&format!("sqlite://{}", copy.display())).await.unwrap();
        let after: i64 = sqlx::query_scalar("SELECT CAST(sum(score * 2) AS INTEGER) FROM member")
            .fetch_one(&mut connection)
            .await
            .unwrap();
        assert_eq!(after, before, "{journal}");
    }
}

#[tokio::test]
async fn a_restore_brings_everything_back_and_keeps_the_old_file() {
    for journal in ["WAL", "DELETE"] {
        let sandbox = Sandbox::new(&[]);
        sandbox.fill(1_000, journal).await;
        let manifest = snapshot(&sandbox, "main-1").await;
        let mut writer = sandbox.database().await;
        sqlx::raw_sql("DELETE FROM member WHERE id > 10").execute(&mut writer).await.unwrap();
        let restore = RestoreDatabase {
            database: "main".parse().unwrap(),
            snapshot: manifest.id.clone(),
            digest: manifest.digest,
        };
        let permit = permit_for(Some(&restore));
        let state = async || sandbox.world.reader().restore_state(permit.operation(), &restore).await.unwrap();
        assert_eq!(state().await, RestoreState::NotDone);
        if journal == "WAL" {
            let refused = sandbox.world.restore_database(&permit, &restore).await.unwrap_err();
            assert_eq!(refused.code, Code::WrongState, "somebody has it open");
            assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 10);
        }
        writer.close().await.unwrap();
        sandbox.world.restore_database(&permit, &restore).await.unwrap();
        assert_eq!(state().await, RestoreState::Done);
        assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 1_000);
        let mut connection = sandbox.database().await;
        let mode: String = sqlx::query_scalar("PRAGMA journal_mode").fetch_one(&mut connection).await.unwrap();
        assert_eq!(mode, journal.to_lowercase());
        connection.close().await.unwrap();
        // Again: nothing happens.
        sandbox.world.restore_database(&permit, &restore).await.unwrap();
        let kept = std::fs::read_dir(sandbox.path("target/shared"))
            .unwrap()
            .filter(|e| e.as_ref().unwrap().file_name().to_str().unwrap().contains(".before-op_"))
            .count();
        assert_eq!(kept, 1);
        sandbox.world.take_back_restore(&permit, &restore).await.unwrap();
        assert_eq!(state().await, RestoreState::TakenBack);
        assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 10);
    }
}

#[tokio::test]
async fn a_wrong_snapshot_is_not_restored() {
    let sandbox = Sandbox::new(&[]);
    sandbox.fill(100, "DELETE").await;
    let manifest = snapshot(&sandbox, "main-1").await;
    let restore = RestoreDatabase {
        database: "main".parse().unwrap(),
        snapshot: manifest.id.clone(),
        digest: Digest::of(b"another"),
    };
    let permit = permit_for(Some(&restore));
    assert_eq!(sandbox.world.restore_database(&permit, &restore).await.unwrap_err().code, Code::BackupMissing);
    let file = sandbox.path("data/snapshots/main-1.sqlite.zst");
    let bytes = std::fs::read(&file).unwrap();
    std::fs::write(&file, &bytes[..bytes.len() - 10]).unwrap();
    let restore = RestoreDatabase { digest: manifest.digest, ..restore };
    assert_eq!(sandbox.world.restore_database(&permit, &restore).await.unwrap_err().code, Code::BackupMissing);
    assert_eq!(sandbox.count("SELECT count(*) FROM member").await, 100);
}
