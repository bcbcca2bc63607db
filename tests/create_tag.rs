//! Tags on commits whose gates are green: named as the policy says, never moved, made once.

use serde_json::json;

use crate::support::{
    github::{Fault, GitHub},
    mcp::{Answer, Client, House},
    on_github::{connect, house, object, repository},
    sandbox::git,
};

async fn dry_run(client: &Client, tag: &str, commit: &str) -> Answer {
    let arguments = json!({ "service": "shop", "tag": tag, "commit": commit, "wait_s": 40 });
    client.call("create_tag", arguments).await
}

#[tokio::test]
async fn a_tag_is_made_there_and_here_and_can_be_deployed() {
    let house = House::production().await;
    let github = GitHub::start().await;
    connect(&house.sandbox, &github);
    let commit = object(&house.sandbox, "HEAD");
    let client = house.server().await;
    // "For the current commit": what is checked out, which the plan names.
    let wanted = json!({ "service": "shop", "tag": "v2025.02.01", "wait_s": 40 });
    let planned = client.call("create_tag", wanted).await;
    assert_eq!(planned.blockers(), ["APPROVAL_REQUIRED"], "{}", planned.text);
    assert!(planned.get("/plan/steps/0").contains(&commit[..12]), "{}", planned.text);
    let plan = planned.get("/plan/id");
    let early = client.execute("create_tag", plan).await;
    assert_eq!(early.code(), "APPROVAL_REQUIRED", "{}", early.text);
    house.approve(plan).await;
    // The tag took effect, and the answer was lost.
    github.fault_once("POST git/refs", 1, Fault::Lost);
    let calls = (0..5).map(|_| client.execute("create_tag", plan));
    for answer in futures::future::join_all(calls).await {
        assert_eq!(answer.get("/operation/state"), "succeeded", "{}", answer.text);
        assert!(answer.text.contains("on GitHub; the repository here has it too."), "{}", answer.text);
    }
    assert_eq!((github.count("POST git/tags"), github.count("POST git/refs")), (1, 1));
    // The same object, and annotated.
    let there = repository(&github, |repository| repository.tag_target("v2025.02.01").map(str::to_owned));
    assert_eq!(there.as_deref(), Some(object(&house.sandbox, "refs/tags/v2025.02.01").as_str()));
    assert_eq!(object(&house.sandbox, "v2025.02.01^{commit}"), commit);
    let message = repository(&github, |repository| repository.tag_object_mut(&there.unwrap())["message"].clone());
    assert_eq!(message, "shop v2025.02.01\n\nGates that were green for this commit: scripts");
    let again = dry_run(&client, "v2025.02.01", &commit).await;
    assert_eq!(again.code(), "WRONG_STATE", "{}", again.text);
    let deployed = client.call("deploy_service", again.structured["error"]["next"][0]["arguments"].clone()).await;
    assert_eq!(deployed.get("/operation/state"), "succeeded", "{}", deployed.text);
    assert!(!client.log().contains(github.token()) && !planned.raw.contains(github.token()));
}

#[tokio::test]
async fn a_tag_is_never_moved_and_is_named_as_the_policy_says() {
    let (house, github) = house().await;
    let (commit, older) = (object(&house.sandbox, "HEAD"), object(&house.sandbox, "v2025.01.13^{commit}"));
    let client = house.server().await;
    let code = async |tag: &str, commit: &str| {
        let answer = dry_run(&client, tag, commit).await;
        answer.blockers().first().map_or_else(|| answer.code().to_owned(), |code| (*code).to_owned())
    };
    assert_eq!(code("release-7", &commit).await, "TAG_REFUSED");
    assert_eq!(code("v2025.01.13", &commit).await, "TAG_REFUSED", "it is here, on another commit");
    assert_eq!(code("v2025.01.13", &older).await, "WRONG_STATE", "it is here, and GitHub does not have it");
    assert_eq!(code("v2025.02.02", &older).await, "UNKNOWN_VERSION", "GitHub does not have the commit");
    assert_eq!(code("v2025.02.02", &"a".repeat(40)).await, "UNKNOWN_VERSION");
    assert_eq!(code("v2025.02.02", "main").await, "BAD_ARGUMENT");
    let other = repository(&github, |repository| {
        let other = repository.commit("side", "Another");
        repository.tag("v2025.02.02", &other);
        repository.annotated_tag("v2025.02.03", &other);
        other
    });
    assert_eq!(code("v2025.02.02", &commit).await, "TAG_REFUSED");
    assert_eq!(code("v2025.02.03", &commit).await, "TAG_REFUSED");
    // Somebody takes the name between the dry run and the execution.
    let planned = dry_run(&client, "v2025.02.04", &commit).await;
    let plan = planned.get("/plan/id").to_owned();
    repository(&github, |repository| repository.tag("v2025.02.04", &other));
    let stale = client.execute("create_tag", &plan).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    assert!(stale.text.contains("tag on GitHub"), "{}", stale.text);
    assert_eq!(github.count("POST git/refs"), 0);
    // A tag that only GitHub has, on the same commit, is brought here.
    repository(&github, |repository| repository.tag("v2025.02.05", &commit));
    let planned = dry_run(&client, "v2025.02.05", &commit).await;
    let brought = client.execute("create_tag", planned.get("/plan/id")).await;
    assert!(brought.text.contains("named before"), "{}", brought.text);
    assert!(
        brought.text.contains("fetch it into the repository here"),
        "a lightweight tag has no object: {}",
        brought.text
    );
}

#[tokio::test]
async fn a_red_gate_and_a_version_that_was_rolled_back_get_no_tag() {
    let (house, github) = house().await;
    let client = house.server().await;
    let bad = object(&house.sandbox, "HEAD");
    let plan = client.plan("shop", "v2025.01.14").await;
    client.execute("deploy_service", &plan).await;
    let plan = client.plan("shop", "v2025.01.15").await;
    let rolled = client.execute("deploy_service", &plan).await;
    assert_eq!(rolled.get("/operation/state"), "rolled_back", "{}", rolled.text);
    assert_eq!(dry_run(&client, "v2025.02.06", &bad).await.code(), "VERSION_ROLLED_BACK");
    let repository_here = house.path("repository");
    std::fs::write(repository_here.join("deployment-scripts/gate.sh"), "exit 1\n").unwrap();
    git(&repository_here, &["commit", "-q", "-a", "-m", "A red gate"]);
    let red = object(&house.sandbox, "HEAD");
    let tree = object(&house.sandbox, "HEAD^{tree}");
    repository(&github, |repository| {
        repository.known_commit("main", &red, &tree);
    });
    let planned = dry_run(&client, "v2025.02.06", &red).await;
    assert_eq!(planned.blockers(), ["GATES_NOT_GREEN"], "{}", planned.text);
    let refused = client.execute("create_tag", planned.get("/plan/id")).await;
    assert_eq!(refused.code(), "GATES_NOT_GREEN", "{}", refused.text);
    assert_eq!(github.count("POST git/tags"), 0);
}
