//! The rules of the policy, as a client meets them.

use deploy_ops_mcp::domain::{
    approval::{Channel, Decision},
    principal::Principal,
};
use serde_json::json;

use crate::support::{
    mcp::{Client, House},
    stage,
};

async fn blockers(client: &Client, service: &str) -> Vec<String> {
    let dry =
        client.call("deploy_service", json!({ "service": service, "version": "v2025.01.13", "wait_s": 40 })).await;
    dry.blockers().into_iter().map(str::to_owned).collect()
}

#[tokio::test]
async fn a_freeze_and_a_closed_window_block_and_name_the_rule() {
    let house = House::staging().await;
    let now = jiff::Timestamp::now();
    let opens = (now + jiff::SignedDuration::from_hours(5)).strftime("%H:%M").to_string();
    let closes = (now + jiff::SignedDuration::from_hours(6)).strftime("%H:%M").to_string();
    let open_rule = house.sandbox.config.clone();
    let original = std::fs::read_to_string(&open_rule).unwrap();
    for (rule, word) in [
        (
            format!("windows = [{{ from = \"{opens}\", to = \"{closes}\", zone = \"UTC\" }}]"),
            "outside the deployment windows",
        ),
        (
            "freezes = [{ from = 2020-01-01T00:00:00Z, to = 2099-01-01T00:00:00Z, reason = \"holidays\" }]".to_owned(),
            "holidays",
        ),
    ] {
        house.configure(|_| original.replacen("tier = \"staging\"", &format!("tier = \"staging\"\n{rule}"), 1));
        let client = house.server().await;
        let dry =
            client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 })).await;
        assert_eq!(dry.blockers(), ["WINDOW_CLOSED"], "{}", dry.text);
        let refused = client.execute("deploy_service", dry.get("/plan/id")).await;
        assert!(refused.code() == "WINDOW_CLOSED" && refused.text.contains(word), "{}", refused.text);
    }
    assert_eq!(house.sandbox.forum_starts(), 0);
}

#[tokio::test]
async fn halt_stops_changes_until_resume() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    let halted = tokio::process::Command::new(stage::program())
        .args(["halt", "--reason", "flood", "--config"])
        .arg(&house.sandbox.config)
        .output()
        .await
        .unwrap();
    assert!(halted.status.success());
    let refused = client.execute("deploy_service", &plan).await;
    assert!(refused.code() == "HALTED" && refused.text.contains("flood"), "{}", refused.text);
    assert_eq!(blockers(&client, "forum").await, ["HALTED"]);
    house.operator().resume_changes(&Principal::operator("alice")).await.unwrap();
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}

#[tokio::test]
async fn the_requester_cannot_approve_and_a_denial_stands() {
    let house = House::production().await;
    let client = house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    let operator = house.operator();
    let shown = operator.plan_for_approval(&plan.parse().unwrap()).await.unwrap();
    let requester = shown.plan.body().requester.clone();
    let own = operator.answer_plan(&shown, Decision::Approve, requester, Channel::Terminal).await.unwrap_err();
    assert_eq!(own.code.as_text(), "SELF_APPROVAL");
    assert_eq!(client.execute("deploy_service", &plan).await.code(), "APPROVAL_REQUIRED");
    operator.answer_plan(&shown, Decision::Deny, Principal::operator("alice"), Channel::Terminal).await.unwrap();
    assert_eq!(client.execute("deploy_service", &plan).await.code(), "APPROVAL_DENIED");
    // An approval is of one plan: the next plan for the same version needs its own.
    let next = client.plan("forum", "v2025.01.13").await;
    house.approve(&next).await;
    assert_eq!(client.execute("deploy_service", &plan).await.code(), "APPROVAL_DENIED");
    assert_eq!(client.execute("deploy_service", &next).await.get("/operation/state"), "succeeded");
    let third = client.plan("forum", "v2025.01.13").await;
    assert_eq!(client.execute("deploy_service", &third).await.code(), "APPROVAL_REQUIRED", "single use");
}

#[tokio::test]
async fn a_plan_that_waits_says_until_when_and_can_still_be_denied() {
    let house = House::production().await;
    house.configure(|text| {
        text.replacen("tier = \"production\"", "tier = \"production\"\napproval = { wait_s = 300 }", 1)
    });
    let client = house.server().await;
    let arguments = json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 });
    let dry = client.call("deploy_service", arguments).await;
    assert_eq!(dry.blockers(), ["APPROVAL_REQUIRED"], "{}", dry.text);
    assert_eq!(dry.structured["plan"]["wait_s"], 300);
    assert!(dry.text.contains("300 s after a human has run"), "{}", dry.text);
    let plan = dry.get("/plan/id");
    house.approve(plan).await;
    let status = client.call("operation_status", json!({ "operation": dry.get("/operation/id") })).await;
    let from = status.get("/detail/plan/not_before");
    assert!(!from.is_empty(), "{}", status.text);
    let refused = client.execute("deploy_service", plan).await;
    assert_eq!(refused.code(), "WAIT_NOT_OVER");
    let next = &refused.structured["error"]["next"][0];
    assert_eq!((&next["arguments"]["plan"], &next["why"]), (&json!(plan), &json!(format!("from {from} on"))));
    let operator = house.operator();
    let shown = operator.plan_for_approval(&plan.parse().unwrap()).await.unwrap();
    assert_eq!(shown.blockers.iter().map(|blocker| blocker.code.as_text()).collect::<Vec<_>>(), ["WAIT_NOT_OVER"]);
    operator.answer_plan(&shown, Decision::Deny, Principal::operator("alice"), Channel::Terminal).await.unwrap();
    assert_eq!(client.execute("deploy_service", plan).await.code(), "APPROVAL_DENIED");
}

#[tokio::test]
async fn a_missing_secret_is_a_blocker_and_no_script_is_started_without_it() {
    let house = House::staging().await;
    std::fs::remove_file(house.path("secrets/forum_db")).unwrap();
    let client = house.server().await;
    let dry =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 })).await;
    assert!(dry.blockers().contains(&"SECRET_MISSING"), "{}", dry.text);
    let refused = client.execute("deploy_service", dry.get("/plan/id")).await;
    assert_eq!(refused.code(), "SECRET_MISSING", "{}", refused.text);
    assert_eq!(house.sandbox.forum_starts(), 0);
}

#[tokio::test]
async fn every_fact_that_drifts_names_itself() {
    let house = House::staging().await;
    let mut client = house.server().await;
    let plan = client.plan("shop", "v2025.01.13").await;
    assert_eq!(client.execute("deploy_service", &plan).await.get("/operation/state"), "succeeded");
    let link = house.path("srv/shop/current");
    let live = std::fs::read_link(&link).unwrap();
    for (change, fact) in [
        ("tag", "commit"),
        ("secret", "value behind SHOP_API_KEY"),
        ("migration", "migration head"),
        ("live", "current release"),
        ("config", "config"),
    ] {
        let plan = client.plan("shop", "v2025.01.14").await;
        match change {
            "tag" => house.sandbox.move_tag("v2025.01.14").await.unwrap(),
            "secret" => std::fs::write(house.path("secrets/shop_api"), "another-value-4711-abcdef").unwrap(),
            "migration" => migrate(&house, "0001b_by_hand").await,
            "live" => {
                let other = house.path("srv/shop/releases/by-hand");
                std::fs::create_dir_all(&other).unwrap();
                std::fs::remove_file(&link).unwrap();
                std::os::unix::fs::symlink(&other, &link).unwrap();
            }
            _ => {
                house.configure(|text| text.replace("keep = 3", "keep = 4"));
            }
        }
        if matches!(change, "config" | "secret") {
            client = house.server().await;
        }
        let stale = client.execute("deploy_service", &plan).await;
        assert_eq!(stale.code(), "PLAN_STALE", "{change}: {}", stale.text);
        assert!(stale.text.contains(fact), "{change}: {}", stale.text);
        if change == "live" {
            std::fs::remove_file(&link).unwrap();
            std::os::unix::fs::symlink(&live, &link).unwrap();
        }
    }
}

async fn migrate(house: &House, to: &str) {
    use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};
    let mut connection = SqliteConnectOptions::new().filename(house.path("srv/shop.db")).connect().await.unwrap();
    sqlx::query("UPDATE alembic_version SET version_num = ?")
        .bind(to.to_owned())
        .execute(&mut connection)
        .await
        .unwrap();
    connection.close().await.unwrap();
}
