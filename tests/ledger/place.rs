//! A ledger of its own for each test, in either store.

use std::path::{Path, PathBuf};

use deploy_ops_mcp::{
    ledger::{Instance, Ledger, Location, Server, Tls},
    redact::{Redactor, Secret},
};
use sqlx::{AssertSqlSafe, ConnectOptions, PgConnection, SqliteConnection, sqlite::SqliteConnectOptions};

use crate::support::postgres::{Database, PASSWORD, Postgres};

/// The environment variable that tells a child process where the ledger is.
pub(super) const PLACE: &str = "LEDGER_TEST_PLACE";

/// What keeps a ledger.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Store {
    Sqlite,
    Postgres,
}

/// A place for a ledger.
pub(super) enum Place {
    File { _directory: tempfile::TempDir, path: PathBuf },
    Server { server: &'static Postgres, database: Database },
}

/// Somebody else who writes and does not end.
pub(super) enum Writer {
    File(SqliteConnection),
    Server(PgConnection),
}

impl Store {
    pub(super) async fn place(self) -> Place {
        match self {
            Self::Sqlite => {
                let directory = tempfile::tempdir().unwrap();
                let path = directory.path().join("state/ledger.db");
                Place::File { _directory: directory, path }
            }
            Self::Postgres => {
                let server = Postgres::start().await;
                Place::Server { server, database: server.database("ledger").await }
            }
        }
    }
}

/// The ledger's location on a server.
pub(super) fn location(database: &Database) -> Location {
    Location::Postgres(Server {
        address: database.host.clone(),
        port: database.port,
        database: database.name.clone(),
        user: database.user.clone(),
        password: Some(Secret::new("STATE_PASSWORD", database.password.clone())),
        tls: Tls::Off,
    })
}

impl Place {
    pub(super) fn location(&self) -> Location {
        match self {
            Self::File { path, .. } => Location::Sqlite(path.clone()),
            Self::Server { database, .. } => location(database),
        }
    }

    /// The file.
    pub(super) fn path(&self) -> &Path {
        match self {
            Self::File { path, .. } => path,
            Self::Server { .. } => panic!("a server is no file"),
        }
    }

    /// The location for a child process.
    pub(super) fn for_child(&self) -> String {
        match self {
            Self::File { path, .. } => path.display().to_string(),
            Self::Server { database, .. } => format!("{} {} {}", database.host, database.port, database.name),
        }
    }

    /// The location that the parent process gave.
    pub(super) fn of_parent() -> Option<Location> {
        let given = std::env::var(PLACE).ok()?;
        let parts: Vec<&str> = given.split(' ').collect();
        let [host, port, name] = parts[..] else { return Some(Location::Sqlite(given.into())) };
        Some(location(&Database {
            host: host.to_owned(),
            port: port.parse().unwrap(),
            socket: PathBuf::new(),
            user: name.to_owned(),
            password: PASSWORD.to_owned(),
            name: name.to_owned(),
        }))
    }

    pub(super) async fn open(&self) -> Ledger {
        self.open_as("boot-a:1:1").await
    }

    pub(super) async fn open_as(&self, instance: &str) -> Ledger {
        Ledger::open(&self.location(), Instance::new(instance), Redactor::default()).await.unwrap()
    }

    /// A connection beside the ledger, for looking and for tampering: nothing of ours keeps it from anything.
    pub(super) async fn raw(&self) -> SqliteConnection {
        let options = SqliteConnectOptions::new().filename(self.path()).create_if_missing(false).foreign_keys(false);
        let mut connection = options.connect().await.unwrap();
        let guards = "DROP TRIGGER IF EXISTS entries_are_not_changed; DROP TRIGGER IF EXISTS entries_are_not_removed";
        sqlx::raw_sql(guards).execute(&mut connection).await.unwrap();
        connection
    }

    /// The same on a server, as its superuser.
    async fn raw_on(server: &Postgres, database: &Database) -> PgConnection {
        let mut connection = server.connect_to(database).await;
        let free = "SET session_replication_role = replica; SET search_path = deploy_ops";
        sqlx::raw_sql(free).execute(&mut connection).await.unwrap();
        connection
    }

    /// Tampers; returns how many rows it changed.
    pub(super) async fn run(&self, sql: &str) -> u64 {
        let sql = sqlx::raw_sql(AssertSqlSafe(sql));
        match self {
            Self::File { .. } => sql.execute(&mut self.raw().await).await.unwrap().rows_affected(),
            Self::Server { server, database } => {
                sql.execute(&mut Self::raw_on(server, database).await).await.unwrap().rows_affected()
            }
        }
    }

    /// Lets the time of leases pass where the clock is the server's. Elsewhere the tests say what time it is.
    pub(super) async fn pass(&self, seconds: i64) {
        if let Self::Server { .. } = self {
            self.run(&format!("UPDATE locks SET expires_at = expires_at - {seconds} * 1000")).await;
        }
    }

    /// Somebody else begins to write.
    pub(super) async fn write_forever(&self) -> Writer {
        match self {
            Self::File { .. } => {
                let mut other = self.raw().await;
                sqlx::raw_sql("BEGIN IMMEDIATE").execute(&mut other).await.unwrap();
                Writer::File(other)
            }
            Self::Server { server, database } => {
                let mut other = Self::raw_on(server, database).await;
                sqlx::raw_sql("BEGIN; SELECT * FROM ledger FOR UPDATE").execute(&mut other).await.unwrap();
                Writer::Server(other)
            }
        }
    }

    /// Everything that is stored: the file, its write-ahead log and its index, or the rows of every table.
    pub(super) async fn bytes(&self) -> Vec<u8> {
        match self {
            Self::File { path, .. } => ["", "-wal", "-shm"]
                .iter()
                .flat_map(|suffix| std::fs::read(format!("{}{suffix}", path.display())).unwrap_or_default())
                .collect(),
            Self::Server { server, database } => {
                let sql = "SELECT CAST(schema_to_xml('deploy_ops', true, false, '') AS TEXT)";
                let mut connection = Self::raw_on(server, database).await;
                sqlx::query_scalar::<_, String>(sql).fetch_one(&mut connection).await.unwrap().into_bytes()
            }
        }
    }
}

impl Writer {
    pub(super) async fn end(self) {
        match self {
            Self::File(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
            Self::Server(mut other) => drop(sqlx::raw_sql("ROLLBACK").execute(&mut other).await.unwrap()),
        }
    }
}
