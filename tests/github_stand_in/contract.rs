//! Each route is in the description, and each answer fits it.

use std::{collections::BTreeSet, sync::Arc};

use reqwest::Method;
use serde_json::{Value, json};

use super::{Answer, Curl};
use crate::support::github::{Contract, GitHub, World, served};

const SHOP: &str = "acme/shop";

/// Where there is one thing here, or one thing ever that lists others.
const ALONE: &[&str] = &[
    "GET /repos/{owner}/{repo}/commits/{ref}",
    "GET /repos/{owner}/{repo}/commits/{ref}/check-suites",
    "GET /repos/{owner}/{repo}/compare/{basehead}",
];

/// What stands in the place of a template's names.
struct Names(Vec<(&'static str, String)>);

impl Names {
    fn path(&self, template: &str) -> String {
        self.0.iter().fold(template.to_owned(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value))
    }
}

/// Something of every kind, twice where it can be listed.
fn furnish(world: &mut World) -> Names {
    world.team("acme", "web", &["ada", "grace"]);
    for name in ["MAIL_PASSWORD", "API_KEY"] {
        world.organisation_secret("acme", name, "2026-01-05T10:00:00Z");
        world.organisation_variable("acme", name, "eu", "2026-01-05T10:00:00Z");
    }
    let shop = world.repository(SHOP);
    shop.collaborator("ada", "admin");
    shop.file("CODEOWNERS", "* @acme/web\n");
    shop.file("docs/a.md", "a");
    let first = shop.commit("main", "Look at the cart");
    let head = shop.commit("main", "Mend the cart");
    shop.commit("side/way", "Try something");
    shop.tag("v1.0.0", &head);
    let tag_object = shop.annotated_tag("v1.1.0", &head);
    shop.protect_branch("main", &["test"], 2);
    for name in ["test", "lint"] {
        shop.check_run(&head, name, "success");
        shop.check_run(&head, name, "in_progress");
        shop.status(&head, name, "pending");
    }
    let workflow = shop.workflow("CI", "ci.yml");
    shop.workflow("Nightly", "nightly.yml");
    let runs = [shop.run(workflow, &head, "success"), shop.run(workflow, &head, "queued")];
    for name in ["build", "test"] {
        shop.job(runs[0], name, "success");
        shop.artifact(runs[0], name, b"PK");
    }
    let artifact = shop.artifact(runs[0], "site", b"PK");
    shop.approve_run(runs[0], "production", "ada", "approved", "Looks good");
    shop.pend_run(runs[0], "production", &["ada"]);
    let pull = shop.merged_pull("ada", "Mend the cart", &head, "grace");
    for title in ["Another way", "And another"] {
        shop.pull("grace", title, &head);
    }
    shop.pull_commits(pull, &[&first, &head]);
    shop.pull_files(pull, &["src/cart.js", "src/shop.js"]);
    shop.review(pull, "grace", "APPROVED");
    shop.review(pull, "linus", "CHANGES_REQUESTED");
    for state in ["open", "dismissed"] {
        shop.dependabot_alert("critical", state);
        shop.code_alert("high", state);
    }
    shop.secret_alert("open");
    shop.secret_alert("resolved");
    for name in ["MAIL_PASSWORD", "API_KEY"] {
        let at = "2026-01-05T10:00:00Z";
        shop.secret(name, at);
        shop.dependabot_secret(name, at);
        shop.granted_secret(name, at);
        shop.variable(name, "eu", at);
        shop.granted_variable(name, "eu", at);
        shop.environment_secret("production", name, at);
        shop.environment_variable("production", name, "eu", at);
    }
    shop.protect_environment("production", &["ada"], true);
    shop.environment("staging");
    let deployment = shop.deployment("ada", "production", &head);
    shop.deployment("ada", "staging", &head);
    shop.deployment_status(deployment, "ada", "in_progress");
    shop.deployment_status(deployment, "ada", "success");
    let issue = shop.issue("ada", "The cart is slow", &["incident", "cart"]);
    let comment = shop.comment(issue, "grace", "It is the database.");
    shop.comment(issue, "ada", "Thanks.");
    shop.issue("ada", "The search is slow", &["incident"]);
    let release = shop.release("v1.0.0")["id"].to_string();
    shop.release("v1.1.0");
    let asset = shop.asset("v1.0.0", "shop.tar.gz", b"bytes");
    shop.asset("v1.0.0", "shop.tar.gz.sha256", b"digest");
    Names(vec![
        ("archive_format", "zip".to_owned()),
        ("artifact_id", artifact.to_string()),
        ("asset_id", asset.to_string()),
        ("basehead", "main...side/way".to_owned()),
        ("branch", "main".to_owned()),
        ("comment_id", comment.to_string()),
        ("commit_sha", head.clone()),
        ("deployment_id", deployment.to_string()),
        ("environment_name", "production".to_owned()),
        ("installation_id", "77".to_owned()),
        ("issue_number", issue.to_string()),
        ("name", "API_KEY".to_owned()),
        ("org", "acme".to_owned()),
        ("owner", "acme".to_owned()),
        ("path", "CODEOWNERS".to_owned()),
        ("pull_number", pull.to_string()),
        ("ref", "heads/main".to_owned()),
        ("release_id", release),
        ("repo", "shop".to_owned()),
        ("run_id", runs[0].to_string()),
        ("secret_name", "API_KEY".to_owned()),
        ("tag", "v1.0.0".to_owned()),
        ("tag_sha", tag_object),
        ("team_slug", "web".to_owned()),
        ("username", "ada".to_owned()),
        ("workflow_id", "ci.yml".to_owned()),
    ])
}

/// What every write may be asked with.
fn writes(head: &str) -> Vec<(&'static str, Value)> {
    vec![
        ("POST /repos/{owner}/{repo}/actions/workflows/{workflow_id}/dispatches", json!({ "ref": "main" })),
        (
            "POST /repos/{owner}/{repo}/deployments",
            json!({ "ref": "main", "environment": "staging", "required_contexts": [], "payload": { "id": "1" } }),
        ),
        (
            "POST /repos/{owner}/{repo}/deployments/{deployment_id}/statuses",
            json!({ "state": "success", "description": "Done" }),
        ),
        ("POST /repos/{owner}/{repo}/git/refs", json!({ "ref": "refs/tags/v9", "sha": head })),
        (
            "POST /repos/{owner}/{repo}/git/tags",
            json!({ "tag": "v9", "message": "Nine", "object": head, "type": "commit" }),
        ),
        (
            "POST /repos/{owner}/{repo}/issues",
            json!({ "title": "It is down", "body": "Since noon", "labels": ["incident"] }),
        ),
        ("PATCH /repos/{owner}/{repo}/issues/comments/{comment_id}", json!({ "body": "No, the cache." })),
        (
            "PATCH /repos/{owner}/{repo}/issues/{issue_number}",
            json!({ "state": "closed", "state_reason": "completed" }),
        ),
        ("POST /repos/{owner}/{repo}/issues/{issue_number}/comments", json!({ "body": "Done." })),
        ("POST /repos/{owner}/{repo}/issues/{issue_number}/labels", json!({ "labels": ["done"] })),
        ("POST /repos/{owner}/{repo}/labels", json!({ "name": "new", "color": "ff0000" })),
        ("POST /repos/{owner}/{repo}/releases", json!({ "tag_name": "v9", "name": "Nine" })),
    ]
}

#[test]
fn everything_that_is_served_is_described_and_the_other_way_round() {
    let described: BTreeSet<_> = Contract::github().operations().collect();
    let served: BTreeSet<_> = served().map(str::to_owned).collect();
    assert_eq!(served, described);
}

#[tokio::test]
async fn each_answer_fits_the_description() {
    let github = GitHub::start().await;
    let names = github.edit(furnish);
    let curl = Arc::new(Curl::new(&github));
    let mut wrong = Vec::new();
    for operation in served().filter(|operation| operation.starts_with("GET ")) {
        let mut path = names.path(operation.strip_prefix("GET ").unwrap());
        // An App's own key is wanted for these; see `an_app_gets_tokens_that_end`.
        if operation.contains("/app") || operation.contains("/installation") {
            continue;
        }
        if operation == "GET /search/issues" {
            path += "?q=repo:acme/shop+is:issue+label:incident";
        }
        let answer = curl.get(&path).await;
        wrong.extend(unfit(operation, &answer));
        if Contract::github().pages(operation) && !ALONE.contains(&operation) {
            let page = curl.get(&format!("{path}{}per_page=1", if path.contains('?') { '&' } else { '?' })).await;
            wrong.extend(page.next().is_none().then(|| format!("{operation} has one page alone")));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn each_write_is_done_as_described_and_refused_otherwise() {
    let github = GitHub::start().await;
    let names = github.edit(furnish);
    let curl = Curl::new(&github);
    let head = github.edit(|world| world.repository(SHOP).commit("main", "One more"));
    let mut wrong = Vec::new();
    for (operation, body) in writes(&head) {
        let (method, template) = operation.split_once(' ').unwrap();
        let method: Method = method.parse().unwrap();
        let send = async |body: &Value| {
            Answer::read(curl.send(method.clone(), &names.path(template), &[], Some(body)).await.unwrap()).await
        };
        wrong.extend(unfit(operation, &send(&body).await));
        assert_eq!(github.take_violations(), Vec::<String>::new(), "{operation}");
        let mut more = body.clone();
        more["confirm"] = json!(true);
        let fields = body.as_object().unwrap().keys();
        let other = fields.map(|field| {
            let mut other = body.clone();
            other[field] = json!({ "no": ["such", "thing"] });
            other
        });
        for body in other.chain([more, json!([1])]) {
            let refused = send(&body).await;
            let told = github.take_violations();
            if !body["payload"]["no"].is_array() && (refused.status != 422 || told.is_empty()) {
                wrong.push(format!("{operation} takes {body}: {}", refused.status));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[tokio::test]
async fn a_write_without_what_it_must_have_is_refused() {
    let github = GitHub::start().await;
    let names = github.edit(furnish);
    let curl = Curl::new(&github);
    for operation in served().filter(|operation| operation.starts_with("POST /repos/")) {
        let path = names.path(operation.strip_prefix("POST ").unwrap());
        let refused = curl.post(&path, &json!({})).await;
        // Labels may be given as a list, or none at all.
        if !operation.ends_with("{issue_number}/labels") {
            assert_eq!(refused.status, 422, "{operation}");
            assert!(!github.take_violations().is_empty(), "{operation}");
        }
    }
}

/// What of an answer is not in the description.
pub(super) fn unfit(operation: &str, answer: &Answer) -> Vec<String> {
    let mut wrong = Contract::github().judge_answer(operation, answer.status, &answer.body);
    if answer.status >= 400 {
        wrong.push(answer.message().to_owned());
    }
    wrong.iter().map(|wrong| format!("{operation} {}: {wrong}", answer.status)).collect()
}
