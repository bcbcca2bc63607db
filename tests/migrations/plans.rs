//! What plans say about migrations, through the door.

use std::{fs, os::unix::fs::PermissionsExt};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::support::{
    mariadb::{self, MariaDb},
    mcp::{Answer, House},
};

const CANARY: &str = "file-canary-8Xw2mR5vBq1n";
const SCRIPT: &str = "#!/bin/sh\nfor word; do [ \"$word\" != --dry-run ] || exit 0; done\nexit 0\n";
/// Alembic keeps nothing else.
const TABLE: &str = "CREATE TABLE alembic_version (version_num VARCHAR(32) NOT NULL PRIMARY KEY);
                     INSERT INTO alembic_version VALUES ('a1'); CREATE TABLE orders (id INT)";

/// A service `api` that is deployed by `script`, whose database `api` is described by `database`.
fn add_api(house: &House, script: &str, database: &str, tag: &str) {
    let versions = house.path("repository/api/versions");
    fs::create_dir_all(&versions).unwrap();
    fs::create_dir_all(house.path("srv/api")).unwrap();
    fs::write(versions.join("a1_one.py"), "revision = 'a1'\ndown_revision = None\n").unwrap();
    let two = format!(
        "revision = 'b2'\ndown_revision = 'a1'\n\ndef upgrade():\n    # {CANARY}\n    op.drop_column('orders', 'x')\n    \
         op.execute(\"UPDATE orders SET note = '{CANARY}'\")\n"
    );
    fs::write(versions.join("b2_two.py"), two).unwrap();
    house.commit(&[("deployment-scripts/deploy-api.sh", script)], tag);
    let repository = house.path("repository").display().to_string();
    house.configure(|text| {
        format!(
            "{text}\n[databases.api]\n{database}migrations = \"alembic\"\n[services.api]\nrepository = \"{repository}\"\n\
             [services.api.deploy]\nkind = \"script\"\ndry_run_argument = \"--dry-run\"\n\
             script = {{ path = \"deployment-scripts/deploy-api.sh\", timeout_s = 30 }}\n\
             rollback = {{ path = \"deployment-scripts/rollback-forum.sh\", timeout_s = 30 }}\n\
             [services.api.targets.production]\nhost = \"here\"\nroot = \"api\"\ndatabases = [\"api\"]\n"
        )
    });
}

fn warnings(answer: &Answer) -> Vec<&str> {
    let list = answer.structured.pointer("/plan/warnings").and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str).collect()
}

fn assert_warned(answer: &Answer, parts: &[&str]) {
    let told = warnings(answer);
    for part in parts {
        assert!(told.iter().any(|warning| warning.contains(part)), "{part}: {told:#?}\n{}", answer.text);
    }
}

async fn sqlite(house: &House, sql: &str) {
    let options = SqliteConnectOptions::new().filename(house.path("srv/api.db")).create_if_missing(true);
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
    connection.close().await.unwrap();
}

#[tokio::test]
async fn the_approver_sees_what_is_pending_and_what_it_destroys_with_file_and_line() {
    let house = House::production().await;
    sqlite(&house, TABLE).await;
    let database = format!("engine = \"sqlite\"\npath = \"{}\"\n", house.path("srv/api.db").display());
    add_api(&house, SCRIPT, &database, "v9");
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "api", "version": "v9", "wait_s": 40 })).await;
    assert_warned(
        &dry,
        &[
            "Database api: 1 migrations are pending: b2.",
            "api/versions/b2_two.py:6: a column is dropped",
            "api/versions/b2_two.py:7: UPDATE without WHERE",
        ],
    );
    let plan = dry.get("/plan/id").to_owned();
    house.approve(&plan).await;

    // Somebody migrates by hand after the approval.
    sqlite(&house, "UPDATE alembic_version SET version_num = 'b2'").await;
    let stale = client.execute("deploy_service", &plan).await;
    assert_eq!(stale.code(), "PLAN_STALE", "{}", stale.text);
    assert!(stale.text.contains("database api migration head: planned a1, found b2"), "{}", stale.text);
    let look =
        client.call("inspect_db", json!({ "databases": ["api"], "section": "migrations", "version": "v9" })).await;
    assert!(
        look.status().starts_with("PASS: api is at migration b2 (Alembic), nothing is pending in api v9"),
        "{}",
        look.text
    );
    let other =
        client.call("inspect_db", json!({ "databases": ["api"], "section": "migrations", "version": "v99" })).await;
    assert!(other.status().contains("no such tag or commit"), "{}", other.text);
    assert!(!(dry.raw + &stale.raw + &look.raw + &other.raw + &client.log()).contains("canary"));
}

#[tokio::test]
async fn on_mariadb_the_way_back_is_a_restore() {
    let house = House::staging().await;
    let real = MariaDb::start().await.database("api").await;
    real.execute(TABLE).await;
    let secret = house.path("secrets/api_db");
    fs::write(&secret, mariadb::PASSWORD).unwrap();
    fs::set_permissions(&secret, fs::Permissions::from_mode(0o600)).unwrap();
    house
        .configure(|text| text.replace("[secrets]\n", &format!("[secrets]\nAPI_DB = \"file:{}\"\n", secret.display())));
    let database = format!(
        "engine = \"mariadb\"\naddress = \"127.0.0.1\"\nport = {}\ntls = \"off\"\ndatabase = \"{2}\"\nuser = \"{2}\"\npassword = \"{1}\"\n",
        real.port, "API_DB", real.name
    );
    let script = SCRIPT.replace("exit 0\n", "[ -z \"$BACK\" ] || alembic downgrade -1\n");
    add_api(&house, &script, &database, "v9");
    let client = house.server().await;
    let dry = client.call("deploy_service", json!({ "service": "api", "version": "v9", "wait_s": 40 })).await;
    assert_warned(
        &dry,
        &[
            "deployment-scripts/deploy-api.sh:3 runs `alembic downgrade` on MariaDB",
            "The way back is the restore of the snapshot, not a downgrade.",
        ],
    );
    assert!(!(dry.raw + &client.log()).contains("canary"));
}

#[tokio::test]
async fn what_drush_no_longer_has_is_refused_at_the_dry_run() {
    let house = House::staging().await;
    sqlite(&house, TABLE).await;
    let database = format!("engine = \"sqlite\"\npath = \"{}\"\n", house.path("srv/api.db").display());
    add_api(&house, &SCRIPT.replace("exit 0\n", "drush updatedb \\\n  --entity-updates -y\n"), &database, "v9");
    let client = house.server().await;
    let refused = client.call("deploy_service", json!({ "service": "api", "version": "v9", "wait_s": 40 })).await;
    assert_eq!(refused.code(), "DRY_RUN_FAILED", "{}", refused.text);
    assert!(refused.text.contains("deploy-api.sh:3 calls `drush updatedb --entity-updates`"), "{}", refused.text);
    assert!(refused.text.contains("drush deploy:hook --yes"), "{}", refused.text);
}
