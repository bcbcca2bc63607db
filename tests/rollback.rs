//! Back to the version before.

use serde_json::json;
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::support::mcp::House;

/// What stands in a row and may not come out.
const CANARY: &str = "row-canary-2Vb7nQ4tLx9e";

#[tokio::test]
async fn a_rollback_is_planned_and_executed_and_its_version_is_refused_from_then_on() {
    let house = House::staging().await;
    let client = house.server().await;
    let none = client.call("rollback", json!({ "service": "forum", "wait_s": 40 })).await;
    assert_eq!(none.code(), "ROLLBACK_NOT_READY", "{}", none.text);
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("forum", version).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    let dry = client.call("rollback", json!({ "service": "forum", "wait_s": 40 })).await;
    assert_eq!(dry.get("/plan/rollback/to/version"), "v2025.01.14", "{}", dry.text);
    assert_eq!(dry.get("/plan/rollback/code"), "not by itself: deploy v2025.01.14 again", "{}", dry.text);
    assert!(dry.status().starts_with("PLANNED: forum v2025.01.13 in production. Dry run done"), "{}", dry.text);
    assert_eq!(dry.get("/next/0/tool"), "rollback", "{}", dry.text);
    let done = client.execute("rollback", dry.get("/plan/id")).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let page = std::fs::read_to_string(house.path("srv/forum/www/index.html")).unwrap();
    assert!(page.contains("v2025.01.13"), "{page}");
    let again =
        client.call("deploy_service", json!({ "service": "forum", "version": "v2025.01.14", "wait_s": 40 })).await;
    assert!(again.blockers().contains(&"VERSION_ROLLED_BACK"), "{}", again.text);
    assert!(
        again.status().starts_with("BLOCKED: ") && again.status().ends_with("VERSION_ROLLED_BACK."),
        "{}",
        again.text
    );
    let refused = client.execute("deploy_service", again.get("/plan/id")).await;
    assert_eq!(refused.code(), "VERSION_ROLLED_BACK", "{}", refused.text);
}

#[tokio::test]
async fn a_restore_says_what_it_would_lose_before_anybody_approves_it() {
    let house = House::production().await;
    // The page is for whoever may approve: here the requester's own account.
    let tier = "tier = \"production\"\n";
    house.configure(|text| {
        let text = text.replace(tier, &format!("{tier}approval = {{ same_user = \"totp\" }}\n"));
        format!("{text}\n[[approvers]]\nname = \"alice\"\ntotp = \"SHOP_API_KEY\"\n")
    });
    let client = house.server().await;
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("shop", version).await;
        house.approve(&plan).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    }
    let mut shop = SqliteConnectOptions::new().filename(house.path("srv/shop.db")).connect().await.unwrap();
    let written = format!(
        "INSERT INTO orders (item) VALUES ('{CANARY}'), ('b'), ('c'); CREATE TABLE added (x); INSERT INTO added VALUES (1)"
    );
    sqlx::raw_sql(sqlx::AssertSqlSafe(written)).execute(&mut shop).await.unwrap();
    shop.close().await.unwrap();

    let wanted = json!({ "service": "shop", "databases": "restore", "wait_s": 40 });
    let dry = client.call("rollback", wanted).await;
    let loss = &dry.structured["plan"]["rollback"]["database"]["losses"][0];
    assert_eq!(
        (&loss["database"], &loss["rows_then"], &loss["rows_now"]),
        (&json!("shop"), &json!(2001), &json!(2005)),
        "{}",
        dry.text
    );
    assert_eq!(loss["tables"], json!(["added (+1)", "alembic_version (changed)", "orders (+3)"]), "{}", dry.text);
    let told = "2005 rows now, 2001 then; changed tables: added (+1), alembic_version (changed), orders (+3)";
    assert!(dry.structured["plan"]["warnings"].to_string().contains(told), "{}", dry.text);
    let plan = dry.get("/plan/id");
    let (_, shown) = house.talk(&["approve", plan], &[("type shop: ", "no")]);
    let shown: String = shown.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(shown.contains("LOSS OF DATA") && shown.contains(told), "{shown}");
    assert_eq!(client.execute("rollback", plan).await.code(), "APPROVAL_REQUIRED", "a restore has its own approval");
    let keep = client.call("rollback", json!({ "service": "shop", "wait_s": 40 })).await;
    assert!(keep.structured["plan"]["rollback"]["database"]["losses"].is_null(), "{}", keep.text);
    assert!(!(dry.raw + &keep.raw + &shown + &client.log()).contains(CANARY));
}
