//! GitHub is told by the server itself: progress and deployments, incidents and their ends, each once.

use deploy_ops_mcp::domain::principal::Principal;
use serde_json::json;

use crate::support::{
    github::{Fault, GitHub},
    mcp::{Client, House},
    on_github::{comments, deploy, deployments, issues_with, repository, telling_house},
    wait::{until, until_async},
};

/// The marker of the issue about all deployments of a service.
fn log_of(service: &str) -> String {
    format!("<!-- deploy-ops:deployments:{service}:production -->")
}

/// What `operation_status` says about telling.
async fn how(client: &Client, operation: &str) -> String {
    let status = client.call("operation_status", json!({ "operation": operation, "wait_s": 0 })).await;
    status.get("/detail/github").to_owned()
}

async fn told(client: &Client, operation: &str) {
    until_async(async || (how(client, operation).await == "told").then_some(())).await;
}

/// The only issue about all deployments of a service.
fn log_issue(github: &GitHub, service: &str) -> u64 {
    let found = issues_with(github, &log_of(service));
    assert_eq!(found.len(), 1, "{found:?}");
    found[0].0
}

/// The only comment about an operation in an issue.
fn comment(github: &GitHub, issue: u64, operation: &str) -> String {
    let marker = format!("<!-- deploy-ops:{operation}:metrics -->");
    let mut ours: Vec<String> = comments(github, issue).into_iter().filter(|body| body.starts_with(&marker)).collect();
    assert_eq!(ours.len(), 1, "{ours:?}");
    ours.remove(0)
}

/// No text on GitHub holds a secret.
fn is_clean(house: &House, github: &GitHub) {
    let asked: String = github.log().iter().map(|asked| format!("{} {}\n", asked.path, asked.body)).collect();
    for canary in github.canaries().iter().chain([&house.sandbox.canary]) {
        assert!(!asked.contains(canary), "a secret went out");
    }
}

async fn doctor(house: &House) -> String {
    let mut command = tokio::process::Command::new(crate::support::stage::program());
    let output = command.args(["doctor", "--config"]).arg(&house.sandbox.config).output().await.unwrap();
    String::from_utf8([output.stdout, output.stderr].concat()).unwrap()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_deployment_is_told_from_its_beginning_to_its_end() {
    let (house, github) = telling_house().await;
    // Two servers share the state; what is told is told once.
    let (client, _other) = (house.server().await, house.server().await);
    std::fs::write(house.sandbox.hold_file(), "").unwrap();
    let plan = client.plan("forum", "v2025.01.13").await;
    let begun = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 0 })).await;
    let operation = begun.get("/operation/id").to_owned();
    // A step that runs is seen while it runs.
    let script = "run deployment-scripts/deploy-forum.sh";
    let body = until(|| {
        let (issue, ..) = issues_with(&github, &log_of("forum")).pop()?;
        let body = comments(&github, issue).pop()?;
        body.lines().any(|line| line.contains(script) && line.contains("| running |")).then_some(body)
    })
    .await;
    assert!(body.contains("forum v2025.01.13 in production: running") && body.contains("| done |"), "{body}");
    assert_eq!(deployments(&github, &operation), [["queued", "in_progress"]]);
    assert_eq!(how(&client, &operation).await, "told so far");

    std::fs::remove_file(house.sandbox.hold_file()).unwrap();
    assert_eq!(client.ended(&operation).await, "succeeded");
    told(&client, &operation).await;
    let issue = log_issue(&github, "forum");
    let body = comment(&github, issue, &operation);
    assert!(body.contains("forum v2025.01.13 in production: succeeded") && body.contains("duration_ms"), "{body}");
    assert!(!body.contains("| running |"), "{body}");
    assert_eq!(deployments(&github, &operation), [["queued", "in_progress", "success"]]);

    // The next one has a comment of its own in the same issue, and the deployment that it replaced is not live any more.
    let next = deploy(&client, "forum", "v2025.01.14").await;
    told(&client, &next).await;
    assert!(comment(&github, log_issue(&github, "forum"), &next).contains("succeeded"));
    assert_eq!(deployments(&github, &operation)[0].last().unwrap(), "inactive");
    assert_eq!(deployments(&github, &next)[0].last().unwrap(), "success");
    assert_eq!((github.count("POST issues"), github.count("POST comments")), (1, 2));
    assert!(issues_with(&github, ":incident").is_empty());
    is_clean(&house, &github);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_broken_release_opens_one_incident_and_the_next_good_one_closes_it() {
    let (house, github) = telling_house().await;
    let client = house.server().await;
    let good = deploy(&client, "shop", "v2025.01.13").await;
    let broken = deploy(&client, "shop", "v2025.01.15").await;
    told(&client, &broken).await;
    let found = issues_with(&github, &format!("{broken}:incident"));
    let [(incident, title, body)] = &found[..] else { panic!("{found:?}") };
    assert!(title.starts_with("Incident: shop v2025.01.15"), "{title}");
    assert!(body.contains("#### Timeline") && body.contains("#### What may have caused it"), "{body}");
    let labels = repository(&github, |repository| repository.issue_mut(*incident)["labels"].clone());
    assert!(labels[0]["name"] == "deployment" && labels[1]["name"] == "incident", "{labels}");
    assert_eq!(deployments(&github, &broken)[0].last().unwrap(), "failure");
    assert_eq!(deployments(&github, &good)[0].last().unwrap(), "success", "it is live again");

    // Somebody else's incident, and that of another service, are none of its business.
    let strange = repository(&github, |repository| repository.issue("eve", "Incident", &["deployment", "incident"]));
    let state = |issue: u64| repository(&github, |repository| repository.issue_mut(issue)["state"].clone());
    let beside = deploy(&client, "forum", "v2025.01.13").await;
    told(&client, &beside).await;
    assert_eq!(state(*incident), json!("open"), "another service went well");
    let fixed = deploy(&client, "shop", "v2025.01.14").await;
    told(&client, &fixed).await;
    assert_eq!((state(*incident), state(strange)), (json!("closed"), json!("open")));
    assert!(comment(&github, *incident, &fixed).contains("shop v2025.01.14 in production: succeeded"));
    let order: Vec<_> =
        github.log().iter().filter(|asked| asked.method != "GET").map(|asked| asked.path.clone()).collect();
    let last = |end: &str| order.iter().rposition(|path| path.ends_with(end)).unwrap();
    assert!(last(&format!("/issues/{incident}/comments")) < last(&format!("/issues/{incident}")), "{order:?}");
    assert_eq!(deployments(&github, &good)[0].last().unwrap(), "inactive");
    assert_eq!(github.count("POST issues"), 3, "the incident, and the issues about all deployments of each service");
    is_clean(&house, &github);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_happened_while_github_was_down_is_told_once_when_it_is_back() {
    let (house, github) = telling_house().await;
    github.down();
    let client = house.server().await;
    let broken = deploy(&client, "shop", "v2025.01.15").await;
    let why = until_async(async || Some(how(&client, &broken).await).filter(|how| how.contains(':'))).await;
    assert!(why.starts_with("not told yet: ") && why.contains("GitHub cannot be reached"), "{why}");
    let said = doctor(&house).await;
    assert!(said.contains(&format!("operation {broken}: not told yet")), "{said}");
    assert!(issues_with(&github, "").is_empty());
    drop(client);

    // Whoever starts finds what is owed; of several, one tells it.
    github.mend();
    let (client, other) = (house.server().await, house.server().await);
    tokio::join!(told(&client, &broken), told(&other, &broken));
    let fixed = deploy(&other, "shop", "v2025.01.14").await;
    told(&client, &fixed).await;
    let incident = issues_with(&github, &format!("{broken}:incident"));
    assert_eq!(incident.len(), 1);
    assert_eq!(repository(&github, |repository| repository.issue_mut(incident[0].0)["state"].clone()), "closed");
    let issue = log_issue(&github, "shop");
    for operation in [&broken, &fixed] {
        comment(&github, issue, operation);
        assert_eq!(deployments(&github, operation).len(), 1);
    }
    assert_eq!(github.count("POST issues"), 2);
    assert!(!doctor(&house).await.contains("not told yet"));
    is_clean(&house, &github);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_is_told_while_changes_are_halted_and_all_of_it_once_afterwards() {
    let (house, github) = telling_house().await;
    let alice = Principal::operator("alice");
    let client = house.server().await;
    github.down();
    let broken = deploy(&client, "shop", "v2025.01.15").await;
    until_async(async || how(&client, &broken).await.starts_with("not told yet: ").then_some(())).await;
    house.operator().halt(&alice, "flood").await.unwrap();
    // What was being told when the halt came may still arrive: GitHub comes back when nobody is there who could.
    client.end().await;
    github.mend();
    let written = || github.log().iter().filter(|asked| asked.method != "GET" && asked.status != 0).count();
    // A server that starts tries at once, and one that ends once more before it does.
    for _ in 0..2 {
        let client = house.server().await;
        assert!(how(&client, &broken).await.starts_with("not told yet"));
        client.end().await;
    }
    assert_eq!(written(), 0, "{:?}", github.log());
    assert!(doctor(&house).await.contains(&format!("operation {broken}: not told yet")));

    // A server that was there all the time goes on, and so does one that starts afterwards.
    let client = house.server().await;
    how(&client, &broken).await;
    house.operator().resume_changes(&alice).await.unwrap();
    let other = house.server().await;
    tokio::join!(told(&client, &broken), told(&other, &broken));
    assert_eq!((github.count("POST issues"), github.count("POST comments")), (2, 1), "an incident, and the comment");
    assert_eq!(issues_with(&github, &format!("{broken}:incident")).len(), 1);
    comment(&github, log_issue(&github, "shop"), &broken);
    assert_eq!(deployments(&github, &broken), [["queued", "failure"]]);
    is_clean(&house, &github);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn answers_that_are_lost_repeat_nothing() {
    let (house, github) = telling_house().await;
    for write in ["POST deployments", "POST deployments/{deployment_id}/statuses", "POST issues", "POST comments"] {
        github.fault_once(write, 1, Fault::Lost);
    }
    let client = house.server().await;
    let broken = deploy(&client, "shop", "v2025.01.15").await;
    told(&client, &broken).await;
    comment(&github, log_issue(&github, "shop"), &broken);
    assert_eq!(issues_with(&github, &format!("{broken}:incident")).len(), 1);
    let statuses = deployments(&github, &broken);
    assert!(statuses.len() == 1 && statuses[0].iter().filter(|state| *state == "failure").count() == 1, "{statuses:?}");
    assert_eq!(statuses[0].iter().filter(|state| *state == "queued").count(), 1, "{statuses:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_the_token_may_not_say_is_told_to_the_operator_and_not_tried_for_ever() {
    let (house, github) = telling_house().await;
    let permit = |level: &str| {
        github.edit(|world| {
            let token = world.tokens.remove(0);
            world.tokens.insert(0, token.allow("issues", level));
        });
    };
    permit("read");
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    let refused = || github.asked("POST issues").iter().filter(|asked| asked.status == 403).count();
    let last_words = async |operation: &str| {
        until_async(async || Some(how(&client, operation).await).filter(|how| how.starts_with("refused"))).await
    };
    let why = last_words(&operation).await;
    assert!(why.starts_with("refused once: comment: ") && why.contains("lacks a permission"), "{why}");
    assert_eq!(deployments(&github, &operation)[0].last().unwrap(), "success", "one part does not keep the others");
    assert!(doctor(&house).await.contains(&why));
    // At its beginning and at its end. What is tried next waits for a minute, or for the next start.
    let tried = refused();
    assert!((1..=2).contains(&tried), "{tried}");
    let next = deploy(&client, "forum", "v2025.01.14").await;
    last_words(&next).await;
    assert!(refused() <= tried + 3, "{}", refused());

    permit("write");
    let again = house.server().await;
    told(&again, &operation).await;
    told(&again, &next).await;
    assert_eq!(github.count("POST issues") - refused(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn environments_that_are_not_named_are_not_told() {
    let (house, github) = telling_house().await;
    house.configure(|text| text.replace("tell = [\"production\"]\n", ""));
    let client = house.server().await;
    let operation = deploy(&client, "forum", "v2025.01.13").await;
    assert_eq!(how(&client, &operation).await, "");
    assert!(github.log().iter().all(|asked| asked.method == "GET"), "{:?}", github.log());
}
