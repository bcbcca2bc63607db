//! A dry run, an approval, a deployment.

use serde_json::json;

use crate::support::mcp::House;

#[tokio::test]
async fn a_dry_run_makes_a_plan_and_execution_needs_its_approval() {
    let house = House::production().await;
    let client = house.server().await;
    let before = house.digest();
    let missing = client.call("deploy_service", json!({ "mode": "execute" })).await;
    assert_eq!(missing.code(), "DRY_RUN_MISSING");
    let dry =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), ["APPROVAL_REQUIRED"], "{}", dry.text);
    assert_eq!(dry.structured["next"][0]["arguments"]["plan"], dry.structured["plan"]["id"]);
    assert_eq!(house.digest(), before, "a dry run changes nothing");
    let plan = dry.get("/plan/id").to_owned();
    assert_eq!(client.execute("deploy_service", &plan).await.code(), "APPROVAL_REQUIRED");
    assert_eq!(client.execute("rollback", &plan).await.code(), "BAD_ARGUMENT", "the plan of another tool");
    house.approve(&plan).await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(house.sandbox.forum_starts(), 1);
    let again = client.execute("deploy_service", &plan).await;
    assert_eq!(again.get("/operation/id"), done.get("/operation/id"), "the plan id is the idempotency key");
    assert_eq!(house.sandbox.forum_starts(), 1);
    let live = client.call("list_services", json!({ "service": "forum" })).await;
    assert_eq!(live.get("/services/0/targets/0/live"), "v2025.01.13");
}

#[tokio::test]
async fn what_failed_is_named_and_counted_whatever_answers_after_it_went_back() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("shop", "v2025.01.14").await;
    assert_eq!(client.execute("deploy_service", &plan).await.get("/operation/state"), "succeeded");
    let plan = client.plan("shop", "v2025.01.15").await;
    let done = client.execute("deploy_service", &plan).await;
    assert!(done.status().starts_with("ROLLED_BACK: shop v2025.01.15 in production. "), "{}", done.text);
    let metrics = &done.structured["operation"]["metrics"];
    assert_eq!((&metrics["http_200_rate"], &metrics["failures"]), (&json!(0.5), &json!(1)), "{}", done.text);
    let smoke = done.structured["evidence"].as_array().unwrap().iter().find(|one| one["outcome"] == "FAIL").unwrap();
    assert!(smoke["summary"].as_str().unwrap().starts_with("1 of 2 smoke checks passed. health: HTTP 404"), "{smoke}");
    assert_eq!(done.get("/next/0/tool"), "diagnose", "{}", done.text);
    let why = client.call("diagnose", json!({ "operation": done.get("/operation/id") })).await;
    assert!(why.status().contains("health: HTTP 404, wanted 200"), "{}", why.text);
}

#[tokio::test]
async fn what_cannot_be_deployed_is_refused_by_its_code() {
    let house = House::staging().await;
    let client = house.server().await;
    for (arguments, code) in [
        (json!({ "service": "nothere", "version": "v2025.01.13" }), "UNKNOWN_NAME"),
        (json!({ "service": "forum", "version": "v9" }), "UNKNOWN_VERSION"),
        (json!({ "service": "forum" }), "BAD_ARGUMENT"),
        (json!({ "service": "forum", "version": "v2025.01.13", "environment": "moon" }), "UNKNOWN_NAME"),
        (json!({ "mode": "execute", "plan": "plan-0", "service": "forum" }), "BAD_ARGUMENT"),
    ] {
        let answer = client.call("deploy_service", arguments.clone()).await;
        assert_eq!(answer.code(), code, "{arguments}: {}", answer.text);
    }
}

#[tokio::test]
async fn the_way_back_says_when_the_live_release_is_not_what_was_placed() {
    let house = House::staging().await;
    let client = house.server().await;
    let first = client.plan("shop", "v2025.01.13").await;
    let done = client.execute("deploy_service", &first).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let next = json!({ "service": "shop", "version": "v2025.01.14", "wait_s": 40 });
    let before = client.call("deploy_service", next.clone()).await;
    assert!(!before.get("/plan/rollback/code").contains("not as they were placed"), "{}", before.text);
    std::fs::write(house.path("srv/shop/current/index.html"), "<title>by hand</title>").unwrap();
    let changed = client.call("deploy_service", next).await;
    let code = changed.get("/plan/rollback/code");
    assert!(code.starts_with("switch back to release v2025.01.13-"), "{}", changed.text);
    assert!(code.ends_with(", whose files are not as they were placed"), "{}", changed.text);
    assert_eq!(changed.blockers(), Vec::<String>::new(), "{}", changed.text);
}
