//! Approvals by reviewers of an environment on GitHub: of exactly the plan, by another person, where nobody can pass them by.

use std::{os::unix::fs::MetadataExt as _, process::Command};

use crate::support::{
    github_house::GitHubHouse,
    mcp::{Answer, Client},
    stage::program,
};

/// A house whose plans grace and ada may approve on GitHub; what the client asks for, ada asks for.
async fn house() -> (GitHubHouse, u64) {
    let house = GitHubHouse::new(&[]).await;
    let uid = std::fs::metadata(house.house.path("data")).unwrap().uid();
    house.house.configure(|text| {
        let approvers = format!("approvers = {{ Grace = [], ada = [\"local:{uid}\"] }}");
        let github = format!("github = {{ environment = \"live\", workflow = \"approve.yml\", {approvers} }}");
        let head = "[environments.production]\n";
        text.replace(head, &format!("{head}approval = {{ required = true, {github} }}\n"))
    });
    let workflow = house.edit(|site, _| {
        site.protect_environment("live", &["grace", "ada"], true);
        site.environment("live")["can_admins_bypass"] = false.into();
        site.workflow("Approve", "approve.yml")
    });
    (house, workflow)
}

/// Starts the workflow for a plan, as a person does who approves nothing.
fn ask(house: &GitHubHouse, workflow: u64, title: &str) -> u64 {
    ask_as(house, workflow, title, "heidi")
}

fn ask_as(house: &GitHubHouse, workflow: u64, title: &str, who: &str) -> u64 {
    house.edit(|site, commit| {
        let run = site.run(workflow, commit, "waiting");
        let about = site.actions.runs.find_mut("id", run).unwrap();
        (about["event"], about["display_title"]) = ("workflow_dispatch".into(), title.into());
        about["triggering_actor"]["login"] = who.into();
        run
    })
}

fn answer(house: &GitHubHouse, run: u64, who: &str, state: &str) {
    house.edit(|site, _| site.approve_run(run, "live", who, state, "approve every plan"));
}

async fn plan(house: &GitHubHouse, client: &Client) -> (String, String) {
    let plan = house.dry_run(client).await;
    assert_eq!(plan.blockers(), ["APPROVAL_REQUIRED"], "{}", plan.text);
    // The whole digest stands where it is said how the plan is approved.
    let digest = plan.text.split_once("approve.yml on GitHub for ").unwrap().1.split(' ').next().unwrap();
    assert!(digest.len() == 64 && digest.starts_with(plan.get("/plan/digest")), "{digest}");
    (plan.get("/plan/id").to_owned(), format!("deploy-ops {digest}"))
}

async fn execute(client: &Client, plan: &str) -> Answer {
    client.execute("deploy_service", plan).await
}

#[tokio::test]
async fn another_person_approves_exactly_the_plan() {
    let (house, workflow) = house().await;
    let client = house.house.server().await;
    let ((first, title), (other, _)) = (plan(&house, &client).await, plan(&house, &client).await);
    let missing = execute(&client, &first).await;
    assert_eq!(missing.code(), "APPROVAL_REQUIRED", "{}", missing.text);
    assert!(missing.text.contains("approve.yml on GitHub"), "{}", missing.text);
    // Nobody who is not named, no bot, not who started the run, and no run of another name.
    let run = ask(&house, workflow, &title);
    for who in ["eve", "heidi"] {
        answer(&house, run, who, "approved");
    }
    answer(&house, ask(&house, workflow, &format!("{title} and all others")), "grace", "approved");
    answer(&house, ask_as(&house, workflow, &title, "grace"), "grace", "approved");
    assert_eq!(execute(&client, &first).await.code(), "APPROVAL_REQUIRED");
    answer(&house, run, "Grace", "approved");
    assert_eq!(execute(&client, &other).await.code(), "APPROVAL_REQUIRED", "it is of another plan");

    // Where it can be passed by, it proves nothing.
    house.edit(|site, _| site.environment("live")["can_admins_bypass"] = true.into());
    let doubtful = execute(&client, &first).await;
    assert_eq!(doubtful.code(), "APPROVAL_REQUIRED", "{}", doubtful.text);
    assert!(doubtful.text.contains("administrators may pass by"), "{}", doubtful.text);
    house.edit(|site, _| site.environment("live")["can_admins_bypass"] = false.into());
    let done = execute(&client, &first).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let ledger =
        Command::new(program()).args(["ledger", "tail", "--config"]).arg(&house.house.sandbox.config).output().unwrap();
    let ledger = String::from_utf8_lossy(&ledger.stdout).into_owned();
    assert!(ledger.contains("answer_on_github") && ledger.contains("github:grace"), "{ledger}");
    assert!(!done.raw.contains("approve every plan"), "nobody's words are needed");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_rejection_ones_own_approval_and_our_own_account_do_not_count() {
    let (house, workflow) = house().await;
    let client = house.house.server().await;
    let (own, title) = plan(&house, &client).await;
    answer(&house, ask(&house, workflow, &title), "ada", "approved");
    assert_eq!(execute(&client, &own).await.code(), "SELF_APPROVAL");
    let (denied, title) = plan(&house, &client).await;
    let run = ask(&house, workflow, &title);
    answer(&house, run, "grace", "approved");
    answer(&house, run, "eve", "rejected");
    let answered = execute(&client, &denied).await;
    assert_eq!(answered.code(), "APPROVAL_DENIED", "{}", answered.text);

    let (ours, title) = plan(&house, &client).await;
    house.edit(|site, _| {
        site.protect_environment("live", &["grace", "deploy-bot"], true);
    });
    answer(&house, ask(&house, workflow, &title), "grace", "approved");
    let refused = execute(&client, &ours).await;
    assert!(refused.text.contains("our own token's account may approve"), "{}", refused.text);
    assert!(!house.house.path("srv/site/deployed").exists(), "nothing ran");
    let doctor =
        Command::new(program()).args(["doctor", "--config"]).arg(&house.house.sandbox.config).output().unwrap();
    let doctor = String::from_utf8_lossy(&[doctor.stdout, doctor.stderr].concat()).into_owned();
    let said = "✗ approvals for production by live of acme/site on GitHub — are not accepted: our own token's account may approve";
    assert!(doctor.contains(said), "{doctor}");
    // GitHub that is down approves nothing.
    house.github.down();
    assert_eq!(execute(&client, &ours).await.code(), "GITHUB_UNAVAILABLE");
}
