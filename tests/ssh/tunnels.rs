//! Databases and services that answer only on a shared host, through the door.

use std::{os::unix::fs::PermissionsExt, path::PathBuf};

use serde_json::{Value, json};
use sqlx::{
    ConnectOptions,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};

use crate::support::{
    cut::{Cut, Way},
    mariadb::{self, Features, MariaDb},
    mcp::{Answer, Client, House, collect},
    postgres::{self, Postgres},
    sshd::{KeyType, Sshd},
    wait::until,
};

/// A row that no exit may show.
const CANARY: &str = "row-canary-3Hd7tRx2Nw9qLz5K";

/// A PostgreSQL and a MariaDB server on the loopback of a host, and a house whose forum uses a database of each.
pub(super) struct Behind {
    pub(super) house: House,
    pub(super) forum: postgres::Database,
    pub(super) crm: mariadb::Database,
    // Before the host, whose network they are in.
    postgres: Postgres,
    mariadb: MariaDb,
    pub(super) host: Sshd,
}

/// How connections from the host on are protected.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Tls {
    Verified,
    Off,
}

impl Behind {
    pub(super) async fn new(tls: Tls) -> Self {
        Self::of(Sshd::shape().own_network().start().await, tls).await
    }

    async fn of(host: Sshd, tls: Tls) -> Self {
        let postgres = Postgres::in_network(host.pid()).await;
        let certificate = postgres.certificate();
        let arguments: Vec<&'static str> =
            [format!("--ssl-cert={}", certificate.display()), format!("--ssl-key={}", key_of(&certificate).display())]
                .map(|argument| &*argument.leak())
                .to_vec();
        let arguments: &[&str] = if tls == Tls::Verified { arguments.leak() } else { &[] };
        let features = Features { network: Some(host.pid()), arguments, ..Features::default() };
        let mariadb = MariaDb::with(features).await;

        let forum = postgres.database("forum").await;
        let user = &forum.user;
        postgres.execute(&format!("ALTER ROLE {user} CREATEDB")).await;
        let rows = format!(
            "SET ROLE {user}; CREATE TABLE member AS SELECT i AS id, md5(i::text) AS name FROM generate_series(1, 500) i; \
             INSERT INTO member VALUES (0, '{CANARY}')"
        );
        postgres.execute_in(&forum, &rows).await;
        let crm = mariadb.database("crm").await;
        let (user, beside) = (&crm.user, crm.name.replace('_', "\\_"));
        for grant in ["deployops\\_v\\_%".to_owned(), format!("{beside}\\_\\_%")] {
            mariadb.execute(&format!("GRANT ALL ON `{grant}`.* TO '{user}'@'127.0.0.1'")).await;
        }
        let rows = format!(
            "CREATE TABLE donor (id INT PRIMARY KEY, name TEXT) ENGINE = InnoDB; INSERT INTO donor VALUES (0, '{CANARY}'); \
             INSERT INTO donor SELECT seq, MD5(seq) FROM seq_1_to_500"
        );
        mariadb.execute_in(&crm, &rows).await;

        let house = House::staging().await;
        let behind = Self { house, forum, crm, postgres, mariadb, host };
        behind.configure(behind.host.port(), tls);
        behind
    }

    /// The forum's databases are those behind the host, which is reached at `port`.
    fn configure(&self, port: u16, tls: Tls) {
        let (house, certificate) = (&self.house, self.postgres.certificate());
        let secret = |name: &str, value: &str| {
            let file = house.path("secrets").join(name);
            std::fs::write(&file, value).unwrap();
            std::fs::set_permissions(&file, PermissionsExt::from_mode(0o600)).unwrap();
            format!("{name} = \"file:{}\"\n", file.display())
        };
        let secrets = secret("FORUM_PG", postgres::PASSWORD) + &secret("CRM_MARIA", mariadb::PASSWORD);
        let tls = match tls {
            Tls::Verified => format!("ca = \"{}\"", certificate.display()),
            Tls::Off => "tls = \"off\"".to_owned(),
        };
        let entry = |name: &str, engine: &str, port: u16, database: &str, password: &str| {
            format!(
                "[databases.{name}]\nengine = \"{engine}\"\naddress = \"127.0.0.1\"\nport = {port}\ndatabase = \"{database}\"\n\
                 user = \"{database}\"\npassword = \"{password}\"\nvia = \"web\"\n{tls}\n\n"
            )
        };
        let entries = entry("forum", "postgres", self.forum.port, &self.forum.name, "FORUM_PG")
            + &entry("crm", "mariadb", self.crm.port, &self.crm.name, "CRM_MARIA");
        house.configure(|text| {
            let begin = text.find("[databases.forum]").unwrap();
            let end = begin + text[begin..].find("\n\n").unwrap() + 2;
            let text = format!("{}{entries}{}{}\n{}", &text[..begin], "", self.host.toml_at("web", port), &text[end..]);
            text.replacen("[secrets]\n", &format!("[secrets]\n{secrets}"), 1)
                .replace("databases = [\"forum\"]", "databases = [\"forum\", \"crm\"]")
        });
    }

    /// How many rows the two databases hold, counted on the servers' own sockets.
    async fn counts(&self) -> (i64, i64) {
        let mut forum = self.postgres.connect_to(&self.forum).await;
        let options = MySqlConnectOptions::new().socket(&self.crm.socket).username("root").database(&self.crm.name);
        let mut crm = options.ssl_mode(MySqlSslMode::Disabled).connect().await.unwrap();
        let members = sqlx::query_scalar("SELECT count(*) FROM member").fetch_one(&mut forum).await.unwrap();
        (members, sqlx::query_scalar("SELECT count(*) FROM donor").fetch_one(&mut crm).await.unwrap())
    }

    /// Neither an answer nor the log nor a file of ours holds a row or a password; and nothing is left of tunnels.
    pub(super) async fn assert_silent(&self, answers: &[Answer], client: &Client) {
        until(|| {
            let left = std::fs::read_dir(self.house.path("data/scratch")).unwrap().flatten();
            left.into_iter().all(|entry| !entry.file_name().to_string_lossy().starts_with("t-")).then_some(())
        })
        .await;
        let mut files = std::collections::BTreeMap::new();
        for part in ["data", "quality-reports"] {
            collect(&self.house.path(part), &mut files);
        }
        let log = client.log();
        let shown = answers.iter().map(|answer| answer.raw.as_bytes()).chain([log.as_bytes()]);
        for bytes in shown.chain(files.values().map(Vec::as_slice)) {
            for secret in [CANARY, postgres::PASSWORD, mariadb::PASSWORD] {
                assert!(memchr::memmem::find(bytes, secret.as_bytes()).is_none(), "{}", String::from_utf8_lossy(bytes));
            }
        }
    }

    fn partials(&self) -> Vec<PathBuf> {
        let entries = std::fs::read_dir(self.house.path("data/snapshots")).unwrap().flatten();
        entries.map(|entry| entry.path()).filter(|path| path.to_string_lossy().contains("partial")).collect()
    }
}

fn key_of(certificate: &std::path::Path) -> PathBuf {
    certificate.with_extension("key")
}

/// What was found of a database.
pub(super) fn found<'a>(answer: &'a Answer, database: &str) -> &'a str {
    let all = answer.structured["databases"].as_array().unwrap();
    let one = all.iter().find(|view| view["database"] == database);
    one.and_then(|view| view["found"].as_str()).unwrap_or_else(|| panic!("{}", answer.text))
}

/// Waits until a database is reached again: a host that was not there is not knocked at without end.
async fn answers_again(client: &Client, database: &str) {
    let end = tokio::time::Instant::now() + std::time::Duration::from_mins(1);
    loop {
        let looked = client.call("inspect_db", json!({ "databases": [database] })).await;
        if looked.status().starts_with("PASS") {
            return;
        }
        assert!(tokio::time::Instant::now() < end, "{}", looked.text);
    }
}

/// Both databases are looked at, deployed upon with a snapshot first, and restored.
async fn work(tls: Tls) {
    let behind = Behind::new(tls).await;
    let client = behind.house.server().await;
    let looked = client.call("inspect_db", json!({ "databases": ["forum", "crm"], "section": "sizes" })).await;
    assert!(!looked.is_error, "{}", looked.text);
    for database in ["forum", "crm"] {
        assert!(found(&looked, database).contains("has 1 tables"), "{}", looked.text);
    }
    let mut answers = vec![looked];
    for version in ["v2025.01.13", "v2025.01.14"] {
        let plan = client.plan("forum", version).await;
        let done = client.execute("deploy_service", &plan).await;
        let state = client.ended(done.get("/operation/id")).await;
        assert_eq!(state, "succeeded", "{}", done.text);
        answers.push(done);
    }
    behind.postgres.execute_in(&behind.forum, "DELETE FROM member WHERE id > 10").await;
    behind.mariadb.execute_in(&behind.crm, "DELETE FROM donor WHERE id > 10").await;
    let restore = json!({ "service": "forum", "databases": "restore", "wait_s": 40 });
    let dry = client.call("rollback", restore).await;
    assert!(!dry.get("/plan/id").is_empty(), "{}", dry.text);
    let done = client.execute("rollback", dry.get("/plan/id")).await;
    assert_eq!(client.ended(done.get("/operation/id")).await, "succeeded", "{}", done.text);
    assert_eq!(behind.counts().await, (501, 501));
    answers.extend([dry, done]);
    // All of it went over one connection.
    assert_eq!(behind.host.log().matches("Accepted publickey").count(), 1, "{}", behind.host.log());
    behind.assert_silent(&answers, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn databases_that_answer_only_on_a_host_are_looked_at_snapshotted_and_restored() {
    work(Tls::Off).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn beyond_the_host_they_are_spoken_to_with_verified_tls() {
    work(Tls::Verified).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_is_reached_through_another_carries_on_as_well() {
    let behind = Behind::new(Tls::Off).await;
    let inner = Sshd::shape().behind(&behind.host).start().await;
    behind.house.configure(|text| {
        format!("{}\n{}jump = \"web\"\n", text.replace("via = \"web\"", "via = \"inner\""), inner.toml("inner"))
    });
    let client = behind.house.server().await;
    let taken = client.call("snapshot_db", json!({ "databases": ["forum", "crm"], "wait_s": 40 })).await;
    assert_eq!(client.ended(taken.get("/operation/id")).await, "succeeded", "{}", taken.text);
    assert!(inner.log().contains("Accepted publickey"), "{}", inner.log());
    behind.assert_silent(&[taken], &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn why_a_database_behind_a_host_does_not_answer_is_told() {
    let mut behind = Behind::new(Tls::Off).await;
    let mut answers = Vec::new();
    // Servers that do not prove who they are get no password.
    let trusting = behind.house.path("deploy-ops.toml");
    let untrusting = std::fs::read_to_string(&trusting).unwrap();
    behind.house.configure(|text| text.replace("via = \"web\"\ntls = \"off\"", "via = \"web\""));
    let client = behind.house.server().await;
    let refused = client.call("inspect_db", json!({ "databases": ["forum", "crm"] })).await;
    assert!(found(&refused, "forum").contains("does not prove who it is"), "{}", refused.text);
    assert!(found(&refused, "crm").contains("it offers no TLS"), "{}", refused.text);
    answers.push(refused);
    behind.assert_silent(&answers, &client).await;
    drop(client);

    std::fs::write(&trusting, untrusting).unwrap();
    let client = behind.house.server().await;
    behind.postgres.stop();
    let refused = client.call("inspect_db", json!({ "databases": ["forum", "crm"] })).await;
    assert!(found(&refused, "forum").contains("nothing answers host web at that address"), "{}", refused.text);
    assert!(found(&refused, "crm").contains("DB connection successful"), "{}", refused.text);
    let plan = json!({ "service": "forum", "version": "v2025.01.13", "wait_s": 40 });
    let planned = client.call("deploy_service", plan).await;
    assert!(planned.text.contains("nothing answers host web at that address"), "{}", planned.text);
    answers.extend([refused, planned]);

    // It comes back, and nobody has to start anything anew; the host goes, and that is told.
    behind.postgres.start_again().await;
    let looked = client.call("inspect_db", json!({ "databases": ["forum"] })).await;
    assert!(found(&looked, "forum").contains("DB connection successful"), "{}", looked.text);
    behind.host.stop().await;
    let refused = client.call("inspect_db", json!({ "databases": ["forum"] })).await;
    assert!(found(&refused, "forum").contains("host web"), "{}", refused.text);
    answers.extend([looked, refused]);
    behind.assert_silent(&answers, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_host_that_forbids_connections_through_it_is_named() {
    let host = Sshd::shape().own_network().config("AllowTcpForwarding no").start().await;
    let behind = Behind::of(host, Tls::Off).await;
    let client = behind.house.server().await;
    let refused = client.call("inspect_db", json!({ "databases": ["forum", "crm"] })).await;
    for database in ["forum", "crm"] {
        assert!(found(&refused, database).contains("host web forbids connections through it"), "{}", refused.text);
    }
    assert!(refused.text.contains("AllowTcpForwarding"), "{}", refused.text);
    let taken = client.call("snapshot_db", json!({ "databases": ["crm"], "wait_s": 40 })).await;
    assert!(taken.text.contains("host web forbids connections through it"), "{}", taken.text);
    behind.assert_silent(&[refused, taken], &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_line_that_is_cut_in_a_dump_leaves_no_half_of_a_snapshot() {
    const BULK: u64 = 40_000;
    let behind = Behind::new(Tls::Off).await;
    let rows =
        format!("INSERT INTO member SELECT i, repeat(md5(i::text), 8) FROM generate_series(1000, {}) i", 1000 + BULK);
    behind.postgres.execute_in(&behind.forum, &rows).await;
    let rows = format!("INSERT INTO donor SELECT seq, REPEAT(MD5(seq), 8) FROM seq_1000_to_{}", 1000 + BULK);
    behind.mariadb.execute_in(&behind.crm, &rows).await;
    let cut = Cut::before(behind.host.port()).await;
    let port = format!("port = {}\n", behind.host.port());
    behind.house.configure(|text| text.replacen(&port, &format!("port = {}\n", cut.port()), 1));
    let client = behind.house.server().await;
    let mut answers = Vec::new();
    for database in ["forum", "crm"] {
        // The data are ten megabytes; before them goes little. Once is nothing: the next attempt opens a new tunnel.
        cut.cut_after_bytes(Way::ToClient, 3_000_000);
        let taken = client.call("snapshot_db", json!({ "databases": [database], "wait_s": 40 })).await;
        assert_eq!(client.ended(taken.get("/operation/id")).await, "succeeded", "{}", taken.text);
        assert!(!cut.disarm(), "{database}: it was never cut");
        let journal = json!({ "operation": taken.get("/operation/id"), "journal": true });
        let journal = client.call("operation_status", journal).await;
        assert!(journal.text.contains("the connection to host web ended"), "{}", journal.text);
        assert_eq!(behind.partials(), Vec::<PathBuf>::new());
        answers.extend([taken, journal]);

        cut.down_after_bytes(Way::ToClient, 3_000_000);
        let failed = client.call("snapshot_db", json!({ "databases": [database], "wait_s": 40 })).await;
        assert_eq!(client.ended(failed.get("/operation/id")).await, "failed", "{}", failed.text);
        assert!(!cut.disarm(), "{database}: it was never cut");
        assert!(failed.text.contains("host web"), "{}", failed.text);
        assert_eq!(behind.partials(), Vec::<PathBuf>::new());
        cut.up().await;
        answers_again(&client, database).await;
        let taken = client.call("snapshot_db", json!({ "databases": [database], "wait_s": 40 })).await;
        assert_eq!(client.ended(taken.get("/operation/id")).await, "succeeded", "{}", taken.text);
        answers.extend([failed, taken]);
    }
    behind.assert_silent(&answers, &client).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn another_key_of_the_host_makes_the_plan_stale() {
    let mut behind = Behind::new(Tls::Off).await;
    let client = behind.house.server().await;
    let plan = client.plan("forum", "v2025.01.13").await;
    drop(client);
    let old = behind.host.toml("web");
    behind.host.replace_host_key(KeyType::Ecdsa).await;
    behind.house.configure(|text| text.replace(&old, &behind.host.toml("web")));
    let client = behind.house.server().await;
    let refused = client.execute("deploy_service", &plan).await;
    assert_eq!(refused.code(), "PLAN_STALE", "{}", refused.text);
    assert!(refused.text.contains("database forum host key"), "{}", refused.text);
}

/// A service of the host that answers on a port of its loopback.
const SERVICE: &str = r#"
import http.server, sys
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        known = {"/": (200, b"ok"), "/down": (500, b"trouble-canary"), "/moved": (302, b"")}
        status, body = known.get(self.path, (404, b""))
        self.send_response(status)
        if status == 302: self.send_header("Location", "/")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", int(sys.argv[1])), Handler)
open("listening", "w").close()
server.serve_forever()
"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_service_that_answers_only_on_the_host_is_asked_through_it() {
    let mut host = Sshd::shape().own_network().start().await;
    host.plant("service.py", SERVICE);
    // The same port of this machine's loopback accepts and never answers: whoever asks there instead, fails.
    let elsewhere = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = elsewhere.local_addr().unwrap().port();
    let started = host.run(&format!("setsid python3 service.py {port} >/dev/null 2>&1 </dev/null & echo $!")).await;
    until(|| host.path("listening").exists().then_some(())).await;
    let house = House::staging().await;
    let repository = house.path("repository").display().to_string();
    // No socket has a name as long as this data directory.
    let deep = format!("data = \"{}\"", "deep".repeat(30));
    house.configure(|text| {
        let text = text.replacen("data = \"data\"", &deep, 1);
        let check = |name: &str, path: &str, more: &str| {
            format!("[[services.far.smoke]]\nname = \"{name}\"\nkind = \"http\"\npath = \"{path}\"\nattempts = 1\n{more}\n")
        };
        format!(
            "{text}\n{}\n[services.far]\nrepository = \"{repository}\"\n[services.far.deploy]\nkind = \"release\"\nartifact = \"shop\"\n\
             [services.far.targets.production]\nhost = \"web\"\nroot = \"far\"\nurl = \"http://127.0.0.1:{port}/\"\n\
             through_host = true\n{}{}{}{}",
            host.toml("web"),
            check("text", "/", "contains = \"ok\""),
            check("moved", "/moved", "contains = \"ok\""),
            check("down", "/down", ""),
            check("wanted", "/down", "status = 500"),
        )
    });
    let client = house.server().await;
    let asked = client.call("run_smoke", json!({ "services": ["far"], "all_checks": true })).await;
    let details = asked.structured["services"][0]["details"].as_array().unwrap().clone();
    let found = |name: &str| {
        let one: &Value = details.iter().find(|check| check["check"] == name).unwrap();
        (one["outcome"].as_str().unwrap(), one["found"].as_str().unwrap())
    };
    for name in ["url", "text", "moved", "wanted"] {
        assert!(found(name).0 == "PASS" && found(name).1.contains(" through host web in "), "{name}: {}", asked.text);
    }
    assert_eq!(found("down"), ("FAIL", "HTTP 500 through host web, wanted 200."), "{}", asked.text);

    host.run(&format!("kill {}", started.stdout.trim())).await;
    let asked = client.call("run_smoke", json!({ "services": ["far"] })).await;
    assert!(
        asked.status().starts_with("FAIL")
            && asked.text.contains("No answer through host web: nothing answers host web at that address."),
        "{}",
        asked.text
    );
    // Whether it answers is not known when the host does not.
    host.stop().await;
    let asked = client.call("run_smoke", json!({ "services": ["far"] })).await;
    assert!(
        asked.status().starts_with("INCONCLUSIVE") && asked.text.contains("Not asked through host web"),
        "{}",
        asked.text
    );
}
