//! Gates over the place that a version goes to: room, snapshots, and the notice that users got.

use std::process::Command;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::support::{
    github_house::{GitHubHouse, VERSION, says},
    stage::program,
};

const TOLD: (&str, &str) = ("told", "kind = \"notice\"\nlead_min = 0");
const ROOM: (&str, &str) = ("room", "kind = \"space\"");
const KEPT: (&str, &str) = ("kept", "kind = \"snapshots\"");

fn notice(house: &GitHubHouse, arguments: &[&str]) -> (bool, String) {
    let mut command = Command::new(program());
    command.arg("notice").args(arguments).arg("--config").arg(&house.house.sandbox.config);
    let output = command.output().unwrap();
    (output.status.success(), String::from_utf8([output.stdout, output.stderr].concat()).unwrap())
}

#[tokio::test(flavor = "multi_thread")]
async fn users_have_to_know_of_the_window() {
    let house = GitHubHouse::new(&[TOLD, ROOM, KEPT]).await;
    let client = house.house.server().await;
    says(&house.dry_run(&client).await, "Gate told is not green: no notice of a window was recorded.");
    // A tag goes nowhere yet, so nobody has to be told of it.
    let tag = json!({ "service": "site", "tag": "v2025.03.01", "commit": house.commit, "wait_s": 40 });
    let tag = client.call("create_tag", tag).await;
    assert!(!tag.is_error && !tag.blockers().contains(&"GATES_NOT_GREEN"), "{}", tag.text);

    let later = |minutes: i64| (Timestamp::now() + SignedDuration::from_mins(minutes)).to_string();
    let (recorded, said) = notice(&house, &["production", "--from", &later(60), "--until", &later(120)]);
    assert!(recorded && said.contains("Users of production know of"), "{said}");
    says(&house.dry_run(&client).await, "the window that users were told of has not begun");
    let (recorded, said) = notice(&house, &["production", "--until", &later(-1)]);
    assert!(!recorded && said.contains("is over"), "{said}");
    let (recorded, said) = notice(&house, &["produktion", "--until", &later(60)]);
    assert!(!recorded && said.contains("production"), "{said}");

    assert!(notice(&house, &["production", "--until", &later(60)]).0);
    let plan = house.dry_run(&client).await;
    says(&plan, "");
    let ready = client.call("check_readiness", json!({ "services": ["site"], "version": VERSION, "wait_s": 40 })).await;
    for gate in ["told", "room", "kept"] {
        assert!(ready.text.contains(&format!("Gate {gate} is green.")), "{}", ready.text);
    }
    // What is taken back, or cannot be read any more, makes the plan stale.
    let record = house.house.path("data/notices/production.json");
    let good = std::fs::read(&record).unwrap();
    std::fs::write(&record, "{\"until\": \"forever\"}").unwrap();
    says(&house.dry_run(&client).await, "Gate told cannot be told: could not read the notice for production");
    let stale = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    std::fs::write(&record, good).unwrap();
    let done = client.execute("deploy_service", plan.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}
