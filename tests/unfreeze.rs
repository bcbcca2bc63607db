//! A rollback that fails freezes its service until a human has repaired it.

use serde_json::json;

use crate::support::mcp::House;

const DEPLOY: &str =
    "#!/bin/sh\nfor word in \"$@\"; do [ \"$word\" != --dry-run ] || exit 0; done\ntouch \"$DEPLOY_ROOT/tool\"\n";
const ROLLBACK: &str = "#!/bin/sh\nfor word in \"$@\"; do [ \"$word\" != --dry-run ] || exit 0; done\nexit 1\n";
const SMOKE: &str = "#!/bin/sh\n[ ! -e \"$BROKEN\" ]\n";

/// A service that cannot be taken back, and is broken while there is a file `broken`.
async fn house() -> House {
    let house = House::staging().await;
    house.commit(&[("deploy-tool.sh", DEPLOY), ("rollback-tool.sh", ROLLBACK), ("smoke-tool.sh", SMOKE)], "v3");
    house.add_script_service("tool", "deploy-tool.sh", 30, "");
    let broken = house.path("broken").display().to_string();
    house.configure(|text| {
        let (before, own) = text.split_once("[services.tool]").unwrap();
        let own = own.replace("deployment-scripts/rollback-forum.sh", "rollback-tool.sh");
        format!(
            "{before}[services.tool]{own}\n[[services.tool.smoke]]\nname = \"works\"\nkind = \"script\"\nattempts = 1\n\
             script = {{ path = \"smoke-tool.sh\", environment = {{ BROKEN = \"{broken}\" }} }}\n"
        )
    });
    house
}

#[tokio::test]
async fn a_failed_rollback_freezes_the_service_until_a_human_says_that_it_is_repaired() {
    let house = house().await;
    let client = house.server().await;
    let plan = client.plan("tool", "v3").await;
    let good = client.execute("deploy_service", &plan).await;
    assert_eq!(good.get("/operation/state"), "succeeded", "{}", good.text);
    house.commit(&[], "v4");
    let plan = client.plan("tool", "v4").await;
    std::fs::write(house.path("broken"), "").unwrap();
    let failed = client.execute("deploy_service", &plan).await;
    assert_eq!(failed.get("/operation/state"), "rollback_failed", "{}", failed.text);
    let operation = failed.get("/operation/id").to_owned();
    assert!(
        failed.text.contains("frozen") && failed.text.contains(&format!("unfreeze {operation}")),
        "{}",
        failed.text
    );

    std::fs::remove_file(house.path("broken")).unwrap();
    house.commit(&[], "v5");
    let dry = client.call("deploy_service", json!({ "service": "tool", "version": "v5", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), ["SERVICE_FROZEN"], "{}", dry.text);
    let plan = dry.get("/plan/id");
    assert_eq!(client.execute("deploy_service", plan).await.code(), "SERVICE_FROZEN");

    let unfreeze = |operation: &str, word: &str| {
        house.talk(&["unfreeze", operation, "--why", "files put back by hand"], &[("type repaired: ", word)])
    };
    let (exit, shown) = house.talk(&["unfreeze", good.get("/operation/id"), "--why", "x"], &[]);
    assert!(exit == 1 && shown.contains("WRONG_STATE"), "{shown}");
    let (exit, shown) = unfreeze(&operation, "yes");
    assert!(exit == 1 && shown.contains("not the word"), "{shown}");
    assert_eq!(client.execute("deploy_service", plan).await.code(), "SERVICE_FROZEN");
    let (exit, shown) = unfreeze(&operation, "repaired");
    assert!(exit == 0 && shown.contains("ROLLBACK FAILED"), "the human sees what froze it: {shown}");
    let done = client.execute("deploy_service", plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
}
