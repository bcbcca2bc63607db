//! By release: sent, migrated in its directory, switched, checked from the host, taken back.

use serde_json::json;

use super::site::Site;
use crate::support::cut::Way;

#[tokio::test(flavor = "multi_thread")]
async fn a_site_is_deployed_by_release_and_a_broken_one_takes_itself_back() {
    let site = Site::new().await;
    let client = site.server().await;

    // Read, rehearse.
    let script = json!({ "service": "site", "path": "scripts/updatedb.sh", "version": "v1" });
    let script = client.call("read_file", script).await;
    assert!(script.text.contains("exec php updatedb.php"), "{}", script.text);
    let dry = client.call("deploy_service", json!({ "service": "site", "version": "v1", "wait_s": 40 })).await;
    assert!(dry.blockers().is_empty() && !dry.is_error, "{}", dry.text);
    assert!(dry.text.contains("1 migrations are pending: site=9001"), "{}", dry.text);
    assert!(!site.host.path("site/releases").exists(), "a dry run changes nothing");
    assert_eq!(site.updates(), "");

    // Snapshot, send, migrate, switch, check.
    let before = site.line.passed(Way::ToServer);
    let done = client.execute("deploy_service", dry.get("/plan/id")).await;
    let done = site.ended(&client, done.get("/operation/id"), "succeeded").await;
    let first = site.line.passed(Way::ToServer) - before;
    assert_eq!(site.page("site").await, "site v1, schema 9001, 100 nodes\n");
    assert_eq!(site.updates(), "v1\n", "it ran in the new release");
    for wanted in [
        "is live. PHP's OPcache was reset.",
        "of site is verified",
        "restored and equal",
        "migrations went from",
        "2 of 2 smoke checks passed",
    ] {
        assert!(done.text.contains(wanted), "{wanted}: {}", done.text);
    }
    let asked = client.call("run_smoke", json!({ "services": ["site"], "all_checks": true })).await;
    assert!(asked.status().starts_with("PASS") && asked.text.contains("HTTP 200 through host web"), "{}", asked.text);
    let applied = client.call("inspect_db", json!({ "databases": ["site"], "section": "migrations" })).await;
    assert!(applied.text.contains("site=9001"), "{}", applied.text);

    // The next one sends what changed.
    site.commit(&[("site/core/lib-0.inc", "changed")], 2);
    let before = site.line.passed(Way::ToServer);
    site.deploy(&client, "site", 2, "succeeded").await;
    let second = site.line.passed(Way::ToServer) - before;
    assert!(first > second + 1_800_000, "{first} bytes, then {second}: what is there already is not sent again");
    assert_eq!(site.inode(1, "core/lib-1.inc"), site.inode(2, "core/lib-1.inc"));
    assert_ne!(site.inode(1, "core/lib-0.inc"), site.inode(2, "core/lib-0.inc"));
    assert_eq!(site.page("site").await, "site v2, schema 9002, 100 nodes\n");

    // A broken one goes back by itself. What users wrote and the schema stay.
    site.mariadb.execute_in(&site.database, "INSERT INTO node (title) VALUES ('written meanwhile')").await;
    site.commit(&[("site/broken", "")], 3);
    let back = site.deploy(&client, "site", 3, "rolled_back").await;
    assert!(back.text.contains("HTTP 500 through host web"), "{}", back.text);
    assert_eq!(site.page("site").await, "site v2, schema 9003, 101 nodes\n");
    let again = client.call("deploy_service", json!({ "service": "site", "version": "v3", "wait_s": 40 })).await;
    assert!(again.blockers().contains(&"VERSION_ROLLED_BACK"), "{}", again.text);
    let refused = client.execute("deploy_service", again.get("/plan/id")).await;
    assert_eq!(refused.code(), "VERSION_ROLLED_BACK", "{}", refused.text);

    // Back to the first.
    let dry = client.call("rollback", json!({ "service": "site", "version": "v1", "wait_s": 40 })).await;
    let done = client.execute("rollback", dry.get("/plan/id")).await;
    site.ended(&client, done.get("/operation/id"), "succeeded").await;
    assert_eq!(site.page("site").await, "site v1, schema 9003, 101 nodes\n");
    assert_eq!(site.updates(), "v1\nv2\nv3\n");
    assert_eq!(site.resets().await, "", "what resets the OPcache is gone");

    // Four reports, each in two forms; the log of the site; its settings by name.
    let reports = std::fs::read_dir(site.house.path("quality-reports")).unwrap().map(|entry| entry.unwrap().path());
    let reports = reports.filter(|path| path.extension().is_some_and(|ending| ending == "md"));
    let reports: Vec<String> = reports.map(|path| std::fs::read_to_string(path).unwrap()).collect();
    assert_eq!(reports.len(), 4, "{reports:?}");
    let of_third: Vec<&String> = reports.iter().filter(|text| text.contains("0 of 2 smoke checks passed")).collect();
    assert_eq!(of_third.len(), 1, "{reports:?}");
    let found =
        client.call("search_logs", json!({ "root": "site", "path": "logs/site.log", "pattern": "uncaught" })).await;
    assert!(
        found.structured["matches"].as_u64().unwrap() > 0 && found.text.contains("Bearer [redacted]"),
        "{}",
        found.text
    );
    let settings = client.call("read_file", json!({ "root": "site", "path": ".env" })).await;
    for key in ["DB_USER", "DB_PASSWORD", "DB_PORT", "API_TOKEN"] {
        assert!(settings.text.contains(key), "{}", settings.text);
    }
    assert!(!settings.text.contains(&site.database.user), "{}", settings.text);
    site.assert_silent(&client);
}
