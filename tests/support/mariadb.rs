//! A real MariaDB server for the tests, and a fresh database for each that asks.

use std::{
    path::{Path, PathBuf},
    process::Command,
    sync::atomic::{AtomicU32, Ordering},
    time::Duration,
};

use rustix::process::Signal;
use sqlx::{
    AssertSqlSafe, ConnectOptions, Connection, MySqlConnection,
    mysql::{MySqlConnectOptions, MySqlSslMode},
};
use tokio::sync::OnceCell;

use super::{
    daemon::{Daemon, free_port, program, run, template, unprivileged},
    home::Home,
};

/// The password of the user of every database: whoever leaks it is seen.
pub const PASSWORD: &str = "maria-canary-3Kd8yQ6nHs5mVf1C";
/// Small files, and no waiting for the disk: a machine that loses power is not what is tested.
const SMALL: &[&str] = &[
    "--innodb-log-file-size=8M",
    "--innodb-buffer-pool-size=32M",
    "--innodb-flush-log-at-trx-commit=0",
    "--innodb-flush-method=nosync",
    "--innodb-use-native-aio=0",
];

static SHARED: OnceCell<MariaDb> = OnceCell::const_new();

/// What a server does beyond the usual.
#[derive(Debug, Clone, Copy, Default)]
pub struct Features {
    /// Statistics of statements, which cost memory and time.
    pub performance_schema: bool,
    /// The binary log.
    pub log_bin: bool,
    /// More arguments, for example a certificate.
    pub arguments: &'static [&'static str],
    /// Listens in the network of this process instead of the machine's.
    pub network: Option<u32>,
}

/// A server. Dropping it stops it.
#[derive(Debug)]
pub struct MariaDb {
    home: Home,
    daemon: Option<Daemon>,
    features: Features,
    port: u16,
    databases: AtomicU32,
}

/// A database with a user of the same name.
#[derive(Debug, Clone)]
pub struct Database {
    pub host: String,
    pub port: u16,
    /// The server's socket.
    pub socket: PathBuf,
    pub user: String,
    pub password: String,
    pub name: String,
}

impl MariaDb {
    /// The server of this test process, without features.
    pub async fn start() -> &'static Self {
        SHARED.get_or_init(|| Self::with(Features::default())).await
    }

    /// A server that nobody shares.
    pub async fn with(features: Features) -> Self {
        let home = Home::of(&template("mariadb", &version(), initialise));
        let mut server = Self { home, daemon: None, features, port: free_port(), databases: AtomicU32::new(0) };
        server.start_again().await;
        // Other ways in for root need no password either.
        server.execute("DELETE FROM mysql.global_priv WHERE Host <> 'localhost'; FLUSH PRIVILEGES").await;
        server
    }

    /// Starts it after [`stop`](Self::stop) or [`kill`](Self::kill), at the same port and socket.
    pub async fn start_again(&mut self) {
        let mut command = Command::new(binary("mariadbd"));
        // The first argument, or files of the machine are read.
        command.arg("--no-defaults").args(SMALL).args(["--bind-address=127.0.0.1", "--skip-name-resolve"]);
        command.arg(format!("--datadir={}", self.home.data().display()));
        command.arg(format!("--socket={}", self.socket().display()));
        command.arg(format!("--pid-file={}", self.home.run().join("pid").display()));
        command.arg(format!("--tmpdir={}", self.home.path().join("tmp").display()));
        command.arg(format!("--port={}", self.port));
        command.arg(if self.features.log_bin { "--log-bin=binlog" } else { "--skip-log-bin" });
        command.arg(format!("--performance-schema={}", if self.features.performance_schema { "on" } else { "off" }));
        command.args(self.features.arguments);
        self.daemon = Some(Daemon::start(&self.home, self.features.network, command, || self.answers()).await);
    }

    /// Stops it in the orderly way.
    pub fn stop(&mut self) {
        self.end(Signal::TERM);
    }

    /// Ends it as a crash would.
    pub fn kill(&mut self) {
        self.end(Signal::KILL);
    }

    /// The process of the server.
    pub fn pid(&self) -> u32 {
        self.daemon.as_ref().expect("the server runs").pid()
    }

    /// A fresh database whose name begins with `name`, and a user who may do all to it, and nothing more.
    pub async fn database(&self, name: &str) -> Database {
        let name = format!("{name}_{}", self.databases.fetch_add(1, Ordering::Relaxed));
        let mut sql = format!("CREATE DATABASE {name} CHARACTER SET utf8mb4;");
        for host in ["localhost", "127.0.0.1"] {
            sql += &format!("CREATE USER '{name}'@'{host}' IDENTIFIED BY '{PASSWORD}';");
            sql += &format!("GRANT ALL ON {name}.* TO '{name}'@'{host}';");
        }
        self.execute(&sql).await;
        Database {
            host: "127.0.0.1".to_owned(),
            port: self.port,
            socket: self.socket(),
            user: name.clone(),
            password: PASSWORD.to_owned(),
            name,
        }
    }

    /// Runs statements as root.
    pub async fn execute(&self, sql: &str) {
        execute(&self.root(), sql).await;
    }

    /// Runs statements as root in one database.
    pub async fn execute_in(&self, database: &Database, sql: &str) {
        execute(&self.root().database(&database.name), sql).await;
    }

    async fn answers(&self) -> bool {
        let options = self.root();
        let connecting = tokio::time::timeout(Duration::from_secs(5), options.connect()).await;
        let Ok(Ok(connection)) = connecting else { return false };
        connection.close().await.is_ok()
    }

    fn root(&self) -> MySqlConnectOptions {
        let options = MySqlConnectOptions::new().socket(self.socket()).username("root");
        options.ssl_mode(MySqlSslMode::Disabled).disable_statement_logging()
    }

    fn socket(&self) -> PathBuf {
        self.home.run().join("mysql.sock")
    }

    fn end(&mut self, signal: Signal) {
        if let Some(mut daemon) = self.daemon.take() {
            daemon.stop(&self.home, signal);
        }
    }
}

impl Drop for MariaDb {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Database {
    /// A connection of the user.
    pub async fn connect(&self) -> MySqlConnection {
        self.options().connect().await.unwrap()
    }

    /// Runs statements as the user.
    pub async fn execute(&self, sql: &str) {
        execute(&self.options(), sql).await;
    }

    fn options(&self) -> MySqlConnectOptions {
        let options = MySqlConnectOptions::new().host(&self.host).port(self.port).database(&self.name);
        let options = options.username(&self.user).password(&self.password);
        options.ssl_mode(MySqlSslMode::Disabled).disable_statement_logging()
    }
}

async fn execute(options: &MySqlConnectOptions, sql: &str) {
    let mut connection = options.connect().await.unwrap();
    sqlx::raw_sql(AssertSqlSafe(sql)).execute(&mut connection).await.unwrap_or_else(|error| panic!("{sql}: {error}"));
    connection.close().await.unwrap();
}

fn initialise(data: &Path) {
    let mut install = unprivileged(binary("mariadb-install-db"));
    install.arg("--no-defaults").arg(format!("--datadir={}", data.display())).args(SMALL);
    run(install.args(["--auth-root-authentication-method=normal", "--skip-test-db", "--skip-name-resolve"]));
}

/// A program of the server or of its clients.
pub fn binary(name: &str) -> PathBuf {
    program(&["/usr/sbin", "/usr/bin", "/usr/local/sbin", "/usr/local/bin"].map(PathBuf::from), name)
}

fn version() -> String {
    let output = Command::new(binary("mariadbd")).args(["--no-defaults", "--version"]).output().unwrap();
    String::from_utf8_lossy(&output.stdout).split_whitespace().skip(1).collect::<Vec<_>>().join(" ")
}

#[tokio::test]
async fn a_server_answers_its_user_and_starts_again_with_what_was_committed() {
    let mut server = MariaDb::with(Features { performance_schema: true, log_bin: true, ..Features::default() }).await;
    let database = server.database("probe").await;
    database.execute("CREATE TABLE t (n INT) ENGINE=InnoDB; INSERT INTO t VALUES (42)").await;
    server.stop();
    server.start_again().await;
    let mut connection = database.connect().await;
    let sql = "SELECT n, @@performance_schema, @@log_bin FROM t";
    let found: (i32, i32, i32) = sqlx::query_as(sql).fetch_one(&mut connection).await.unwrap();
    assert_eq!(found, (42, 1, 1));
    let wrong = database.options().password("not this one").connect().await;
    assert_eq!(wrong.unwrap_err().as_database_error().unwrap().code().unwrap(), "28000", "passwords are asked for");
}
