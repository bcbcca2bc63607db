//! kill -9 at every moment of a step that tells GitHub something: after the restart it was told once.

use deploy_ops_mcp::demo::sandbox::{Approvals, Sandbox};
use serde_json::{Value, json};

use crate::{
    crash::run,
    support::{
        github::GitHub,
        on_github::{comments, connect, issues_with, object, repository},
        stage::program,
    },
};

async fn sandbox() -> (tempfile::TempDir, Sandbox, GitHub) {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
    let github = GitHub::start().await;
    connect(&sandbox, &github);
    (directory, sandbox, github)
}

/// The call is killed at that moment of that step; then everything that is left goes on to a good end.
async fn killed(sandbox: &Sandbox, scenario: &str, index: usize, point: usize, tool: &str, arguments: &Value) {
    let (at, moment) = (index.to_string(), point.to_string());
    let (survived, out) = run(sandbox, &[scenario, "do", &at, &moment, tool, &arguments.to_string()]).await;
    assert!(!survived, "{tool} {index}.{point} did not get there: {out}");
    let (ok, out) = run(sandbox, &["resume"]).await;
    assert!(ok, "{tool} {index}.{point}: the restart failed");
    let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
    assert_eq!(operations[0]["state"], "succeeded", "{tool} {index}.{point}: {}", operations[0]);
}

/// The last operation that is a deployment.
async fn last_deployment(sandbox: &Sandbox) -> String {
    let (ok, out) = run(sandbox, &["resume"]).await;
    assert!(ok);
    let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
    let deployment = operations.iter().find(|operation| operation["kind"] == "deploy").unwrap();
    deployment["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_comment_and_its_issue_are_killed_everywhere() {
    let (_directory, sandbox, github) = sandbox().await;
    let (ok, out) = run(&sandbox, &["deploy", "-", "-", "-", "forum", "v2025.01.13"]).await;
    assert!(ok && out.contains("succeeded"), "{out}");
    let operation = last_deployment(&sandbox).await;
    for index in 0..2 {
        for point in 0..4 {
            let issue = repository(&github, |repository| repository.issue("ada", "Deployments", &["deployment"]));
            let close =
                json!({ "mode": "close", "service": "forum", "operation": operation, "issue": issue, "wait_s": 40 });
            killed(&sandbox, "call", index, point, "deployment_issues", &close).await;
            assert_eq!(comments(&github, issue).len(), 1, "{index}.{point}");
            assert_eq!(repository(&github, |repository| repository.issue_mut(issue)["state"].clone()), "closed");
        }
    }
    assert_eq!(github.count("POST comments"), 8);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn an_incident_is_killed_everywhere() {
    let (_directory, sandbox, github) = sandbox().await;
    for version in ["v2025.01.14", "v2025.01.15"] {
        let (ok, out) = run(&sandbox, &["deploy", "-", "-", "-", "shop", version]).await;
        assert!(ok, "{out}");
    }
    let operation = last_deployment(&sandbox).await;
    for point in 0..4 {
        let incident = json!({ "mode": "open_incident", "service": "shop", "operation": operation, "wait_s": 40 });
        killed(&sandbox, "call", 0, point, "deployment_issues", &incident).await;
        let found = issues_with(&github, &format!("{operation}:incident"));
        assert_eq!(found.len(), 1, "{point}");
        // As if it had never been told.
        repository(&github, |repository| repository.issue_mut(found[0].0)["body"] = Value::Null);
    }
    assert_eq!(github.count("POST issues"), 4);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_tag_is_killed_everywhere() {
    let (_directory, sandbox, github) = sandbox().await;
    let commit = object(&sandbox, "HEAD");
    for point in 0..4 {
        let tag = format!("v2025.03.0{point}");
        let arguments = json!({ "service": "shop", "tag": tag, "commit": commit });
        killed(&sandbox, "execute", 0, point, "create_tag", &arguments).await;
        let there = repository(&github, |repository| repository.tag_target(&tag).map(str::to_owned));
        assert_eq!(there, Some(object(&sandbox, &format!("refs/tags/{tag}"))), "{point}");
    }
    assert_eq!(github.count("POST git/refs"), 4);
}
