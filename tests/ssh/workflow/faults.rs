//! What happens between: the network is away, the server is killed, the host shows another key, its disk is full.

use std::time::Duration;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;

use super::site::{Site, library};
use crate::support::{
    cut::Way,
    mcp::Client,
    sshd::{KeyType, Sshd},
    wait::until,
};

/// How long the network is away: longer than any pause between attempts, or the minute of a real outage.
fn outage() -> Duration {
    Duration::from_secs(if is_slow() { 60 } else { 12 })
}

fn is_slow() -> bool {
    std::env::var_os("SLOW_TESTS").is_some_and(|value| value == "1")
}

/// Begins a deployment; its operation.
async fn begin(client: &Client, service: &str, version: &str) -> String {
    let plan = client.plan(service, version).await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    begun.get("/operation/id").to_owned()
}

/// Waits until the database is being updated by that version.
async fn until_updating(site: &Site, version: &str) {
    until(|| site.updates().lines().last().is_some_and(|last| last == version).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_outage_in_the_middle_repeats_and_loses_nothing() {
    let site = Site::new().await;
    let client = site.server().await;
    // In the middle of the transfer.
    let plan = client.plan("site", "v1").await;
    site.line.down_after_bytes(Way::ToServer, 400_000);
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    site.line.until_cut().await;
    tokio::time::sleep(Duration::from_secs(3)).await;
    site.line.up().await;
    site.ended(&client, begun.get("/operation/id"), "succeeded").await;
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");

    // While a script runs there, which goes on, and ends meanwhile.
    site.commit::<&str>(&[], 2);
    let hold = site.host.plant("site/shared/files/hold", "");
    let operation = begin(&client, "site", "v2").await;
    until_updating(&site, "v2").await;
    site.line.down().await;
    std::fs::remove_file(hold).unwrap();
    tokio::time::sleep(outage()).await;
    let waiting = client.call("operation_status", json!({ "operation": operation })).await;
    assert_eq!(waiting.get("/detail/operation/state"), "running", "{}", waiting.text);
    site.line.up().await;
    site.ended(&client, &operation, "succeeded").await;
    assert_eq!(site.page("site").await, "site v2, schema 9002, 100 nodes\n");
    assert_eq!(site.updates(), "v1\nv2\n", "nothing ran twice");
    site.assert_silent(&client);
}

/// Kills a server at once, and starts another.
async fn killed(site: &Site, client: Client) -> Client {
    kill_process(Pid::from_raw(client.server.try_into().unwrap()).unwrap(), Signal::KILL).unwrap();
    drop(client);
    site.server().await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_goes_on_where_it_was() {
    let site = Site::new().await;
    let client = site.server().await;
    // In the middle of the transfer: the line stands still, so that it is the middle.
    let plan = client.plan("site", "v1").await;
    site.line.down_after_bytes(Way::ToServer, 400_000);
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    site.line.until_cut().await;
    let mut client = killed(&site, client).await;
    site.line.up().await;
    site.ended(&client, begun.get("/operation/id"), "succeeded").await;
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");

    // While a script runs there, which does not notice.
    site.commit::<&str>(&[], 2);
    let hold = site.host.plant("site/shared/files/hold", "");
    let operation = begin(&client, "site", "v2").await;
    until_updating(&site, "v2").await;
    client = killed(&site, client).await;
    std::fs::remove_file(hold).unwrap();
    site.ended(&client, &operation, "succeeded").await;
    assert_eq!(site.page("site").await, "site v2, schema 9002, 100 nodes\n");
    assert_eq!(site.updates(), "v1\nv2\n", "nothing ran twice");

    // Between the switch and the reset of PHP's OPcache: on the way there, and on the way back of one that is broken.
    for (version, wanted, said) in [
        (3, "succeeded", "is live. PHP's OPcache was reset."),
        (4, "rolled_back", "is live again. PHP's OPcache was reset."),
    ] {
        site.commit(if version == 4 { &[("site/broken", "")][..] } else { &[] }, version);
        let hold = site.host.plant("hold", "v3");
        let operation = begin(&client, "site", &format!("v{version}")).await;
        until(|| std::fs::remove_file(site.host.path("held")).ok()).await;
        client = killed(&site, client).await;
        assert_ne!(site.resets().await, "", "what asks for the reset was there when the server was killed");
        std::fs::remove_file(hold).unwrap();
        let ended = site.ended(&client, &operation, wanted).await;
        assert!(ended.text.contains(said), "{}", ended.text);
        assert_eq!(site.resets().await, "");
    }
    assert_eq!(site.page("site").await, "site v3, schema 9004, 100 nodes\n");
    assert_eq!(site.updates(), "v1\nv2\nv3\nv4\n", "nothing ran twice");
    site.assert_silent(&client);
}

#[tokio::test(flavor = "multi_thread")]
async fn another_host_key_and_a_full_disk_stop_before_anything_live_is_touched() {
    let mut site = Site::on(Sshd::shape().disk(16 << 20)).await;
    let client = site.server().await;
    site.deploy(&client, "site", 1, "succeeded").await;

    // Sixteen megabytes are not enough for this, and that is known before anything begins.
    site.commit(&[("site/large", &"x".repeat(24 << 20))], 2);
    let refused = client.call("deploy_service", json!({ "service": "site", "version": "v2", "wait_s": 40 })).await;
    assert_eq!(refused.code(), "WORLD_FAILED", "{}", refused.text);
    assert!(refused.text.contains("Free space on the host"), "{}", refused.text);

    // They would be enough for this, if nobody filled the disk meanwhile: the line is away until that is done.
    let (_, large) = library(1000, 500_000);
    site.commit(&[("site/large", &large)], 3);
    let plan = client.plan("site", "v3").await;
    site.line.down_after_bytes(Way::ToServer, 1_000_000);
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    site.line.until_cut().await;
    let filling = format!("head -c 32M /dev/zero >.{}/filling", site.host.root());
    assert_ne!(site.host.as_root(&filling, "").await.code, Some(0), "the disk is not full");
    site.line.up().await;
    let full = site.ended(&client, begun.get("/operation/id"), "failed").await;
    assert!(full.text.contains("the disk is full. Fix: Free space on the host"), "{}", full.text);
    assert!(!full.text.contains("No space left"), "{}", full.text);
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");
    assert_eq!(site.updates(), "v1\n");
    std::fs::remove_file(site.host.path("filling")).unwrap();

    site.commit(&[("site/large", "small")], 4);
    let plan = client.plan("site", "v4").await;
    site.host.replace_host_key(KeyType::Ecdsa).await;
    site.line.cut();
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "HOST_KEY_MISMATCH", "{}", refused.text);
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");
    assert_eq!(site.updates(), "v1\n");
    site.assert_silent(&client);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_far_host_costs_time_and_nothing_else() {
    let site = Site::new().await;
    // How long each byte is on its way: as in one country, or as between continents.
    site.line.latency(Duration::from_millis(if is_slow() { 60 } else { 5 }));
    let client = site.server().await;
    site.deploy(&client, "site", 1, "succeeded").await;
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");
    let seen = client.call("run_smoke", json!({ "services": ["site"], "all_checks": true })).await;
    assert!(seen.status().starts_with("PASS"), "{}", seen.text);
    site.assert_silent(&client);
}
