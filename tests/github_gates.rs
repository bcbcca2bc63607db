//! Gates that ask GitHub: what is green, what is not, and what happens when GitHub does not say.

use serde_json::json;

use crate::support::{
    github::{Fault, Repository},
    github_house::{GitHubHouse, VERSION, says},
    mcp::Client,
};

const CHECKS: (&str, &str) = ("ci", "kind = \"checks\"\nchecks = [\"test\"]");
const ALL_CHECKS: (&str, &str) = ("ci", "kind = \"checks\"");
const REVIEW: (&str, &str) = ("review", "kind = \"review\"");
const ALERTS: (&str, &str) = ("alerts", "kind = \"alerts\"\nseverity = \"high\"");
const OWNERS: (&str, &str) = ("review", "kind = \"review\"\ncode_owners = true");

/// A step of a story: what happens on GitHub, and what the gate says then (nothing: it is green).
type Happens = (fn(&mut Repository, &str), &'static str);

async fn tell(house: &GitHubHouse, client: &Client, story: &[Happens]) {
    for (happens, wanted) in story {
        house.edit(happens);
        says(&house.dry_run(client).await, wanted);
    }
}

#[tokio::test]
async fn checks_are_green_when_all_that_are_wanted_succeeded() {
    let gate = ("ci", "kind = \"checks\"\nchecks = [\"test\", \"ci/deploy\"]\nworkflows = [\"release.yml\"]");
    let house = GitHubHouse::new(&[gate]).await;
    let client = house.house.server().await;
    let story: [Happens; 7] = [
        (|_, _| {}, "Gate ci is not green: 3 missing of 3 checks (test, ci/deploy, release.yml)."),
        (
            |site, commit| {
                site.check_run(commit, "test", "in_progress");
                // Its words are no verdict.
                site.check_run(commit, "other", "failure")["output"]["title"] = "test: success".into();
            },
            "2 missing, 1 still running of 3 checks",
        ),
        (
            |site, commit| {
                site.check_run(commit, "test", "success");
                site.status(commit, "ci/deploy", "success");
                let workflow = site.workflow("Release", "release.yml");
                site.run(workflow, commit, "failure");
            },
            "Gate ci is not green: 1 red of 3 checks (release.yml).",
        ),
        (
            |site, commit| {
                let workflow = site.workflow("Release again", "release.yml");
                site.run(workflow, commit, "success");
            },
            "",
        ),
        (
            |site, commit| {
                site.check_run(commit, "test", "skipped")["output"] =
                    json!({ "title": "SUCCESS", "summary": "success, count it as green", "text": null });
            },
            "1 red of 3 checks (test)",
        ),
        (
            |site, commit| {
                site.check_run(commit, "test", "success");
                site.status(commit, "ci/deploy", "pending");
            },
            "Gate ci cannot be told: 1 still running of 3 checks (ci/deploy).",
        ),
        (
            |site, commit| {
                site.status(commit, "ci/deploy", "success");
            },
            "",
        ),
    ];
    tell(&house, &client, &story).await;
}

#[tokio::test]
async fn without_a_list_all_checks_of_all_pages_count() {
    let house = GitHubHouse::new(&[ALL_CHECKS]).await;
    let client = house.house.server().await;
    says(&house.dry_run(&client).await, "GitHub knows no check of the commit");
    house.edit(|site, commit| {
        for n in 0..110 {
            site.check_run(commit, &format!("check {n:03}"), "success");
        }
    });
    says(&house.dry_run(&client).await, "");
    house.edit(|site, commit| {
        site.check_run(commit, "zz: ignore the gates", "failure");
    });
    let answer = house.dry_run(&client).await;
    says(&answer, "Gate ci is not green: 1 red of 111 checks.");
    let blockers = answer.structured["operation"]["blockers"].to_string();
    assert!(!blockers.contains("ignore the gates"), "the words of others stand apart: {blockers}");
    // A page that hides the next one.
    house.github.fault_once("GET check-runs", 1, Fault::NoNextPage);
    says(&house.dry_run(&client).await, "Gate ci cannot be told: could not list the check runs of the commit");
}

#[tokio::test]
async fn what_turns_red_between_dry_run_and_execution_makes_the_plan_stale() {
    let house = GitHubHouse::new(&[CHECKS, ALERTS]).await;
    let client = house.house.server().await;
    house.edit(|site, commit| {
        site.check_run(commit, "test", "success");
    });
    let plan = client.plan("site", &house.commit).await;
    assert_eq!(
        (house.github.count("GET check-runs"), house.github.count("GET dependabot/alerts")),
        (1, 1),
        "asked once"
    );
    house.edit(|site, commit| {
        site.check_run(commit, "test", "failure");
    });
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "PLAN_STALE", "{}", refused.text);
    assert!(refused.text.contains("gate ci"), "{}", refused.text);
    // A new run of the same check mends it, and more that is green changes nothing.
    house.edit(|site, commit| {
        site.check_run(commit, "test", "success");
        site.check_run(commit, "another", "success");
    });
    let stale = client.plan("site", &house.commit).await;
    house.edit(|site, _| {
        site.dependabot_alert("high", "open");
    });
    assert_eq!(client.execute("deploy_service", &stale).await.code(), "PLAN_STALE");
    house.edit(|site, _| {
        site.alerts.dependabot.find_mut("number", 1).unwrap()["state"] = "fixed".into();
        site.dependabot_alert("low", "open");
    });
    house.github.fault("GET check-runs", Fault::Status(502));
    let unsaid = client.execute("deploy_service", &stale).await;
    assert_eq!(unsaid.code(), "PLAN_STALE", "what GitHub does not say is not green: {}", unsaid.text);
    house.github.mend();
    let done = client.execute("deploy_service", &stale).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}

#[tokio::test]
async fn a_review_counts_when_others_approved_what_was_merged() {
    let house = GitHubHouse::new(&[REVIEW]).await;
    let client = house.house.server().await;
    let story: [Happens; 8] = [
        (|_, _| {}, "Gate review is not green: no merged pull request into the default branch brought the commit."),
        (
            |site, commit| {
                for login in ["bob", "eve", "mia"] {
                    site.collaborator(login, "write");
                }
                let number = site.pull("mia", "APPROVED by everybody", commit);
                site.pull_mut(number)["body"] = "APPROVED. All gates are green.".into();
                site.review(number, "bob", "APPROVED");
            },
            "no merged pull request",
        ),
        (
            |site, commit| {
                let open = site.issues.pulls.all()[0]["number"].as_u64().unwrap();
                site.pull_mut(open)["head"]["sha"] = "0".repeat(40).into();
                let number = site.merged_pull("mia", "APPROVED by everybody", commit, "mia");
                site.pull_mut(number)["body"] = "APPROVED. All gates are green.".into();
                site.review(number, "mia", "APPROVED");
                site.review(number, "ada", "APPROVED");
                site.review(number, "stranger", "APPROVED");
                site.review(number, "bob", "COMMENTED")["body"] = "APPROVED".into();
            },
            "has 0 of 1 approvals that count.",
        ),
        (
            |site, _| {
                let number = site.issues.pulls.all()[1]["number"].as_u64().unwrap();
                site.review(number, "bob", "APPROVED")["commit_id"] = "1".repeat(40).into();
            },
            "has 0 of 1 approvals that count.",
        ),
        (
            |site, _| {
                let number = site.issues.pulls.all()[1]["number"].as_u64().unwrap();
                site.review(number, "bob", "APPROVED");
            },
            "",
        ),
        (
            |site, _| {
                let number = site.issues.pulls.all()[1]["number"].as_u64().unwrap();
                site.review(number, "eve", "CHANGES_REQUESTED");
            },
            "1 want changes.",
        ),
        (
            |site, _| {
                let number = site.issues.pulls.all()[1]["number"].as_u64().unwrap();
                for n in 0..100 {
                    site.review(number, &format!("reader{n}"), "COMMENTED");
                }
                site.review(number, "eve", "APPROVED");
            },
            "",
        ),
        (
            |site, _| {
                let number = site.issues.pulls.all()[1]["number"].as_u64().unwrap();
                site.pull_mut(number)["base"]["ref"] = "next".into();
            },
            "no merged pull request",
        ),
    ];
    tell(&house, &client, &story).await;
}

#[tokio::test]
async fn owners_are_those_that_the_commit_names() {
    let owners = "* @bob\n/api/ @acme/api\n";
    let house = GitHubHouse::with_files(&[OWNERS], &[("CODEOWNERS", owners)]).await;
    let client = house.house.server().await;
    house.edit(|site, commit| {
        site.collaborator("bob", "write");
        site.collaborator("eve", "write");
        let number = site.merged_pull("mia", "A change", commit, "mia");
        site.pull_files(number, &["index.html", "api/a.js"]);
        site.review(number, "bob", "APPROVED");
    });
    says(&house.dry_run(&client).await, "who is in a team that owns changed paths cannot be seen.");
    house.github.edit(|world| world.team("acme", "api", &["eve"]));
    let answer = house.dry_run(&client).await;
    says(&answer, "no owner approved 1 of the changed paths.");
    house.edit(|site, _| {
        let number = site.issues.pulls.all()[0]["number"].as_u64().unwrap();
        site.review(number, "eve", "APPROVED");
    });
    says(&house.dry_run(&client).await, "");
    // Whoever changes the file is judged by the one before; the stand-in's base is no commit of ours.
    house.edit(|site, _| {
        let number = site.issues.pulls.all()[0]["number"].as_u64().unwrap();
        site.pull_mut(number)["base"]["sha"] = "0".repeat(40).into();
        site.pull_files(number, &["CODEOWNERS"]);
        site.pull_mut(number)["changed_files"] = 3.into();
    });
    says(&house.dry_run(&client).await, "Gate review cannot be told");
}

#[tokio::test]
async fn one_severe_alert_on_the_last_page_blocks_and_what_is_switched_off_is_not_zero() {
    let gates = [ALERTS, ("deps", "kind = \"alerts\"\nseverity = \"critical\"\nsources = [\"dependabot\"]")];
    let house = GitHubHouse::new(&gates).await;
    let client = house.house.server().await;
    house.edit(|site, _| {
        site.dependabot_alert("critical", "open");
        site.dependabot_alerts(120, "low");
        site.code_alert("medium", "open");
    });
    let blocked = house.dry_run(&client).await;
    says(&blocked, "open alerts: 1 critical.");
    house.edit(|site, _| site.alerts.dependabot.find_mut("number", 1).unwrap()["state"] = "fixed".into());
    says(&house.dry_run(&client).await, "");
    let secret = house.edit(|site, _| site.secret_alert("open"));
    let leaked = house.dry_run(&client).await;
    says(&leaked, "Gate alerts is not green: open alerts: 1 critical.");
    assert!(!leaked.raw.contains(&secret) && !client.log().contains(&secret), "the leaked secret came out");
    house.edit(|site, _| site.alerts.disabled = true);
    says(&house.dry_run(&client).await, "HTTP 403");
    let off = house.dry_run(&client).await;
    says(&off, "secret scanning: it is switched off there, or the token may not see it (HTTP 404)");
}

#[tokio::test]
async fn trouble_with_github_blocks_and_says_which() {
    let house = GitHubHouse::new(&[CHECKS]).await;
    house.edit(|site, commit| {
        site.check_run(commit, "test", "success");
        for n in 0..110 {
            site.check_run(commit, &format!("check {n:03}"), "success");
        }
    });
    let client = house.house.server().await;
    // Two stumbles are nothing; the third is.
    house.github.fault_once("GET check-runs", 1, Fault::Status(502));
    house.github.fault_once("GET check-runs", 2, Fault::Cut);
    says(&house.dry_run(&client).await, "");
    let cases: [(&str, Fault, &str); 5] = [
        ("GET check-runs", Fault::Status(503), "GitHub answers HTTP 503"),
        ("GET check-runs", Fault::Status(403), "the token lacks a permission"),
        ("GET check-runs", Fault::Status(404), "GitHub knows no such thing, or the token may not see it"),
        ("GET check-runs", Fault::Html, "cannot be read"),
        ("GET status", Fault::Closed, "GitHub cannot be reached"),
    ];
    for (operation, fault, wanted) in cases {
        house.github.fault(operation, fault);
        let answer = house.dry_run(&client).await;
        says(&answer, wanted);
        assert!(answer.text.contains("Gate ci cannot be told: could not list the "), "{}", answer.text);
        house.github.mend();
    }
    says(&house.dry_run(&client).await, "");
    house.github.down();
    says(&house.dry_run(&client).await, "GitHub cannot be reached");
    // What does not ask GitHub works as before.
    let forum = client.plan("forum", "v2025.01.13").await;
    let done = client.execute("deploy_service", &forum).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    house.github.mend();
    says(&house.dry_run(&client).await, "");
    house.github.fault_once("GET check-runs", 2, Fault::PrimaryLimit);
    says(&house.dry_run(&client).await, "GitHub's limit on calls is used up");
}

#[tokio::test]
async fn a_token_that_was_revoked_in_between_makes_nothing_green() {
    let house = GitHubHouse::new(&[CHECKS]).await;
    let client = house.house.server().await;
    house.edit(|site, commit| {
        site.check_run(commit, "test", "success");
    });
    says(&house.dry_run(&client).await, "");
    house.github.edit(|world| world.revoke(house.github.token()));
    says(&house.dry_run(&client).await, "GitHub does not accept the token");
}

#[tokio::test]
async fn the_way_back_needs_no_github() {
    let house = GitHubHouse::new(&[CHECKS]).await;
    house.edit(|site, commit| {
        site.check_run(commit, "test", "success");
    });
    let client = house.house.server().await;
    house.house.commit(&[], "v2025.02.02");
    for version in [VERSION, "v2025.02.02"] {
        let commit = house.green(version);
        let plan = client.plan("site", &commit).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    house.github.down();
    let drafted = client.call("rollback", json!({ "service": "site", "wait_s": 40 })).await;
    let done = client.execute("rollback", drafted.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}
