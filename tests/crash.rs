//! kill -9 at every moment of every step: after the restart each operation has ended or waits for a human, the effect happened at
//! most once, and what users see is the old version or the new one.

use std::{path::PathBuf, process::Stdio};

use deploy_ops_mcp::demo::sandbox::{Approvals, Sandbox};
use serde_json::Value;
use tokio::process::Command;

use crate::support::{kept::Kept, lighthouse, postgres::Postgres, stage::program};

/// The helper that kills itself; built beside the tests by cargo.
fn helper() -> PathBuf {
    let mut path = program().to_path_buf();
    path.pop();
    path.join("examples").join("crash")
}

/// Runs the helper to its end. Returns whether it came there by itself, and what it said.
pub(crate) async fn run(sandbox: &Sandbox, arguments: &[&str]) -> (bool, String) {
    let output = Command::new(helper())
        .arg(&sandbox.config)
        .arg(program())
        .args(arguments)
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .output()
        .await
        .expect("examples/crash is built: run `cargo build --examples`");
    (output.status.success(), String::from_utf8_lossy(&output.stdout).into_owned())
}

/// Where the state lies.
#[derive(Clone, Copy)]
enum State {
    Sqlite,
    Postgres,
}

/// What every case of a scenario begins with: a version is live, two for a rollback.
async fn beginning(state: State, scenario: &str, service: &str) -> Kept {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
    let mut database = None;
    if let State::Postgres = state {
        let state = Postgres::start().await.database("state").await;
        state.keep_state_of(&sandbox);
        database = Some(state);
    }
    let versions: &[&str] = match scenario {
        "snapshot" => &[],
        "rollback" => &["v2025.01.13", "v2025.01.14"],
        _ => &["v2025.01.13"],
    };
    for version in versions {
        let (ok, out) = run(&sandbox, &["deploy", "-", "-", "-", service, version]).await;
        assert!(ok && out.contains("succeeded"), "{scenario} {service}: {out}");
    }
    Kept::of(directory, sandbox, database).await
}

/// One scenario, killed at one moment. Returns false when the scenario never gets there.
async fn case(
    kept: &Kept,
    scenario: &str,
    service: &str,
    version: &str,
    phase: &str,
    index: usize,
    point: usize,
) -> bool {
    kept.reset().await;
    let sandbox = &kept.sandbox;
    let name = format!("{scenario} {service} {version} {phase} {index}.{point}");
    let starts = sandbox.forum_starts();
    let (at, moment) = (index.to_string(), point.to_string());
    let subject = if service == "database" { "shop" } else { service };
    let (survived, _) = run(sandbox, &[scenario, phase, &at, &moment, subject, version]).await;
    if survived {
        return false;
    }
    let (ok, out) = run(sandbox, &["resume"]).await;
    assert!(ok, "{name}: the restart failed");
    let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
    for operation in &operations {
        let state = operation["state"].as_str().unwrap();
        let settled = matches!(state, "succeeded" | "failed" | "rolled_back" | "cancelled");
        assert!(settled, "{name}: {operation}");
    }
    if service == "forum" {
        assert!(sandbox.forum_starts() <= starts + 1, "{name}: the script ran twice");
    }
    if service != "database" {
        let root = sandbox.directory.join("srv").join(service);
        let page = ["current/index.html", "www/index.html"]
            .iter()
            .find_map(|page| std::fs::read_to_string(root.join(page)).ok())
            .unwrap_or_default();
        assert!(page.contains("v2025.01.13") || page.contains("v2025.01.14"), "{name}: {page}");
    }
    // The lock is free and nothing is frozen: whichever of the two is not live can be deployed.
    let page = std::fs::read_to_string(sandbox.directory.join("srv/shop/current/index.html")).unwrap_or_default();
    let other = if page.contains("v2025.01.14") { "v2025.01.13" } else { "v2025.01.14" };
    let (ok, out) = run(sandbox, &["deploy", "-", "-", "-", "shop", other]).await;
    assert!(ok && out.contains("succeeded"), "{name}: nothing can be deployed afterwards: {out}");
    true
}

/// Every step and every moment, until the scenario runs through.
async fn matrix(state: State, scenario: &str, service: &str, version: &str, phase: &str, at_least: usize) {
    let kept = beginning(state, scenario, service).await;
    let mut killed = 0;
    for index in 0.. {
        let mut reached = false;
        for point in 0..4 {
            // A step that does not come to its first moment comes to none.
            if !case(&kept, scenario, service, version, phase, index, point).await {
                break;
            }
            reached = true;
            killed += 1;
        }
        // Undo goes through the steps backwards and leaves out none but those that never began.
        if !reached && (phase == "do" || index > 9) {
            break;
        }
    }
    assert!(killed >= at_least, "{scenario} {service} {phase}: only {killed} kills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_release_deployment_is_killed_everywhere() {
    matrix(State::Sqlite, "deploy", "shop", "v2025.01.14", "do", 28).await;
}

/// Steps that only look at pages are made again, and the deployment comes to its end.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_killed_while_it_looks_at_pages() {
    for step in ["check_lighthouse", "check_visual"] {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
        lighthouse::look_at_shop(&sandbox);
        // Behind the intent, and behind the effect.
        for (version, point) in [("v2025.01.13", "1"), ("v2025.01.14", "2")] {
            let (survived, out) = run(&sandbox, &["deploy", step, "0", point, "shop", version]).await;
            assert!(!survived, "{step} {point}: {out}");
            let (ok, out) = run(&sandbox, &["resume"]).await;
            let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
            assert!(ok && operations.iter().all(|one| one["state"] == "succeeded"), "{step} {point}: {out}");
            let page = std::fs::read_to_string(sandbox.directory.join("srv/shop/current/index.html")).unwrap();
            assert!(page.contains(version), "{step} {point}: {page}");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_script_deployment_is_killed_everywhere() {
    matrix(State::Sqlite, "deploy", "forum", "v2025.01.14", "do", 16).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_automatic_rollback_is_killed_everywhere() {
    matrix(State::Sqlite, "deploy", "shop", "v2025.01.15", "undo", 24).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rollback_is_killed_everywhere() {
    matrix(State::Sqlite, "rollback", "shop", "", "do", 8).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_is_killed_everywhere() {
    matrix(State::Sqlite, "snapshot", "database", "", "do", 4).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_with_its_state_in_postgres_is_killed_everywhere() {
    matrix(State::Postgres, "deploy", "shop", "v2025.01.14", "do", 28).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_snapshot_with_its_state_in_postgres_is_killed_everywhere() {
    matrix(State::Postgres, "snapshot", "database", "", "do", 4).await;
}
