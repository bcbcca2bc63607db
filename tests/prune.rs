//! Which snapshots a human can give up, and when their files go.

use std::collections::BTreeSet;

use deploy_ops_mcp::{
    domain::{
        principal::Principal,
        snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
    },
    world::{Clock, SystemClock},
};
use serde_json::json;

use crate::support::mcp::{Answer, Client, House};

const HOUR: i64 = 3600;

/// Takes a snapshot and waits for its proof.
async fn snapshot(client: &Client, database: &str) {
    let taken = client.call("snapshot_db", json!({ "databases": [database], "wait_s": 40 })).await;
    assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
}

/// The snapshots of a database that count, newest first.
async fn snapshots(house: &House, database: &str) -> Vec<SnapshotManifest> {
    let operator = house.operator();
    operator.ledger_for_operator().await.unwrap().snapshots(&database.parse().unwrap()).await.unwrap()
}

fn ids(snapshots: &[SnapshotManifest]) -> Vec<&str> {
    snapshots.iter().map(|one| one.id.as_str()).collect()
}

/// A person who lets go of what may go.
fn prune(house: &House, database: &str) -> String {
    let (exit, shown) =
        house.talk(&["snapshot", "prune", database, "--keep", "3", "--execute"], &[("type prune: ", "prune")]);
    assert_eq!(exit, 0, "{shown}");
    shown
}

/// The ids that have files.
fn stored(house: &House) -> BTreeSet<String> {
    let names = std::fs::read_dir(house.path("data/snapshots")).unwrap();
    let names = names.map(|entry| entry.unwrap().file_name().into_string().unwrap());
    names.filter_map(|name| name.split_once('.').map(|(id, _)| id.to_owned())).collect()
}

async fn deploy(client: &Client, version: &str) -> Answer {
    let plan = client.plan("shop", version).await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    done
}

#[tokio::test]
async fn what_is_live_or_may_be_restored_keeps_its_snapshots_and_files_stay_two_days() {
    let house = House::staging().await;
    let client = house.server().await;
    deploy(&client, "v2025.01.13").await;
    deploy(&client, "v2025.01.14").await;
    for _ in 0..4 {
        snapshot(&client, "shop").await;
    }
    let all = snapshots(&house, "shop").await;
    let [s4, s3, s2, s1, of_live, of_old] = ids(&all)[..] else { panic!("{:?}", ids(&all)) };

    let (exit, shown) = house.talk(&["snapshot", "prune", "shop", "--keep", "3", "--execute"], &[("prune: ", "yes")]);
    assert!(exit == 1 && shown.contains("not the word"), "{shown}");
    let (exit, shown) = house.talk(&["snapshot", "prune", "shop", "--keep", "2", "--execute"], &[]);
    assert!(exit == 1 && shown.contains("At least three"), "{shown}");
    assert_eq!(ids(&snapshots(&house, "shop").await), [s4, s3, s2, s1, of_live, of_old]);

    let shown = prune(&house, "shop");
    assert!(shown.contains("2 marked") && shown.contains("of 0 marked earlier"), "{shown}");
    assert_eq!(ids(&snapshots(&house, "shop").await), [s4, s3, s2, of_live], "the newest three, and the way back");
    assert!(stored(&house).contains(of_old), "its files stay for two days");

    // A plan that was drafted and not executed names the snapshot that it would restore.
    let restoring = json!({ "service": "shop", "databases": "restore", "wait_s": 40 });
    let dry = client.call("rollback", restoring).await;
    assert!(dry.raw.contains(of_live), "{}", dry.text);
    for _ in 0..3 {
        snapshot(&client, "shop").await;
    }
    prune(&house, "shop");
    let left = snapshots(&house, "shop").await;
    assert_eq!(left.len(), 4, "{:?}", ids(&left));
    assert!(ids(&left).contains(&of_live), "{:?}", ids(&left));
    assert!(stored(&house).is_superset(&[s2, s3, s4, s1, of_old].map(str::to_owned).into()));

    // Two days later: one that was given up 49 hours ago goes, one that was given up 47 hours ago stays.
    let [one, two, three, ..] = &left[..] else { panic!("{left:?}") };
    assert!(![one, two, three].map(|kept| kept.id.as_str()).contains(&of_live));
    let operator = house.operator();
    let ledger = operator.ledger_for_operator().await.unwrap();
    let now = SystemClock.now();
    for (id, hours) in [(&two.id, 49), (&three.id, 47)] {
        ledger.tombstone(id, &Principal::operator("alice"), now.plus_s(-hours * HOUR)).await.unwrap();
    }
    let (exit, shown) = house.talk(&["snapshot", "prune", "--execute"], &[]);
    assert!(exit == 0 && shown.contains("Files of 1 marked earlier were removed"), "{shown}");
    let files = stored(&house);
    assert!(!files.contains(two.id.as_str()), "{files:?}");
    assert!(
        files.contains(three.id.as_str()) && files.contains(one.id.as_str()) && files.contains(of_old),
        "{files:?}"
    );
    let (exit, shown) = house.talk(&["snapshot", "verify", one.id.as_str()], &[]);
    assert!(exit == 0 && shown.contains("VERIFIED"), "{shown}");
}

#[tokio::test]
async fn the_newest_verified_one_and_those_of_open_operations_stay() {
    let house = House::staging().await;
    let client = house.server().await;
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let plan = client.plan("forum", "v2025.01.13").await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let end = tokio::time::Instant::now() + std::time::Duration::from_secs(60);
    while house.sandbox.forum_starts() == 0 {
        assert!(tokio::time::Instant::now() < end, "{}", begun.text);
        tokio::time::sleep(std::time::Duration::from_millis(10)).await;
    }
    for _ in 0..2 {
        snapshot(&client, "forum").await;
    }
    // Three newer ones that were never proven by a restore.
    let verified = snapshots(&house, "forum").await;
    let operator = house.operator();
    let ledger = operator.ledger_for_operator().await.unwrap();
    for number in 1..=3 {
        let taken_at = SystemClock.now().plus_s(i64::from(number));
        let id = SnapshotId::new(&"forum".parse().unwrap(), taken_at, number);
        let unproven = SnapshotManifest { id, taken_at, level: SnapshotLevel::Dumped, ..verified[0].clone() };
        ledger.record_snapshot(&unproven).await.unwrap();
    }
    let all = snapshots(&house, "forum").await;
    let [d3, d2, d1, newest_verified, _, of_open] = ids(&all)[..] else { panic!("{:?}", ids(&all)) };
    prune(&house, "forum");
    assert_eq!(ids(&snapshots(&house, "forum").await), [d3, d2, d1, newest_verified, of_open]);
    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    assert_eq!(client.ended(begun.get("/operation/id")).await, "succeeded");
}
