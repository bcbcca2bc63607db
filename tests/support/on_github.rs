//! A sandbox whose services are on GitHub, that is, on the stand-in.

use deploy_ops_mcp::demo::sandbox::Sandbox;
use serde_json::json;

use super::{
    github::{GitHub, Repository},
    mcp::{Client, House},
};

/// The repository of all services of a sandbox.
pub(crate) const REPOSITORY: &str = "acme/shop";

/// Connects the sandbox's services with the stand-in, whose repository gets the newest commit of the sandbox's.
pub(crate) fn connect(sandbox: &Sandbox, github: &GitHub) {
    use std::os::unix::fs::PermissionsExt;
    let secret = sandbox.directory.join("secrets/github");
    std::fs::write(&secret, github.token()).unwrap();
    std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
    let text = std::fs::read_to_string(&sandbox.config).unwrap();
    let secrets = format!("[secrets]\nGITHUB_TOKEN = \"file:{}\"\n", secret.display());
    let mut text = text.replace("[secrets]\n", &secrets);
    for service in ["shop", "forum", "games"] {
        let head = format!("[services.{service}]\n");
        text = text.replace(&head, &format!("{head}github = \"{REPOSITORY}\"\n"));
    }
    text += &format!("\n[github]\napi = \"{}\"\ntoken = \"GITHUB_TOKEN\"\n", github.url());
    std::fs::write(&sandbox.config, text).unwrap();
    let (commit, tree) = (object(sandbox, "HEAD"), object(sandbox, "HEAD^{tree}"));
    github.edit(|world| {
        world.repository(REPOSITORY).known_commit("main", &commit, &tree);
    });
}

/// The name of an object of the sandbox's repository.
pub(crate) fn object(sandbox: &Sandbox, what: &str) -> String {
    let repository = sandbox.directory.join("repository");
    let output =
        std::process::Command::new("git").arg("-C").arg(repository).args(["rev-parse", what]).output().unwrap();
    String::from_utf8(output.stdout).unwrap().trim().to_owned()
}

/// Looks at the repository, or alters it.
pub(crate) fn repository<T>(github: &GitHub, edit: impl FnOnce(&mut Repository) -> T) -> T {
    github.edit(|world| edit(world.repository(REPOSITORY)))
}

/// The bodies of our comments in an issue.
pub(crate) fn comments(github: &GitHub, issue: u64) -> Vec<String> {
    let all = repository(github, |repository| repository.comments(issue));
    let ours = all.iter().filter(|comment| comment["user"]["login"] == "deploy-bot");
    ours.map(|comment| comment["body"].as_str().unwrap().to_owned()).collect()
}

/// The issues with these words in their bodies: their numbers, titles and bodies.
pub(crate) fn issues_with(github: &GitHub, words: &str) -> Vec<(u64, String, String)> {
    let text = |issue: &serde_json::Value, field: &str| issue[field].as_str().unwrap_or_default().to_owned();
    let all = repository(github, |repository| repository.issues.issues.all().to_vec());
    let all = all.iter().map(|issue| (issue["number"].as_u64().unwrap(), text(issue, "title"), text(issue, "body")));
    all.filter(|(_, _, body)| body.contains(words)).collect()
}

/// A house that is connected, where one person plays alone.
pub(crate) async fn house() -> (House, GitHub) {
    let (house, github) = (House::staging().await, GitHub::start().await);
    connect(&house.sandbox, &github);
    (house, github)
}

/// Deploys a version to its end; the operation.
pub(crate) async fn deploy(client: &Client, service: &str, version: &str) -> String {
    let plan = client.plan(service, version).await;
    let done = client.call("deploy_service", json!({ "mode": "execute", "plan": plan, "wait_s": 40 })).await;
    let operation = done.get("/operation/id").to_owned();
    client.ended(&operation).await;
    operation
}

/// A house whose operations the server tells by itself. Its commits are on GitHub.
pub(crate) async fn telling_house() -> (House, GitHub) {
    let (house, github) = house().await;
    tell(&house.sandbox, &github);
    (house, github)
}

/// Lets the server tell the operations of a connected sandbox.
pub(crate) fn tell(sandbox: &Sandbox, github: &GitHub) {
    let text = std::fs::read_to_string(&sandbox.config).unwrap();
    let told = "token = \"GITHUB_TOKEN\"\ntell = [\"production\"]\ntell_every_s = 1\n";
    std::fs::write(&sandbox.config, text.replace("token = \"GITHUB_TOKEN\"\n", told)).unwrap();
    for version in ["v2025.01.13", "v2025.01.14", "v2025.01.15"] {
        let of = |what: &str| object(sandbox, &format!("{version}^{{{what}}}"));
        let (commit, tree) = (of("commit"), of("tree"));
        repository(github, |repository| {
            repository.known_commit("main", &commit, &tree);
        });
    }
}

/// The deployments of an operation on GitHub, each with its statuses, the oldest first.
pub(crate) fn deployments(github: &GitHub, operation: &str) -> Vec<Vec<String>> {
    repository(github, |repository| {
        let all = repository.deployments.all.all();
        let its = all.iter().filter(|one| one["payload"]["deploy_ops"]["operation"] == operation);
        let ids: Vec<u64> = its.map(|one| one["id"].as_u64().unwrap()).collect();
        let states =
            |id: u64| repository.deployment_statuses(id).into_iter().map(|it| it["state"].as_str().unwrap().to_owned());
        ids.into_iter().map(|id| states(id).collect()).collect()
    })
}
