//! Looking into databases through the door: real servers, dead ones, and nothing of what they hold.

use std::{
    net::TcpListener,
    time::{Duration, Instant},
};

use serde_json::{Value, json};
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::{
    mariadb::{self, Features, MariaDb},
    mcp::{Answer, House},
    postgres::{self, Postgres},
};

/// What stands in rows and statements and may not come out.
const CANARY: &str = "row-canary-5Ht9pW3xKq7z";

impl House {
    /// A database of the inventory on a server of this machine.
    fn add_server(&self, name: &str, engine: &str, port: u16, login: &str, password: &str) {
        use std::os::unix::fs::PermissionsExt;
        let secret = self.path("secrets").join(name);
        std::fs::write(&secret, password).unwrap();
        std::fs::set_permissions(&secret, std::fs::Permissions::from_mode(0o600)).unwrap();
        let key = format!("{}_DB_PASSWORD", name.to_uppercase());
        self.configure(|text| {
            let text = text.replace("[secrets]\n", &format!("[secrets]\n{key} = \"file:{}\"\n", secret.display()));
            format!(
                "{text}\n[databases.{name}]\nengine = \"{engine}\"\naddress = \"127.0.0.1\"\nport = {port}\ntls = \"off\"\n\
                 database = \"{login}\"\nuser = \"{login}\"\npassword = \"{key}\"\n"
            )
        });
    }

    async fn shop(&self) -> SqliteConnection {
        SqliteConnectOptions::new().filename(self.path("srv/shop.db")).connect().await.unwrap()
    }
}

/// The entry of a database.
fn of<'a>(answer: &'a Answer, database: &str) -> &'a Value {
    let all = answer.structured["databases"].as_array().unwrap();
    all.iter().find(|view| view["database"] == database).unwrap_or_else(|| panic!("{database}: {}", answer.text))
}

fn found<'a>(answer: &'a Answer, database: &str) -> &'a str {
    of(answer, database)["found"].as_str().unwrap()
}

fn names(list: &Value) -> Vec<&str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str).collect()
}

#[tokio::test]
async fn dead_and_silent_servers_hide_nobody_and_hold_nobody_up() {
    let house = House::staging().await;
    let (idp, crm) = (Postgres::start().await.database("idp").await, MariaDb::start().await.database("crm").await);
    house.add_server("idp", "postgres", idp.port, &idp.name, postgres::PASSWORD);
    house.add_server("crm", "mariadb", crm.port, &crm.name, mariadb::PASSWORD);
    house.add_server("wrong", "mariadb", crm.port, &crm.name, CANARY);
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    // Connections are taken by the system and never answered.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    house.add_server("dead", "postgres", closed, "x", CANARY);
    // Two of them: one after the other they would take twice as long.
    house.add_server("silent", "postgres", silent.local_addr().unwrap().port(), "x", CANARY);
    house.add_server("mute", "mariadb", silent.local_addr().unwrap().port(), "x", CANARY);
    let client = house.server().await;

    let one = client.call("inspect_db", json!({ "databases": ["idp"] })).await;
    assert!(one.status().starts_with("PASS: DB connection successful to idp ✓ (postgres "), "{}", one.text);
    let begun = Instant::now();
    let all = client.call("inspect_db", json!({})).await;
    let took = u64::try_from(begun.elapsed().as_millis()).unwrap();
    assert!(
        all.status().starts_with("FAIL: 4 of 8 DB connections successful; look at dead, mute, silent, wrong"),
        "{}",
        all.text
    );
    assert!(found(&all, "crm").starts_with("DB connection successful to crm ✓ (mariadb "), "{}", all.text);
    assert!(found(&all, "dead").contains("its server cannot be reached"), "{}", all.text);
    assert!(found(&all, "wrong").contains("the server refused the login"), "{}", all.text);
    assert!(found(&all, "silent").contains("did not answer within"), "{}", all.text);
    let slowest =
        all.structured["databases"].as_array().unwrap().iter().map(|v| v["duration_ms"].as_u64().unwrap()).max();
    assert!(took * 2 <= slowest.unwrap() * 3, "{took} ms for all, {slowest:?} ms for the slowest");
    assert!(of(&all, "crm")["duration_ms"].as_u64().unwrap() < 8_000, "{}", all.text);
    let unknown = client.call("inspect_db", json!({ "databases": ["idq"], "section": "migrations" })).await;
    assert_eq!(unknown.code(), "UNKNOWN_NAME");
    assert!(unknown.text.contains("Did you mean idp"), "{}", unknown.text);
    let raw = one.raw + &all.raw + &unknown.raw + &client.log();
    for secret in [CANARY, postgres::PASSWORD, mariadb::PASSWORD] {
        assert!(!raw.contains(secret));
    }
}

#[tokio::test]
async fn sizes_schema_and_snapshots_of_a_database() {
    let house = House::staging().await;
    let client = house.server().await;
    let call =
        async |section: &str| client.call("inspect_db", json!({ "databases": ["shop"], "section": section })).await;
    let sizes = call("sizes").await;
    assert!(sizes.status().contains("shop has 2 tables in"), "{}", sizes.text);
    assert_eq!(of(&sizes, "shop")["sizes"]["largest_tables"][0]["table"], "orders", "{}", sizes.text);
    assert_eq!(of(&sizes, "shop")["sizes"]["largest_tables"][0]["rows"], 2000, "{}", sizes.text);
    let schema = call("schema").await;
    assert!(schema.status().contains("nothing to compare it with"), "{}", schema.text);
    let none = client.call("inspect_db", json!({ "section": "snapshots" })).await;
    assert!(none.status().starts_with("FAIL: 0 of 2 databases with a current verified snapshot"), "{}", none.text);
    assert_eq!(none.get("/next/0/tool"), "snapshot_db");

    let taken = client.call("snapshot_db", json!({ "databases": ["shop"], "wait_s": 40 })).await;
    assert_eq!(taken.get("/operation/state"), "succeeded", "{}", taken.text);
    let last = call("snapshots").await;
    assert!(last.status().starts_with("PASS: last verified snapshot of shop: "), "{}", last.text);
    assert_eq!(of(&last, "shop")["snapshots"]["last"]["rows"], 2001, "{}", last.text);
    let same = call("schema").await;
    assert!(same.status().starts_with("PASS: schema of shop: as in snapshot shop-"), "{}", same.text);
    let sql = "CREATE TABLE by_hand (x); DROP TABLE orders";
    sqlx::raw_sql(sql).execute(&mut house.shop().await).await.unwrap();
    let drifted = call("schema").await;
    assert!(drifted.status().starts_with("FAIL: schema of shop: DRIFT"), "{}", drifted.text);
    assert_eq!(names(&of(&drifted, "shop")["schema"]["new_tables"]), ["by_hand"]);
    assert_eq!(names(&of(&drifted, "shop")["schema"]["gone_tables"]), ["orders"]);
}

#[tokio::test]
async fn what_a_deployment_left_is_what_drift_is_measured_by() {
    let house = House::staging().await;
    let client = house.server().await;
    let plan = client.plan("shop", "v2025.01.14").await;
    let done = client.execute("deploy_service", &plan).await;
    assert_eq!(done.get("/operation/state"), "succeeded", "{}", done.text);
    assert_eq!(done.structured["operation"]["metrics"]["migrations_applied"], 1, "{}", done.text);
    let call = async || client.call("inspect_db", json!({ "databases": ["shop"], "section": "schema" })).await;
    let same = call().await;
    assert!(same.status().contains("as in the deployment of shop v2025.01.14"), "{}", same.text);
    sqlx::raw_sql("CREATE INDEX by_hand ON orders (item)").execute(&mut house.shop().await).await.unwrap();
    let drifted = call().await;
    assert!(drifted.status().contains("DRIFT: not as in the deployment of shop"), "{}", drifted.text);
}

#[tokio::test]
async fn sessions_of_postgres_without_their_literals() {
    let house = House::staging().await;
    let idp = Postgres::start().await.database("idp").await;
    house.add_server("idp", "postgres", idp.port, &idp.name, postgres::PASSWORD);
    idp.execute(&format!("CREATE TABLE t (secret TEXT); INSERT INTO t VALUES ('{CANARY}')")).await;
    let (mut holder, mut waiter) = (idp.connect().await, idp.connect().await);
    sqlx::raw_sql("BEGIN; LOCK TABLE t").execute(&mut holder).await.unwrap();
    let waiting = tokio::spawn(async move {
        let sql = format!("/* {CANARY} */ UPDATE t SET secret = $${CANARY}$$ WHERE secret <> '{CANARY}'");
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut waiter).await
    });
    let client = house.server().await;
    let begun = Instant::now();
    let busy = loop {
        let seen = client.call("inspect_db", json!({ "databases": ["idp"], "section": "queries" })).await;
        if of(&seen, "idp")["queries"]["waiting_for_locks"].is_array() {
            break seen;
        }
        assert!(begun.elapsed() < Duration::from_secs(30), "{}", seen.text);
    };
    assert!(busy.status().contains("1 waiting for locks"), "{}", busy.text);
    let wait = &of(&busy, "idp")["queries"]["waiting_for_locks"][0];
    assert_eq!(wait["untrusted_text"], "UPDATE t SET secret = ? WHERE secret <> ?", "{}", busy.text);
    assert!(wait["blocked_by"].as_str().is_some_and(|pid| pid.parse::<u32>().is_ok()), "{}", busy.text);
    assert!(busy.text.contains("pg_stat_statements is not installed"), "{}", busy.text);
    assert!(!(busy.raw + &client.log()).contains("canary"));
    holder.close().await.unwrap();
    waiting.await.unwrap().unwrap();
}

#[tokio::test]
async fn slow_statements_of_mariadb_without_their_literals() {
    let house = House::staging().await;
    let server = MariaDb::with(Features { performance_schema: true, ..Features::default() }).await;
    let crm = server.database("crm").await;
    house.add_server("crm", "mariadb", crm.port, &crm.name, mariadb::PASSWORD);
    crm.execute("CREATE TABLE t (secret TEXT)").await;
    crm.execute(&format!("INSERT INTO t VALUES ('{CANARY}')")).await;
    crm.execute(&format!("SELECT * FROM t WHERE secret = '{CANARY}'")).await;
    let client = house.server().await;
    let call = async || client.call("inspect_db", json!({ "databases": ["crm"], "section": "queries" })).await;
    let blind = call().await;
    assert!(blind.text.contains("the user lacks a right"), "{}", blind.text);
    assert!(of(&blind, "crm")["queries"]["connections"].as_u64().unwrap() >= 1, "{}", blind.text);
    assert!(blind.status().starts_with("INCONCLUSIVE: "), "what was not read is not at ease: {}", blind.text);
    assert!(blind.status().contains("unknown long transactions, unknown waiting for locks"), "{}", blind.text);
    server.execute(&format!("GRANT SELECT ON performance_schema.* TO '{}'@'127.0.0.1'", crm.name)).await;
    server.execute(&format!("GRANT PROCESS ON *.* TO '{}'@'127.0.0.1'", crm.name)).await;
    let seen = call().await;
    assert!(seen.status().starts_with("PASS: ") && seen.status().contains("0 waiting for locks"), "{}", seen.text);
    let file = client.call("inspect_db", json!({ "databases": ["shop"], "section": "queries" })).await;
    assert!(file.status().starts_with("INCONCLUSIVE: "), "a file tells nothing of its users: {}", file.text);
    let slow = of(&seen, "crm")["queries"]["slow"].as_array().unwrap_or_else(|| panic!("{}", seen.text));
    let texts: Vec<&str> = slow.iter().filter_map(|statement| statement["untrusted_text"].as_str()).collect();
    assert!(texts.iter().any(|text| text.starts_with("INSERT INTO")), "{}", seen.text);
    assert!(!(blind.raw + &seen.raw + &client.log()).contains("canary"));
}

#[tokio::test]
async fn the_schema_of_arguments_is_kept() {
    let house = House::staging().await;
    let client = house.server().await;
    for bad in [
        json!({ "section": "rows" }),
        json!({ "limit": 0 }),
        json!({ "sql": "SELECT 1" }),
        json!({ "databases": "shop" }),
    ] {
        assert_eq!(client.call("inspect_db", bad.clone()).await.code(), "BAD_ARGUMENT", "{bad}");
    }
    let twice = client.call("inspect_db", json!({ "databases": ["shop", "shop"] })).await;
    assert_eq!(twice.structured["databases"].as_array().unwrap().len(), 1, "{}", twice.text);
}
