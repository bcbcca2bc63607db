//! A stored file proves itself by a restore, and no damage gets through.

use deploy_ops_mcp::domain::{
    digest::Digest,
    snapshot::{SnapshotLevel, SnapshotManifest},
};

use super::{scratch_databases, snapshot, stage};
use crate::support::manifests;

/// `pg_restore` alone takes a flipped byte of an uncompressed dump for a row.
#[tokio::test]
async fn e2_a_dump_that_is_cut_or_has_one_wrong_byte_is_found_out() {
    let (_, database, sandbox) = stage("damage").await;
    database
        .execute("CREATE TABLE t AS SELECT i, 'value ' || i AS text FROM generate_series(1, 3000) i; CREATE TABLE other (n INT)")
        .await;
    let manifest = snapshot(&sandbox, "main-1").await;
    let (data, file) = (sandbox.path("data"), sandbox.path("data/snapshots/main-1.pgdump.zst"));
    let dump = zstd::decode_all(std::fs::File::open(&file).unwrap()).unwrap();
    let store = |dump: &[u8]| {
        let bytes = zstd::encode_all(dump, 3).unwrap();
        std::fs::write(&file, &bytes).unwrap();
        let (stored_bytes, digest) = (bytes.len() as u64, Digest::of(&bytes));
        manifests::forge(&data, &SnapshotManifest { stored_bytes, digest, ..manifest.clone() });
    };
    let verify = async || sandbox.world.reader().verify_snapshot(&manifest.id).await.unwrap();
    let at = dump.windows(10).position(|window| window == b"value 1234").unwrap();

    let mut flipped = dump.clone();
    flipped[at] ^= 1;
    store(&flipped);
    let found = verify().await;
    assert_eq!(found.level, Some(SnapshotLevel::Decoded));
    let problem = found.problem.unwrap();
    assert_eq!(problem.what, "restored, it does not hold what the database held: different are the rows of t");
    assert!(problem.fix.contains("take another snapshot"), "{problem:?}");

    store(&dump[..dump.len() * 2 / 5]);
    let found = verify().await;
    assert_eq!((found.level, found.problem.is_some()), (Some(SnapshotLevel::Decoded), true), "cut in its rows");

    store(b"PGDMP and nothing of it");
    assert_eq!(verify().await.level, Some(SnapshotLevel::Decoded));

    store(&dump);
    assert_eq!(verify().await.problem, None);
    assert_eq!(scratch_databases(&database).await, "", "none of them is left");
}

/// A row that moved to the other table, an empty text that became NULL: the numbers of rows tell nothing.
#[tokio::test]
async fn contents_tell_rows_apart_that_only_look_alike() {
    let (_, database, sandbox) = stage("alike").await;
    let contents = async || {
        snapshot(&sandbox, &format!("main-{}", super::text(&database, "SELECT nextval('names')").await)).await.contents
    };
    database
        .execute("CREATE SEQUENCE names; CREATE TABLE t (a TEXT, b TEXT); INSERT INTO t VALUES ('x', NULL), ('y', 'z')")
        .await;
    let mut last = contents().await["t"];
    for change in [
        "UPDATE t SET b = '' WHERE b IS NULL",
        "UPDATE t SET a = 'x,', b = 'y' WHERE b = ''",
        "UPDATE t SET a = 'x', b = ',y' WHERE a = 'x,'",
        "UPDATE t SET a = b, b = a WHERE a = 'x'",
    ] {
        database.execute(change).await;
        let now = contents().await["t"];
        assert_ne!(now, last, "{change}");
        last = now;
    }
    database
        .execute("CREATE TABLE u AS SELECT * FROM t ORDER BY a DESC; DROP TABLE t; ALTER TABLE u RENAME TO t")
        .await;
    assert_eq!(contents().await["t"], last, "the order does not count");
}

#[tokio::test]
#[ignore = "SLOW_TESTS: five million rows"]
async fn five_million_rows_are_proven() {
    let (_, database, sandbox) = stage("large").await;
    database
        .execute(
            "CREATE TABLE t (id INT PRIMARY KEY, name TEXT NOT NULL, at TIMESTAMPTZ, score NUMERIC); \
             INSERT INTO t SELECT i, 'member ' || i, to_timestamp(i), i * 1.5 FROM generate_series(1, 5000000) i; \
             CREATE INDEX ON t (name)",
        )
        .await;
    let manifest = snapshot(&sandbox, "main-1").await;
    assert_eq!((manifest.rows["t"], manifest.level), (5_000_000, SnapshotLevel::Verified));
    println!("{} bytes of {} in {} ms", manifest.stored_bytes, manifest.database_bytes, manifest.duration_ms);
}
