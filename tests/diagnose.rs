//! Finding out why something fails: operations by what they left, services by looking at them. No secret comes along.

use std::{
    os::unix::fs::PermissionsExt,
    path::Path,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::mcp::{Answer, Client, House};

/// What stands in headers, pages, logs and `.env` files and may not come out.
const CANARY: &str = "hK4vR8tWq2Zp6Nc1Xs9D";
/// What an answer may cost, tokens.
const TOKENS: usize = 2_000;

async fn diagnose(client: &Client, arguments: Value) -> Answer {
    let answer = client.call("diagnose", arguments).await;
    assert!(!answer.raw.contains(CANARY), "{}", answer.text);
    assert!(answer.text.len() / 4 <= TOKENS, "{} tokens: {}", answer.text.len() / 4, answer.text);
    answer
}

fn list<'a>(answer: &'a Answer, key: &str) -> &'a Vec<Value> {
    answer.structured[key].as_array().unwrap_or_else(|| panic!("{}", answer.text))
}

/// The finding whose sentence holds this.
fn finding<'a>(answer: &'a Answer, seen: &str) -> &'a Value {
    let of = |finding: &&Value| finding["seen"].as_str().unwrap().contains(seen);
    list(answer, "findings").iter().find(of).unwrap_or_else(|| panic!("{seen}: {}", answer.text))
}

fn check<'a>(answer: &'a Answer, name: &str) -> &'a Value {
    list(answer, "checks").iter().find(|check| check["check"] == name).unwrap_or_else(|| panic!("{}", answer.text))
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode)).unwrap();
}

/// Answers every request with these bytes; nothing at all when there are none.
async fn web(answer: String) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        let mut silent = Vec::new();
        while let Ok((mut stream, _)) = listener.accept().await {
            if answer.is_empty() {
                silent.push(stream);
                continue;
            }
            let _ = stream.read(&mut [0; 4096]).await;
            let _ = stream.write_all(answer.as_bytes()).await;
        }
    });
    url
}

impl House {
    /// A service whose script fails when it runs for real, with these lines.
    fn add_failing(&self, name: &str, lines: &str) {
        let script = format!("#!/bin/sh\nset -eu\ncase \"$*\" in *--dry-run*) exit 0 ;; esac\n{lines}\n");
        let path = format!("deployment-scripts/{name}.sh");
        self.commit(&[(&path, &script)], &format!("v-{name}"));
        self.add_script_service(name, &path, 30, "");
    }

    /// A database of the shop that its migration tool left half done.
    async fn half_migrate(&self) {
        self.configure(|text| text.replacen("migrations = \"alembic\"", "migrations = \"prisma\"", 1));
        let mut shop = self.shop_database().await;
        let sql = "CREATE TABLE _prisma_migrations (id TEXT, checksum TEXT, finished_at TEXT, migration_name TEXT, logs TEXT, \
                   rolled_back_at TEXT, started_at TEXT, applied_steps_count INTEGER);
                   INSERT INTO _prisma_migrations VALUES ('1', 'x', NULL, '20250101_add_amount', NULL, NULL, '2025-01-01', 0)";
        sqlx::raw_sql(sql).execute(&mut shop).await.unwrap();
        shop.close().await.unwrap();
    }

    async fn shop_database(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path("srv/shop.db")).connect().await.unwrap()
    }
}

#[tokio::test]
async fn the_usual_causes_of_a_failed_script_are_told() {
    let house = House::staging().await;
    // git takes the permissions as they are; this one is not executable.
    std::fs::write(house.path("repository/deployment-scripts/sub-script.sh"), "#!/bin/sh\necho sub\n").unwrap();
    let cases = [
        (
            "full",
            "echo 'cp: error writing x: No space left on device' >&2; exit 1",
            "(certain): The disk or quota is full",
        ),
        ("unset", "echo \"key ${CRM_API_TOKEN}\"", "(likely): An environment variable is missing"),
        ("notx", "deployment-scripts/sub-script.sh", "(likely): A script is not executable"),
        ("gone", "no-such-program --version", "(likely): A program is not there"),
        ("killed", "exit 137", "(possible): It was killed"),
    ];
    for (name, lines, _) in cases {
        house.add_failing(name, &format!("echo 'Authorization: Bearer {CANARY}'\n{lines}"));
    }
    let client = house.server().await;
    for (name, _, cause) in cases {
        let plan = client.plan(name, &format!("v-{name}")).await;
        let done = client.execute("deploy_service", &plan).await;
        assert_eq!(done.get("/operation/state"), "rolled_back", "{}", done.text);
        let seen = diagnose(&client, json!({ "operation": done.get("/operation/id") })).await;
        assert!(seen.status().starts_with("FAIL: operation op_"), "{}", seen.text);
        assert!(seen.status().contains(&format!("Most probable cause {cause}")), "{name}: {}", seen.text);
        assert!(seen.get("/failed_step").contains(&format!("{name}.sh")), "{}", seen.text);
        let step = finding(&seen, "ended by exit code");
        let tool = if name == "full" { "operation_status" } else { "deploy_service" };
        assert_eq!(seen.get("/next/0/tool"), if name == "unset" { "verify_secret" } else { tool }, "{}", seen.text);
        assert!(step["untrusted_text"].as_str().unwrap().contains("Authorization: Bearer [redacted]"), "{}", seen.text);
        // The script beside it is named as well.
        let beside = finding(&seen, "in git not marked as executable");
        assert_eq!(beside["untrusted_text"], "deployment-scripts/sub-script.sh", "{}", seen.text);
    }
    assert!(!client.log().contains(CANARY));
}

#[tokio::test]
async fn a_dry_run_that_fails_is_told_by_its_output() {
    let house = House::staging().await;
    let script =
        format!("#!/bin/sh\necho 'Authorization: Bearer {CANARY}'\necho 'drush: command not found' >&2\nexit 127\n");
    house.commit(&[("deployment-scripts/broken.sh", &script)], "v-broken");
    house.add_script_service("broken", "deployment-scripts/broken.sh", 30, "");
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "broken", "version": "v-broken", "wait_s": 40 })).await;
    assert_eq!(dry.blockers(), ["DRY_RUN_FAILED"], "{}", dry.text);
    let seen = diagnose(&client, json!({ "operation": dry.get("/operation/id") })).await;
    assert!(seen.status().contains("Most probable cause (likely): A program is not there"), "{}", seen.text);
    assert_eq!(check(&seen, "blockers")["outcome"], "FAIL", "{}", seen.text);
    let blocker = finding(&seen, "DRY_RUN_FAILED: ");
    assert!(blocker["untrusted_text"].as_str().unwrap().contains("drush: command not found"), "{}", seen.text);
    let again = &seen.structured["next"][0];
    assert_eq!(
        (&again["tool"], &again["arguments"]["verbose"]),
        (&json!("deploy_service"), &json!(true)),
        "{}",
        seen.text
    );
}

#[tokio::test]
async fn one_call_says_why_a_service_answers_500() {
    let house = House::staging().await;
    let page = format!(
        "HTTP/1.1 500 Internal Server Error\r\nServer: nginx\r\nX-Powered-By: PHP/8.3\r\nSet-Cookie: SID={CANARY}\r\n\
         Connection: close\r\n\r\n<p>mysql://crm:{CANARY}@db.example.org/crm</p>"
    );
    let url = web(page).await;
    let now = jiff::Timestamp::now().strftime("%Y-%m-%dT%H:%M:%SZ");
    std::fs::write(
        house.path("log/crm.log"),
        format!(
            "{now} INFO started\n{now} ERROR password={CANARY} SQLSTATE[HY000] [1045] Access denied for user 'crm'\n"
        ),
    )
    .unwrap();
    house.add_script_service("crm", "deployment-scripts/deploy-forum.sh", 30, "env_example = \".env.example\"");
    house.configure(|text| format!("{text}url = \"{url}\"\nenv_file = \".env\"\n"));
    let root = house.path("srv/crm");
    std::fs::write(root.join(".env"), format!("SHOP_API_KEY={CANARY}\nSHOP_MODE=\n")).unwrap();
    set_mode(&root.join(".env"), 0o644);
    std::fs::write(root.join("cache.php"), "x").unwrap();
    set_mode(&root.join("cache.php"), 0o666);
    let client = house.server().await;

    let seen = diagnose(&client, json!({ "service": "crm" })).await;
    assert!(seen.status().starts_with("FAIL: crm in production. Most probable cause (likely): "), "{}", seen.text);
    let answer = finding(&seen, "HTTP 500");
    assert_eq!((&answer["part"], &answer["sure"]), (&json!("symptom"), &json!("certain")), "{}", seen.text);
    let quoted = answer["untrusted_text"].as_str().unwrap();
    assert!(quoted.contains("server: nginx\n") && quoted.contains("x-powered-by: PHP/8.3"), "{quoted}");
    assert!(!quoted.to_lowercase().contains("cookie"), "{quoted}");
    assert_eq!(finding(&seen, "The database refuses the login: the log says so")["sure"], "likely");
    assert!(finding(&seen, ".env lacks keys that .env.example has: SHOP_MODE")["call"] == "verify_secret");
    let env = finding(&seen, "Files with secrets that every user of the host can read: 1.");
    assert_eq!((&env["untrusted_text"], &env["part"]), (&json!(".env"), &json!("weakness")), "{}", seen.text);
    assert_eq!(finding(&seen, "Paths that everybody can write: 1.")["untrusted_text"], "cache.php");
    assert!(!seen.text.contains("chmod 644") && !seen.text.contains("chmod -R"), "{}", seen.text);
    let errors = finding(&seen, "1 error in a log of root logs");
    assert!(errors["untrusted_text"].as_str().unwrap().contains("Access denied"), "{}", seen.text);
    assert!(!client.log().contains(CANARY));
}

#[tokio::test]
async fn what_is_in_order_passes_and_a_file_changed_by_hand_is_named() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("shop", "v2025.01.13").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    let good = diagnose(&client, json!({ "service": "shop", "environment": "production" })).await;
    assert!(good.status().starts_with("PASS: shop in production: nothing"), "{}", good.text);
    assert_eq!(check(&good, "answers")["found"], "2 of 2 checks passed");
    assert_eq!(check(&good, "release")["outcome"], "PASS", "{}", good.text);

    std::fs::write(house.path("srv/shop/current/index.html"), "<title>by hand</title>").unwrap();
    std::fs::write(house.path("srv/shop/current/new.php"), "<?php").unwrap();
    let changed = diagnose(&client, json!({ "service": "shop" })).await;
    let drift = finding(&changed, "2 files of the live release");
    assert_eq!(drift["untrusted_text"], "index.html\nnew.php", "{}", changed.text);
    assert_eq!(drift["call"], "rollback");

    let fine = diagnose(&client, json!({ "operation": done.get("/operation/id") })).await;
    assert!(fine.status().starts_with("PASS: operation op_"), "{}", fine.text);
    // It says what it looked at, and that nothing of it failed.
    for (name, least) in [("steps", "steps"), ("evidence", "good"), ("blockers", "0 blockers")] {
        let seen = check(&fine, name);
        assert_eq!(seen["outcome"], "PASS", "{}", fine.text);
        assert!(seen["found"].as_str().unwrap().contains(least), "{}", fine.text);
    }
    assert_eq!(list(&fine, "findings").len(), 0, "{}", fine.text);
    let rehearsed =
        client.call("deploy_service", json!({ "service": "shop", "version": "v2025.01.14", "wait_s": 40 })).await;
    let fine = diagnose(&client, json!({ "operation": rehearsed.get("/operation/id") })).await;
    assert_eq!(
        (check(&fine, "blockers")["found"].as_str(), list(&fine, "checks").len()),
        (Some("0 blockers"), 1),
        "{}",
        fine.text
    );
}

#[tokio::test]
async fn a_half_applied_migration_is_told_with_advice_for_its_engine() {
    let house = House::staging().await;
    house.half_migrate().await;
    let client = house.server().await;
    let seen = diagnose(&client, json!({ "service": "shop" })).await;
    assert!(seen.status().contains("Most probable cause (certain): Database shop is half migrated"), "{}", seen.text);
    let half = finding(&seen, "1 migration began and did not end");
    assert_eq!(half["untrusted_text"], "20250101_add_amount", "{}", seen.text);
    assert!(half["fix"].as_str().unwrap().contains("prisma migrate resolve --rolled-back <id>"), "{}", seen.text);
    assert_eq!(seen.get("/next/0/tool"), "inspect_db", "{}", seen.text);
    assert_eq!(finding(&seen, "shop has no verified snapshot")["call"], "snapshot_db");
}

#[tokio::test]
async fn parts_that_are_silent_or_dead_hide_no_other() {
    let house = House::staging().await;
    let closed = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let silent = web(String::new()).await;
    let secret = house.path("secrets/dead");
    std::fs::write(&secret, CANARY).unwrap();
    set_mode(&secret, 0o600);
    house.configure(|text| {
        let text = text.replace("[secrets]\n", &format!("[secrets]\nDEAD_PASSWORD = \"file:{}\"\n", secret.display()));
        format!(
            "{text}\n[databases.dead]\nengine = \"postgres\"\naddress = \"127.0.0.1\"\nport = {closed}\ntls = \"off\"\n\
             database = \"x\"\nuser = \"x\"\npassword = \"DEAD_PASSWORD\"\nmigrations = \"alembic\"\n"
        )
    });
    house.add_script_service("crm", "deployment-scripts/deploy-forum.sh", 30, "secrets = [\"NO_SUCH_SECRET\"]");
    house.configure(|text| {
        let text = text.replace("[secrets]\n", "[secrets]\nNO_SUCH_SECRET = \"env:NO_SUCH_VARIABLE_HERE\"\n");
        format!("{text}url = \"{silent}\"\ndatabases = [\"dead\"]\n")
    });
    std::fs::remove_dir(house.path("srv/crm")).unwrap();
    let client = house.server().await;
    let begun = Instant::now();
    let seen = diagnose(&client, json!({ "service": "crm" })).await;
    assert!(begun.elapsed() < Duration::from_secs(25), "{:?}", begun.elapsed());
    assert!(seen.status().contains("Most probable cause (certain): DB connection failed to dead ✗"), "{}", seen.text);
    assert!(finding(&seen, "Check url fails: No answer")["part"] == "symptom", "{}", seen.text);
    assert_eq!(finding(&seen, "Secrets are missing: NO_SUCH_SECRET")["call"], "verify_secret");
    assert_eq!(check(&seen, "permissions")["outcome"], "INCONCLUSIVE", "{}", seen.text);
    assert!(seen.status().contains("Could not be looked at: "), "{}", seen.text);
}

#[tokio::test]
async fn either_a_service_or_an_operation_is_asked_for() {
    let house = House::staging().await;
    let client = house.server().await;
    let operation = "op_01890000-0000-7000-8000-000000000000";
    for (arguments, code) in [
        (json!({}), "BAD_ARGUMENT"),
        (json!({ "environment": "production" }), "BAD_ARGUMENT"),
        (json!({ "service": "shop", "operation": operation }), "BAD_ARGUMENT"),
        (json!({ "operation": operation }), "NOT_FOUND"),
        (json!({ "service": "shopp" }), "UNKNOWN_NAME"),
        (json!({ "service": "shop", "environment": "moon" }), "UNKNOWN_NAME"),
        (json!({ "service": "shop", "fix": true }), "BAD_ARGUMENT"),
    ] {
        assert_eq!(client.call("diagnose", arguments.clone()).await.code(), code, "{arguments}");
    }
}
