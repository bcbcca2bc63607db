//! The sandbox of `demo --serve` goes with its server, whatever ends that.

use std::path::Path;

use rustix::process::{Pid, Signal, kill_process};
use serde_json::json;
use tokio::process::Command;

use crate::support::{mcp::Client, stage::program, wait::until};

/// A server of its own sandbox, in that directory of temporary files.
async fn serving(temporary: &Path, more: &[&str]) -> Client {
    let mut command = Command::new(program());
    command.args(["demo", "--serve"]).args(more).env("TMPDIR", temporary);
    let client = Client::start(command).await;
    let seen = client.call("list_services", json!({})).await;
    assert!(seen.text.contains("shop"), "{}", seen.text);
    client
}

fn is_empty(directory: &Path) -> bool {
    std::fs::read_dir(directory).unwrap().next().is_none()
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_no_sandbox() {
    let temporary = tempfile::tempdir().unwrap();
    let client = serving(temporary.path(), &[]).await;
    assert!(!is_empty(temporary.path()));
    client.end().await;
    assert!(is_empty(temporary.path()));
}

#[tokio::test]
async fn a_signal_leaves_no_sandbox() {
    let ended = [Signal::TERM, Signal::INT].map(async |signal| {
        let temporary = tempfile::tempdir().unwrap();
        let client = serving(temporary.path(), &[]).await;
        kill_process(Pid::from_raw(client.server.try_into().unwrap()).unwrap(), signal).unwrap();
        until(|| is_empty(temporary.path()).then_some(())).await;
        client.end().await;
    });
    futures::future::join_all(ended).await;
}

#[tokio::test]
async fn a_sandbox_that_is_to_be_kept_or_has_a_place_stays() {
    let (temporary, place) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let there = place.path().display().to_string();
    let there = ["--directory", &there];
    let (kept, placed) = tokio::join!(serving(temporary.path(), &["--keep"]), serving(temporary.path(), &there));
    tokio::join!(kept.end(), placed.end());
    let left = std::fs::read_dir(temporary.path()).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>();
    assert!(matches!(left.as_slice(), [one] if one.join("deploy-ops.toml").exists()), "{left:?}");
    assert!(place.path().join("deploy-ops.toml").exists());
}
