//! A database of each engine that is in the inventory, with a repository beside it.

use std::{
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
};

use deploy_ops_mcp::{
    domain::inventory::{Database, DatabaseServer, Engine, MigrationTool, SecretReference, Tls},
    world::{
        database::Migrations,
        migrations::Standing,
        secrets::{SecretStore, Unresolved},
    },
};
use sqlx::{ConnectOptions, Connection, sqlite::SqliteConnectOptions};

use crate::support::{
    mariadb::{self, MariaDb},
    postgres::{self, Postgres},
    sandbox::Sandbox,
};

/// A real database.
pub enum Real {
    Sqlite(PathBuf),
    Postgres(postgres::Database),
    Mariadb(mariadb::Database),
}

/// A database named `main`, and the repository of its service.
pub struct Bench {
    pub sandbox: Sandbox,
    pub real: Real,
    pub tool: MigrationTool,
    _file: tempfile::TempDir,
}

impl Bench {
    pub async fn sqlite(tool: MigrationTool) -> Self {
        let file = tempfile::tempdir().unwrap();
        let path = file.path().join("main.sqlite");
        let options = SqliteConnectOptions::new().filename(&path).create_if_missing(true);
        options.connect().await.unwrap().close().await.unwrap();
        let engine = Engine::Sqlite { path: path.clone() };
        Self::new(tool, engine, Real::Sqlite(path), "", file)
    }

    pub async fn postgres(tool: MigrationTool) -> Self {
        let real = Postgres::start().await.database("m").await;
        let engine = Engine::Postgres(server(real.port, &real.name));
        Self::new(tool, engine, Real::Postgres(real), postgres::PASSWORD, tempfile::tempdir().unwrap())
    }

    pub async fn mariadb(tool: MigrationTool) -> Self {
        let real = MariaDb::start().await.database("m").await;
        let engine = Engine::Mariadb(server(real.port, &real.name));
        Self::new(tool, engine, Real::Mariadb(real), mariadb::PASSWORD, tempfile::tempdir().unwrap())
    }

    /// One of each engine.
    pub async fn all(tool: MigrationTool) -> [Self; 3] {
        [Self::sqlite(tool).await, Self::postgres(tool).await, Self::mariadb(tool).await]
    }

    fn new(tool: MigrationTool, engine: Engine, real: Real, password: &'static str, file: tempfile::TempDir) -> Self {
        let mut sandbox = Sandbox::with(&[("README", "x")], |inventory| {
            let variable = SecretReference::Environment { variable: "DB".to_owned() };
            inventory.secrets.insert("DB_PASSWORD".parse().unwrap(), variable);
            let name = "main".parse().unwrap();
            let database = Database { name, engine, migrations: Some(tool), snapshot_max_age_s: 86_400 };
            inventory.databases.insert(database.name.clone(), database);
        });
        let resolve = move |reference: &SecretReference| match reference {
            SecretReference::Environment { variable } if variable == "DB" => Ok(password.to_owned()),
            _ => Err(Unresolved::Problem("it is not set".to_owned())),
        };
        sandbox.world = sandbox.world.with_secrets(SecretStore::new(Arc::new(resolve)));
        Self { sandbox, real, tool, _file: file }
    }

    pub async fn execute(&self, sql: &str) {
        match &self.real {
            Real::Postgres(database) => database.execute(sql).await,
            Real::Mariadb(database) => database.execute(sql).await,
            Real::Sqlite(path) => {
                let mut connection = SqliteConnectOptions::new().filename(path).connect().await.unwrap();
                sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
                connection.close().await.unwrap();
            }
        }
    }

    /// The URL for a tool in Python, with the driver of SQLAlchemy.
    pub fn url(&self) -> String {
        match &self.real {
            Real::Sqlite(path) => format!("sqlite:///{}", path.display()),
            Real::Postgres(d) => {
                format!("postgresql+psycopg://{}:{}@{}:{}/{}", d.user, d.password, d.host, d.port, d.name)
            }
            Real::Mariadb(d) => format!("mysql+pymysql://{}:{}@{}:{}/{}", d.user, d.password, d.host, d.port, d.name),
        }
    }

    /// The repository.
    pub fn repository(&self) -> &Path {
        &self.sandbox.service.repository
    }

    pub async fn applied(&self) -> Migrations {
        self.sandbox.world.reader().migrations(&"main".parse().unwrap()).await.unwrap().unwrap()
    }

    /// The database beside the files of a tag.
    pub async fn standing(&self, tag: &str) -> Standing {
        let commit = self.sandbox.revision(tag).await.commit;
        let files =
            self.sandbox.world.reader().migration_files(&self.sandbox.service, &commit, self.tool).await.unwrap();
        Standing::of(self.tool, &self.applied().await, files)
    }

    pub async fn pending(&self, tag: &str) -> Vec<String> {
        self.standing(tag).await.pending.into_iter().map(|file| file.id).collect()
    }
}

fn server(port: u16, name: &str) -> DatabaseServer {
    DatabaseServer {
        address: "127.0.0.1".to_owned(),
        port,
        database: name.to_owned(),
        user: name.to_owned(),
        password: "DB_PASSWORD".parse().unwrap(),
        via: None,
        tls: Tls::Off,
        scratch: None,
    }
}

/// A directory or program that `tests/run` gives.
pub fn given(variable: &str) -> PathBuf {
    let value = std::env::var_os(variable);
    PathBuf::from(value.unwrap_or_else(|| panic!("{variable} is not set: `tests/run` installs the tools and sets it")))
}

/// Runs a tool of `tests/run`'s in the repository.
pub fn run(program: &Path, arguments: &[&str], directory: &Path, environment: &[(&str, &str)]) -> Output {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(directory).envs(environment.iter().copied());
    command.env("PYTHONDONTWRITEBYTECODE", "1").output().unwrap()
}

pub fn good(output: &Output) {
    let said = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&said));
}
