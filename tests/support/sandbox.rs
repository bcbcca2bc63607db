//! A world of real parts in a temporary directory: a git repository, a target directory, a SQLite database.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    process::Command,
    sync::Arc,
};

use deploy_ops_mcp::{
    domain::{
        inventory::{
            Database, Deploy, Engine, Host, HostKind, Inventory, MigrationTool, OnCancel, ReleaseDeploy, Root, Script,
            SecretReference, Service, Target,
        },
        operation::OperationId,
        refusal::Refusal,
        report::Report,
        step::ScriptCall,
        version::Revision,
    },
    steps,
    world::{
        Paths, SystemClock, World,
        secrets::{SecretStore, Unresolved},
    },
};
use futures::future::BoxFuture;
use sqlx::{ConnectOptions, Connection, SqliteConnection, sqlite::SqliteConnectOptions};
use tempfile::TempDir;

/// The value of the secret `APP_TOKEN`.
pub(crate) const TOKEN: &str = "tk-9f3b7c1e5a2d8046bb17";

pub(crate) struct Sandbox {
    pub(crate) directory: TempDir,
    pub(crate) world: World,
    pub(crate) service: Service,
}

impl Sandbox {
    /// Tag `v1` holds `files`; a path that begins with `x:` is executable.
    pub(crate) fn new(files: &[(&str, &str)]) -> Self {
        Self::with(files, |_| {})
    }

    pub(crate) fn with(files: &[(&str, &str)], change: impl FnOnce(&mut Inventory)) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let repository = directory.path().join("repository");
        std::fs::create_dir_all(&repository).unwrap();
        std::fs::create_dir_all(directory.path().join("target")).unwrap();
        git(&repository, &["init", "-q", "-b", "main"]);
        let mut inventory = Inventory::default();
        inventory.hosts.insert(
            "here".parse().unwrap(),
            Host { name: "here".parse().unwrap(), kind: HostKind::Local, root: directory.path().to_owned() },
        );
        inventory.databases.insert(
            "main".parse().unwrap(),
            Database {
                name: "main".parse().unwrap(),
                engine: Engine::Sqlite { path: directory.path().join("target/shared/main.sqlite") },
                migrations: Some(MigrationTool::Alembic),
                snapshot_max_age_s: 86_400,
            },
        );
        inventory
            .secrets
            .insert("APP_TOKEN".parse().unwrap(), SecretReference::Environment { variable: "APP_TOKEN".to_owned() });
        inventory.roots.insert("logs".parse().unwrap(), Root::here(directory.path().join("target")));
        let service = Service {
            remote: None,
            github: None,
            github_secrets: Vec::new(),
            name: "app".parse().unwrap(),
            description: "a small application".to_owned(),
            repository: repository.clone(),
            deploy: Deploy::Release(ReleaseDeploy {
                artifact: Some("public".parse().unwrap()),
                build: None,
                fetch: None,
                shared: vec![],
                migrate: None,
                keep: 2,
                reset_opcache: None,
            }),
            targets: BTreeMap::from([(
                "dev".parse().unwrap(),
                Target {
                    host: "here".parse().unwrap(),
                    root: directory.path().join("target"),
                    through_host: false,
                    private_network: false,
                    ca: None,
                    url: None,
                    databases: vec![],
                    env_file: None,
                    volatile: vec![],
                    logs: vec![],
                },
            )]),
            gates: vec![],
            secrets: vec![],
            env_example: None,
            smoke: vec![],
            pages: vec![],
            measured_after: None,
            shown_after: None,
            e2e: vec![],
        };
        inventory.services.insert(service.name.clone(), service);
        change(&mut inventory);
        let service = inventory.services.values().next().unwrap().clone();
        let paths = Paths { data: directory.path().join("data"), reports: directory.path().join("reports") };
        let resolve = |reference: &SecretReference| match reference {
            SecretReference::Environment { variable } if variable == "APP_TOKEN" => Ok(TOKEN.to_owned()),
            SecretReference::File { path } => {
                std::fs::read_to_string(path).map_err(|error| Unresolved::Problem(error.kind().to_string()))
            }
            SecretReference::Command { command } => Err(Unresolved::NeedsCommand(command.clone())),
            _ => Err(Unresolved::Problem("it is not set".to_owned())),
        };
        let world =
            World::new(Arc::new(inventory), Arc::new(SystemClock), paths, env!("CARGO_BIN_EXE_deploy-ops").into())
                .with_secrets(SecretStore::new(Arc::new(resolve)));
        let sandbox = Self { directory, world, service };
        sandbox.commit(files, "v1");
        sandbox
    }

    pub(crate) fn path(&self, below: &str) -> PathBuf {
        self.directory.path().join(below)
    }

    pub(crate) fn target(&self) -> Target {
        self.service.targets.values().next().unwrap().clone()
    }

    /// Commits `files` and tags the commit.
    pub(crate) fn commit(&self, files: &[(&str, &str)], tag: &str) {
        let repository = &self.service.repository;
        for (name, content) in files {
            let (path, executable) = name.strip_prefix("x:").map_or((*name, false), |path| (path, true));
            let path = repository.join(path);
            std::fs::create_dir_all(path.parent().unwrap()).unwrap();
            std::fs::write(&path, content).unwrap();
            if executable {
                use std::os::unix::fs::PermissionsExt;
                std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o755)).unwrap();
            }
        }
        git(repository, &["add", "-A"]);
        git(repository, &["commit", "-q", "--allow-empty", "-m", tag]);
        git(repository, &["tag", "-a", "-m", tag, tag]);
    }

    pub(crate) async fn revision(&self, version: &str) -> Revision {
        self.world.reader().resolve_version(&self.service, &version.parse().unwrap()).await.unwrap()
    }

    /// The call of a script at a tag.
    pub(crate) async fn call(&self, version: &str, path: &str, arguments: &[&str]) -> ScriptCall {
        let commit = self.revision(version).await.commit;
        let path = path.parse().unwrap();
        let file = self.world.reader().file_at(&self.service, &commit, &path).await.unwrap().unwrap();
        ScriptCall {
            path,
            commit,
            digest: file.digest,
            interpreter: file.interpreter(),
            arguments: arguments.iter().map(|a| (*a).to_owned()).collect(),
            environment: BTreeMap::new(),
            secrets: vec![],
            timeout_s: 60,
            host: None,
            on_cancel: OnCancel::Wait,
        }
    }

    /// A writable connection to the database of the inventory, which is made when it is missing.
    pub(crate) async fn database(&self) -> SqliteConnection {
        let path = self.path("target/shared/main.sqlite");
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .busy_timeout(std::time::Duration::from_secs(20))
            .connect()
            .await
            .unwrap()
    }

    /// A database with that many rows, in that journal mode.
    pub(crate) async fn fill(&self, rows: u32, journal: &str) {
        let mut connection = self.database().await;
        let sql = format!(
            "PRAGMA journal_mode = {journal};
             CREATE TABLE member (id INTEGER PRIMARY KEY, name TEXT NOT NULL, score REAL, picture BLOB);
             CREATE TABLE note (text);
             CREATE INDEX by_name ON member (name);
             CREATE VIEW best AS SELECT name FROM member WHERE score > 10;
             CREATE TABLE alembic_version (version_num TEXT NOT NULL);
             INSERT INTO alembic_version VALUES ('a1b2c3');
             WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {rows})
             INSERT INTO member SELECT i, 'member ' || i, i * 1.5, randomblob(20) FROM n;
             INSERT INTO note SELECT name FROM member LIMIT 10;"
        );
        sqlx::raw_sql(sqlx::AssertSqlSafe(sql)).execute(&mut connection).await.unwrap();
        connection.close().await.unwrap();
    }

    /// One number of the database.
    pub(crate) async fn count(&self, query: &'static str) -> i64 {
        let mut connection = self.database().await;
        let found: i64 = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
        connection.close().await.unwrap();
        found
    }
}

/// A context for one step.
pub(crate) fn context<'a>(
    sandbox: &'a Sandbox,
    permit: &'a deploy_ops_mcp::policy::Permit,
    index: usize,
) -> steps::Context<'a> {
    let cancelled = tokio_util::sync::CancellationToken::new();
    steps::Context { world: &sandbox.world, permit, index, progress: Arc::new(|_| {}), cancelled, reports: &NoReports }
}

/// There is no ledger here.
struct NoReports;

impl steps::Reports for NoReports {
    fn report<'a>(&'a self, _: &'a OperationId) -> BoxFuture<'a, Result<Report, Refusal>> {
        unreachable!("no step of these tests writes reports")
    }
}

/// The service's own script, for inventories.
#[allow(dead_code)]
pub(crate) fn script(path: &str) -> Script {
    Script {
        path: path.parse().unwrap(),
        arguments: vec![],
        timeout_s: 30,
        secrets: vec![],
        environment: BTreeMap::new(),
        on_cancel: None,
    }
}

pub(crate) fn git(repository: &Path, arguments: &[&str]) {
    let status = Command::new("git")
        .args(["-c", "user.name=Example", "-c", "user.email=dev@example.org", "-c", "tag.gpgSign=false"])
        .args(["-c", "init.defaultBranch=main"])
        .args(arguments)
        .current_dir(repository)
        .env("GIT_CONFIG_GLOBAL", "/dev/null")
        .env("GIT_CONFIG_NOSYSTEM", "1")
        .status()
        .unwrap();
    assert!(status.success(), "git {arguments:?}");
}

/// Adds sections to the configuration of a demo's sandbox.
pub(crate) fn append(sandbox: &deploy_ops_mcp::demo::sandbox::Sandbox, sections: &str) {
    let text = std::fs::read_to_string(&sandbox.config).unwrap();
    std::fs::write(&sandbox.config, format!("{text}\n{sections}\n")).unwrap();
}
