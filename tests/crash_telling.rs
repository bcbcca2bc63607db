//! kill -9 around everything that GitHub is told: after the restart it was told once.

use deploy_ops_mcp::demo::sandbox::{Approvals, Sandbox};
use serde_json::Value;

use crate::{
    crash::run,
    support::{
        github::GitHub,
        on_github::{comments, connect, deployments, issues_with, repository, tell},
        stage::program,
    },
};

/// The moments before and after the effect of a step.
const BEFORE: &str = "1";
const AFTER: &str = "2";

/// Deploys and is killed at the first of these moments, at each restart at the next one, and then no more. The operation.
async fn killed(sandbox: &Sandbox, version: &str, moments: &[(&str, &str)]) -> String {
    for (at, (step, point)) in moments.iter().enumerate() {
        let scenario = if at == 0 { "deploy" } else { "resume" };
        let (survived, out) = run(sandbox, &[scenario, step, "0", point, "shop", version]).await;
        assert!(!survived, "{version}: {step} {point} did not come: {out}");
    }
    let (ok, out) = run(sandbox, &["resume"]).await;
    assert!(ok, "{version}: the restart failed");
    let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
    let last = operations.iter().find(|operation| operation["kind"] == "deploy").unwrap();
    last["id"].as_str().unwrap().to_owned()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_is_told_once_whenever_the_server_is_killed() {
    let directory = tempfile::tempdir().unwrap();
    let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
    let github = GitHub::start().await;
    connect(&sandbox, &github);
    tell(&sandbox, &github);
    let moments = [
        ("tell_deployment", BEFORE),
        ("tell_deployment", AFTER),
        ("tell_progress", BEFORE),
        ("tell_progress", AFTER),
        ("open_incident", BEFORE),
        ("open_incident", AFTER),
    ];
    let broken = killed(&sandbox, "v2025.01.15", &moments).await;
    let moments =
        [("comment_issue", BEFORE), ("comment_issue", AFTER), ("close_issue", BEFORE), ("close_issue", AFTER)];
    let fixed = killed(&sandbox, "v2025.01.14", &moments).await;

    let [(log, ..)] = issues_with(&github, "<!-- deploy-ops:deployments:shop:production -->")[..] else { panic!() };
    let [(incident, ..)] = issues_with(&github, ":incident -->")[..] else { panic!() };
    let about = |issue: u64, operation: &str| {
        let marker = format!("<!-- deploy-ops:{operation}:metrics -->");
        comments(&github, issue).iter().filter(|body| body.starts_with(&marker)).count()
    };
    assert_eq!((about(log, &broken), about(log, &fixed), about(incident, &fixed)), (1, 1, 1));
    assert_eq!(repository(&github, |repository| repository.issue_mut(incident)["state"].clone()), "closed");
    assert_eq!((github.count("POST issues"), github.count("POST comments")), (2, 3));
    for (operation, end) in [(&broken, "failure"), (&fixed, "success")] {
        let statuses = deployments(&github, operation);
        assert_eq!(statuses.len(), 1, "{operation}");
        let ends = statuses[0].iter().filter(|state| *state == end).count();
        assert!(ends == 1 && statuses[0].last().unwrap() == end, "{operation}: {statuses:?}");
    }
    let (ok, _) = run(&sandbox, &["resume"]).await;
    assert!(ok);
    assert_eq!((github.count("POST issues"), github.count("POST comments")), (2, 3), "nothing is owed any more");
}
