//! Secrets and variables that workflows need on GitHub: there or not, since when, and never a value.

use serde_json::{Value, json};

use crate::support::{
    github::Fault,
    github_house::{GitHubHouse, VERSION},
    mcp::{Answer, Client},
};

/// A value that everybody on GitHub may see, and no exit of ours shows.
const CANARY: &str = "variable-canary-8Rk2Vx6Tq0Lm4Np9";

async fn house() -> GitHubHouse {
    let house = GitHubHouse::new(&[]).await;
    house.house.configure(|text| {
        let needed = "github = \"acme/site\"\ngithub_secrets = [\"SSH_PRIVATE_KEY\", \"DEPLOY_HOST\"]";
        let text = text.replace("github = \"acme/site\"", needed);
        text.replace("token = \"GITHUB_TOKEN\"", "token = \"GITHUB_TOKEN\"\nrotate_after_days = 90")
    });
    house
}

async fn asked(house: &GitHubHouse, client: &Client, arguments: Value) -> Answer {
    let answer = client.call("verify_secret", arguments).await;
    for canary in house.github.canaries().iter().map(String::as_str).chain([CANARY]) {
        assert!(!answer.raw.contains(canary) && !client.log().contains(canary), "{}", answer.text);
    }
    answer
}

#[tokio::test]
async fn a_name_is_there_or_missing_or_old_and_its_value_is_nowhere() {
    let house = house().await;
    let client = house.house.server().await;
    let one = json!({ "secrets": ["SSH_PRIVATE_KEY"] });
    let missing = asked(&house, &client, one.clone()).await;
    assert_eq!(missing.status(), "MISSING: 1 of 1 secrets: SSH_PRIVATE_KEY", "{}", missing.text);

    house.edit(|site, _| site.granted_secret("SSH_PRIVATE_KEY", "2020-01-01T00:00:00Z"));
    let old = asked(&house, &client, one.clone()).await;
    let wanted = "Secret exists in GitHub: SSH_PRIVATE_KEY ✓; STALE: SSH_PRIVATE_KEY";
    assert_eq!((old.status(), old.get("/on_github/0/keeper")), (wanted, "organisation"), "{}", old.text);

    // The environment's own counts before the others', and is new.
    house.edit(|site, _| {
        site.secret("SSH_PRIVATE_KEY", "2021-01-01T00:00:00Z");
        site.environment_secret("production", "SSH_PRIVATE_KEY", "2120-01-01T00:00:00Z");
        site.variable("DEPLOY_HOST", CANARY, "2020-01-01T00:00:00Z");
    });
    let new = asked(&house, &client, one).await;
    assert_eq!(new.status(), "Secret exists in GitHub: SSH_PRIVATE_KEY ✓", "{}", new.text);
    assert_eq!(new.get("/on_github/0/updated_at"), "2120-01-01T00:00:00.000Z");
    assert_eq!(new.get("/on_github/0/needed_by"), "site");
    // A variable holds no secret, so it does not get old.
    let all = asked(&house, &client, json!({ "service": "site" })).await;
    assert_eq!(all.status(), "All 2 secrets exist ✓", "{}", all.text);
    assert_eq!(all.get("/on_github/1/kind"), "variable", "{}", all.text);
}

#[tokio::test]
async fn what_github_does_not_say_is_not_there() {
    let house = house().await;
    let client = house.house.server().await;
    house.edit(|site, _| {
        site.secret("SSH_PRIVATE_KEY", "2120-01-01T00:00:00Z");
        site.secret("DEPLOY_HOST", "2120-01-01T00:00:00Z");
    });
    for fault in [Fault::InvalidJson, Fault::Closed] {
        house.github.fault("GET repos/{owner}/{repo}/actions/secrets", fault);
        let unknown = asked(&house, &client, json!({ "service": "site" })).await;
        assert!(unknown.status().starts_with("INCONCLUSIVE: GitHub does not say"), "{}", unknown.text);
        assert!(house.dry_run(&client).await.blockers().contains(&"SECRET_MISSING"));
        house.github.mend();
    }
    assert!(asked(&house, &client, json!({ "service": "site" })).await.status().starts_with("All 2"));
}

#[tokio::test]
async fn a_plan_needs_them_and_is_bound_to_them() {
    let house = house().await;
    let client = house.house.server().await;
    let answer = house.dry_run(&client).await;
    assert!(answer.blockers().contains(&"SECRET_MISSING"), "{}", answer.text);
    assert!(answer.text.contains("missing: SSH_PRIVATE_KEY (on GitHub), DEPLOY_HOST (on GitHub)"), "{}", answer.text);
    let ready = client.call("check_readiness", json!({ "services": ["site"], "version": VERSION, "wait_s": 40 })).await;
    assert!(ready.blockers().contains(&"SECRET_MISSING"), "{}", ready.text);

    house.edit(|site, _| {
        site.secret("SSH_PRIVATE_KEY", "2120-01-01T00:00:00Z");
        site.secret("DEPLOY_HOST", "2120-01-01T00:00:00Z");
    });
    house.github.forget();
    let dry = house.dry_run(&client).await;
    assert_eq!(house.github.count("GET repos/{owner}/{repo}/actions/secrets"), 1, "asked once");
    assert_eq!(dry.blockers(), Vec::<&str>::new(), "{}", dry.text);
    assert!(house.edit(|site, _| site.delete_secret("SSH_PRIVATE_KEY")));
    let stale = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    assert!(stale.text.contains("SSH_PRIVATE_KEY on GitHub"), "{}", stale.text);
    assert!(!house.house.path("srv/site/deployed").exists(), "nothing ran");
}

#[tokio::test]
async fn workflow_files_that_name_it_and_whether_the_token_works_are_told() {
    let workflow = "env: { KEY: \"${{ secrets.SSH_PRIVATE_KEY }}\" }\n";
    let house = GitHubHouse::with_files(
        &[],
        &[(".github/workflows/deploy.yml", workflow), (".github/workflows/x.md", workflow)],
    )
    .await;
    house.house.configure(|text| {
        text.replace(
            "github = \"acme/site\"",
            "github = \"acme/site\"\ngithub_secrets = [\"SSH_PRIVATE_KEY\", \"DEPLOY_HOST\"]",
        )
    });
    let client = house.house.server().await;
    let found = asked(&house, &client, json!({ "service": "site" })).await;
    assert_eq!(found.structured["on_github"][0]["workflows"], json!(["deploy.yml"]), "{}", found.text);
    assert!(found.structured["on_github"][1].get("workflows").is_none(), "{}", found.text);

    let token = json!({ "secrets": ["GITHUB_TOKEN"], "probe": true });
    let works = asked(&house, &client, token.clone()).await;
    assert!(works.status().starts_with("Secret works: GITHUB_TOKEN ✓ GitHub accepts it"), "{}", works.text);
    house.github.edit(|world| world.revoke(house.github.token()));
    let refused = asked(&house, &client, token).await;
    assert!(refused.status().starts_with("REFUSED: GITHUB_TOKEN"), "{}", refused.text);
}
