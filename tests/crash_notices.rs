//! kill -9 around everything that channels are told: after the restart nothing is lost, and a receiver that keeps the keys hears of
//! everything once.

use std::{collections::BTreeMap, os::unix::fs::PermissionsExt};

use deploy_ops_mcp::demo::sandbox::{Approvals, Sandbox};

use crate::{
    crash::run,
    support::{
        stage::program,
        stand_in::{StandIn, status},
    },
};

/// The moments before a message goes out, and after it came but before that is known.
const BEFORE: &str = "1";
const AFTER: &str = "2";

/// How often each key came, and how many bodies came under it.
fn came(receiver: &StandIn) -> BTreeMap<String, (usize, usize)> {
    let mut bodies: BTreeMap<String, Vec<Vec<u8>>> = BTreeMap::new();
    for asked in receiver.asked() {
        bodies.entry(asked.header("idempotency-key").to_owned()).or_default().push(asked.body);
    }
    let count = |mut bodies: Vec<Vec<u8>>| {
        let all = bodies.len();
        bodies.sort();
        bodies.dedup();
        (all, bodies.len())
    };
    bodies.into_iter().map(|(key, bodies)| (key, count(bodies))).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_lost_and_everything_has_one_key_whenever_the_server_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
    let receiver = StandIn::start(|_| status(200, "")).await;
    let secret = sandbox.directory.join("secrets/hook");
    std::fs::write(&secret, receiver.url()).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string(&sandbox.config).unwrap();
    let text = text.replace("[secrets]", &format!("[secrets]\nHOOK = \"file:{}\"", secret.display()));
    let notify = "[environments.production]\nnotify = [{ channel = \"team\" }]";
    let text = text.replace("[environments.production]", notify);
    std::fs::write(&sandbox.config, format!("{text}\n[notify.team]\nkind = \"webhook\"\nurl = \"HOOK\"\n")).unwrap();

    // Each run dies at its moment, after so many messages; the next one goes on, and dies at the next.
    let moments = [("0", BEFORE), ("0", AFTER), ("1", BEFORE), ("0", AFTER)];
    for (at, (passes, point)) in moments.iter().enumerate() {
        let scenario = if at == 0 { "deploy" } else { "resume" };
        let (survived, out) = run(&sandbox, &[scenario, "notify", passes, point, "shop", "v2025.01.14"]).await;
        assert!(!survived, "{at}: that moment did not come: {out}");
    }
    let (ok, out) = run(&sandbox, &["resume"]).await;
    assert!(ok, "the restart failed: {out}");
    let operations: Vec<serde_json::Value> = serde_json::from_str(&out).unwrap();
    let deployment = operations.iter().find(|operation| operation["kind"] == "deploy").unwrap();
    assert_eq!(deployment["state"], "succeeded", "{out}");
    let id = deployment["id"].as_str().unwrap();
    let all = came(&receiver);
    let keys: Vec<&str> = all.keys().map(String::as_str).collect();
    assert_eq!(keys, [format!("{id}:started"), format!("{id}:succeeded")], "{all:?}");
    // Killed behind a message, it comes again, and is the same.
    assert!(all.values().all(|came| *came == (2, 1)), "{all:?}");
    let (ok, _) = run(&sandbox, &["resume"]).await;
    assert!(ok);
    assert_eq!(came(&receiver), all, "nothing is owed any more");
}
