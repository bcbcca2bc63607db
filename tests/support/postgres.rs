//! A real PostgreSQL server for the tests, with TLS, and a fresh database for each that asks.

use std::{
    fs::Permissions,
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use deploy_ops_mcp::demo::sandbox::Sandbox;
use rustix::process::Signal;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, PgConnection,
    postgres::{PgConnectOptions, PgSslMode},
};
use tokio::sync::OnceCell;

use super::{
    daemon::{Daemon, free_port, program, run, template, unprivileged},
    home::Home,
};

/// The password of the owner of every database: whoever leaks it is seen.
pub const PASSWORD: &str = "pg-canary-7Jq2vX9rLw4tZb8N";
/// The superuser, who needs no password at the socket and has no other way in.
const SUPERUSER: &str = "postgres";
/// Who may come in how. The superuser comes by the socket only.
const ADMISSION: &str = "local all postgres trust\n\
                         local all all scram-sha-256\n\
                         host all postgres 127.0.0.1/32 reject\n\
                         host all all 127.0.0.1/32 scram-sha-256\n";

static SHARED: OnceCell<Postgres> = OnceCell::const_new();

/// A server. Dropping it stops it.
#[derive(Debug)]
pub struct Postgres {
    home: Home,
    daemon: Option<Daemon>,
    /// The process in whose network it listens, when that is not the machine's.
    network: Option<u32>,
    port: u16,
    databases: AtomicU32,
}

/// A database with an owner of the same name.
#[derive(Debug, Clone)]
pub struct Database {
    pub host: String,
    pub port: u16,
    /// The directory of the server's socket.
    pub socket: PathBuf,
    pub user: String,
    pub password: String,
    pub name: String,
}

impl Postgres {
    /// The server of this test process.
    pub async fn start() -> &'static Self {
        SHARED.get_or_init(Self::alone).await
    }

    /// A server that nobody shares, to be stopped and started at will.
    pub async fn alone() -> Self {
        Self::of("postgres", None).await
    }

    /// A server alone that listens in the network of a process.
    pub async fn in_network(process: u32) -> Self {
        Self::of("postgres", Some(process)).await
    }

    /// A server alone whose cluster was made apart: all others are copies of one, and have its identity.
    pub async fn of_another_cluster() -> Self {
        Self::of("postgres-another", None).await
    }

    async fn of(cluster: &str, network: Option<u32>) -> Self {
        let home = Home::of(&template(cluster, &version(), initialise));
        let mut server = Self { home, daemon: None, network, port: free_port(), databases: AtomicU32::new(0) };
        server.start_again().await;
        server
    }

    /// Starts it after [`stop`](Self::stop) or [`kill`](Self::kill), at the same port and socket.
    pub async fn start_again(&mut self) {
        let mut command = Command::new(binary("postgres"));
        command.arg("-D").arg(self.home.data()).args(["-p", &self.port.to_string()]);
        command.arg(format!("--unix_socket_directories={}", self.home.run().display()));
        // A machine that loses power is not what is tested, and the disk is everybody's.
        command.args([
            "--listen_addresses=127.0.0.1",
            "--fsync=off",
            "--full_page_writes=off",
            "--max_connections=200",
        ]);
        command.args(["--ssl=on", "--log_line_prefix=%m [%p] "]);
        self.daemon = Some(Daemon::start(&self.home, self.network, command, || self.answers()).await);
    }

    /// Stops it the fast way: sessions are cut, what was committed stays.
    pub fn stop(&mut self) {
        self.end(Signal::INT);
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.end(Signal::QUIT);
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("the server runs").pid()
    }

    /// The certificate that the server shows, for `localhost` and `127.0.0.1`, which nobody has signed but itself.
    pub fn certificate(&self) -> PathBuf {
        self.home.data().join("server.crt")
    }

    /// A fresh database whose name begins with `name`, and its owner, who may log in with [`PASSWORD`] and nothing more.
    pub async fn database(&self, name: &str) -> Database {
        let name = format!("{name}_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        self.execute(&format!("CREATE ROLE {name} LOGIN PASSWORD '{PASSWORD}'")).await;
        self.execute(&format!("CREATE DATABASE {name} OWNER {name}")).await;
        Database {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            socket: self.home.run(),
            user: name.clone(),
            password: PASSWORD.to_owned(),
            name,
        }
    }

    /// Runs statements as the superuser.
    pub async fn execute(&self, sql: &str) {
        execute(&self.superuser("postgres"), sql).await;
    }

    /// Runs statements as the superuser in one database.
    pub async fn execute_in(&self, database: &Database, sql: &str) {
        execute(&self.superuser(&database.name), sql).await;
    }

    /// A connection of the superuser to one database.
    pub async fn connect_to(&self, database: &Database) -> PgConnection {
        self.superuser(&database.name).connect().await.unwrap()
    }

    async fn answers(&self) -> bool {
        let options = self.superuser("postgres");
        let connecting = tokio::time::timeout(Duration::from_secs(5), options.connect()).await;
        let Ok(Ok(connection)) = connecting else { return false };
        connection.close().await.is_ok()
    }

    fn superuser(&self, database: &str) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().socket(self.home.run()).port(self.port);
        options.username(SUPERUSER).database(database).disable_statement_logging()
    }

    fn end(&mut self, signal: Signal) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.stop(&self.home, signal);
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Database {
    /// A connection of the owner.
    pub async fn connect(&self) -> PgConnection {
        self.options().connect().await.unwrap()
    }

    /// Runs statements as the owner.
    pub async fn execute(&self, sql: &str) {
        execute(&self.options(), sql).await;
    }

    /// Lets a sandbox keep its state here.
    pub fn keep_state_of(&self, sandbox: &Sandbox) {
        let file = sandbox.directory.join("secrets/state_password");
        std::fs::write(&file, &self.password).unwrap();
        std::fs::set_permissions(&file, Permissions::from_mode(0o600)).unwrap();
        let (user, host, port, name) = (&self.user, &self.host, self.port, &self.name);
        let state = format!(
            "[state]\nurl = \"postgres://{user}@{host}:{port}/{name}\"\npassword = \"STATE_PASSWORD\"\ntls = \"off\"\n"
        );
        let secret = format!("[secrets]\nSTATE_PASSWORD = \"file:{}\"\n", file.display());
        let text = std::fs::read_to_string(&sandbox.config).unwrap();
        let text = text.replacen("[state]\n", &state, 1).replacen("[secrets]\n", &secret, 1);
        std::fs::write(&sandbox.config, text).unwrap();
    }

    fn options(&self) -> PgConnectOptions {
        let options = PgConnectOptions::new_without_pgpass().host(&self.host).port(self.port).database(&self.name);
        options.username(&self.user).password(&self.password).ssl_mode(PgSslMode::Disable).disable_statement_logging()
    }
}

async fn execute(options: &PgConnectOptions, sql: &str) {
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.unwrap();
}

fn initialise(data: &Path) {
    let mut initdb = unprivileged(binary("initdb"));
    initdb.args(["-U", SUPERUSER, "-A", "trust", "--no-sync", "--wal-segsize=1", "--locale=C", "-E", "UTF8", "-D"]);
    run(initdb.arg(data));
    std::fs::write(data.join("pg_hba.conf"), ADMISSION).unwrap();
    let mut openssl = unprivileged("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "3650"]);
    openssl.args(["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost,IP:127.0.0.1"]);
    // Clients take a certificate that says it is an authority for no server's own.
    openssl.args(["-addext", "basicConstraints=critical,CA:FALSE", "-keyout", "server.key", "-out", "server.crt"]);
    run(openssl.current_dir(data));
}

/// A program of the newest server that is installed.
pub fn binary(name: &str) -> PathBuf {
    let mut versions: Vec<(u32, PathBuf)> = std::fs::read_dir("/usr/lib/postgresql")
        .map(|found| {
            found.flatten().filter_map(|entry| Some((entry.file_name().to_str()?.parse().ok()?, entry.path())))
        })
        .map(Iterator::collect)
        .unwrap_or_default();
    versions.sort();
    let directories: Vec<PathBuf> = versions.into_iter().rev().map(|(_, path)| path.join("bin")).collect();
    program(&directories, name)
}

fn version() -> String {
    let output = Command::new(binary("postgres")).arg("--version").output().unwrap();
    String::from_utf8_lossy(&output.stdout).trim().to_owned()
}

#[tokio::test]
async fn a_server_answers_its_owner_and_starts_again_with_what_was_committed() {
    let mut server = Postgres::alone().await;
    let database = server.database("probe").await;
    database.execute("CREATE TABLE t (n INT); INSERT INTO t VALUES (42)").await;
    server.kill();
    server.start_again().await;
    let mut connection = database.connect().await;
    let found: i32 = sqlx::query_scalar("SELECT n FROM t").fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, 42);
    let wrong = database.options().password("not this one").connect().await;
    assert_eq!(wrong.unwrap_err().as_database_error().unwrap().code().unwrap(), "28P01", "passwords are asked for");
}
