//! kill -9 in a rollback that takes a snapshot and restores one, on real servers: after the restart the database is the one of the
//! snapshot or the one that was live, whole, and what was live is kept.

use deploy_ops_mcp::demo::sandbox::{Approvals, Sandbox};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection};

use crate::{
    crash::run,
    support::{
        forum,
        kept::Kept,
        mariadb::{self, MariaDb},
        postgres::{self, Postgres},
        stage::program,
    },
};

/// The steps of the rollback that touch the database: the snapshot of the present state, and the restore.
const SNAPSHOT: usize = 0;
const RESTORE: usize = 3;

const TABLES: &str = "CREATE TABLE member (id INT PRIMARY KEY, name VARCHAR(40) NOT NULL); \
                      CREATE VIEW few AS SELECT id FROM member WHERE id < 10;";
/// What the application did since the snapshot.
const MEANWHILE: &str = "DELETE FROM member WHERE id > 10; DROP VIEW few; CREATE TABLE later (id INT PRIMARY KEY);";

/// The forum's database.
enum Forum {
    Postgres(&'static Postgres, postgres::Database),
    MariaDb(&'static MariaDb, mariadb::Database),
}

impl Forum {
    fn name(&self) -> &str {
        match self {
            Self::Postgres(_, database) => &database.name,
            Self::MariaDb(_, database) => &database.name,
        }
    }

    async fn execute(&self, sql: &str) {
        match self {
            Self::Postgres(_, database) => database.execute(sql).await,
            Self::MariaDb(_, database) => database.execute(sql).await,
        }
    }

    /// What the snapshot of the deployment holds.
    async fn fill(&self) {
        let numbers = match self {
            Self::Postgres(..) => "generate_series(1, 500) AS seq",
            Self::MariaDb(..) => "seq_1_to_500",
        };
        self.execute(&format!("{TABLES} INSERT INTO member SELECT seq, CONCAT('member ', seq) FROM {numbers}")).await;
    }

    /// The databases beside it, by what they are.
    async fn beside(&self) -> Vec<String> {
        let query = |names: &str, catalogue: &str| {
            AssertSqlSafe(format!("SELECT {names} FROM {catalogue} WHERE {names} LIKE '{}\\_\\_%'", self.name()))
        };
        match self {
            Self::Postgres(_, database) => {
                let mut connection = database.connect().await;
                let query = query("datname::text", "pg_database");
                sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
            }
            Self::MariaDb(_, database) => {
                let mut connection = database.connect().await;
                let query = query("schema_name", "information_schema.schemata");
                sqlx::query_scalar(query).fetch_all(&mut connection).await.unwrap()
            }
        }
    }

    /// How many members `place` has, the live database or one beside it.
    async fn members(&self, place: &str) -> i64 {
        match self {
            Self::Postgres(_, database) => {
                let place = postgres::Database { name: place.to_owned(), ..database.clone() };
                let mut connection = place.connect().await;
                sqlx::query_scalar("SELECT COUNT(*) FROM member").fetch_one(&mut connection).await.unwrap()
            }
            Self::MariaDb(_, database) => {
                let mut connection = database.connect().await;
                let query = AssertSqlSafe(format!("SELECT COUNT(*) FROM {place}.member"));
                let count = sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap();
                connection.close().await.unwrap();
                count
            }
        }
    }

    /// The database as it was before the rollback, with nothing beside it.
    async fn reset(&self) {
        let beside = self.beside().await;
        for name in beside.iter().map(String::as_str).chain([self.name()]) {
            match self {
                Self::Postgres(server, _) => server.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await,
                Self::MariaDb(server, _) => server.execute(&format!("DROP DATABASE {name}")).await,
            }
        }
        match self {
            Self::Postgres(server, database) => {
                server.execute(&format!("CREATE DATABASE {} OWNER {}", database.name, database.user)).await;
            }
            Self::MariaDb(server, database) => {
                server.execute(&format!("CREATE DATABASE {} CHARACTER SET utf8mb4", database.name)).await;
            }
        }
        self.fill().await;
        self.execute(MEANWHILE).await;
    }
}

/// A forum that was deployed twice: each case begins there.
struct Rehearsal {
    kept: Kept,
    forum: Forum,
}

impl Rehearsal {
    async fn new(engine: &str, state: &str) -> Self {
        let directory = tempfile::tempdir().unwrap();
        let sandbox = Sandbox::build(directory.path(), program(), Approvals::Needed).await.unwrap();
        let forum = if engine == "postgres" {
            let (server, database) = forum::on_postgres(&sandbox).await;
            Forum::Postgres(server, database)
        } else {
            let (server, database) = forum::on_mariadb(&sandbox).await;
            Forum::MariaDb(server, database)
        };
        let state = if state == "postgres" {
            let database = Postgres::start().await.database("state").await;
            database.keep_state_of(&sandbox);
            Some(database)
        } else {
            None
        };
        forum.fill().await;
        for version in ["v2025.01.13", "v2025.01.14"] {
            let (ok, out) = run(&sandbox, &["deploy", "-", "-", "-", "forum", version]).await;
            assert!(ok && out.contains("succeeded"), "{out}");
        }
        Self { kept: Kept::of(directory, sandbox, state).await, forum }
    }

    /// The rollback is killed in a step, at a moment or `during` it after some milliseconds, and goes on after the restart. Returns
    /// whether it was killed before it ended.
    async fn case(&self, phase: &str, step: usize, moment: usize) -> bool {
        self.kept.reset().await;
        self.forum.reset().await;
        let case = format!("{} {phase} step {step}, {moment}", self.forum.name());
        let (survived, _) =
            run(&self.kept.sandbox, &["restore", phase, &step.to_string(), &moment.to_string(), "forum"]).await;
        let (ok, out) = run(&self.kept.sandbox, &["resume"]).await;
        assert!(ok, "{case}: the restart failed");
        let operations: Vec<Value> = serde_json::from_str(&out).unwrap();
        let rollback = operations.iter().find(|operation| operation["kind"] == "rollback").expect("it is remembered");
        assert_eq!(rollback["state"], "succeeded", "{case}: {rollback}");
        let name = self.forum.name();
        assert_eq!(self.forum.members(name).await, 500, "{case}");
        self.forum.execute("SELECT * FROM few").await;
        let beside = self.forum.beside().await;
        let [old] = beside.as_slice() else { panic!("{case}: {beside:?}") };
        assert!(old.contains("__old_"), "{case}: {old}");
        assert_eq!(self.forum.members(old).await, 10, "{case}");
        let stored = std::fs::read_dir(self.kept.sandbox.directory.join("data/snapshots")).unwrap();
        let partial = stored.flatten().filter(|entry| entry.path().extension().is_some_and(|end| end == "partial"));
        assert_eq!(partial.count(), 0, "{case}");
        !survived
    }
}

/// Both steps between intent and outcome, where it matters what the world looks like and where the state lies; the restore at the
/// other moments and both in their course as well.
async fn matrix(engine: &str, state: &str) {
    let rehearsal = Rehearsal::new(engine, state).await;
    for (step, moment) in [(SNAPSHOT, 1), (SNAPSHOT, 2), (RESTORE, 1), (RESTORE, 2), (RESTORE, 0), (RESTORE, 3)] {
        if state == "sqlite" || [1, 2].contains(&moment) {
            assert!(rehearsal.case("do", step, moment).await, "{engine} {state} {step}.{moment}: it was not killed");
        }
    }
    if state != "sqlite" {
        return;
    }
    if std::env::var_os("SLOW_TESTS").is_none_or(|value| value != "1") {
        eprintln!("left out: kills in the course of a step run with SLOW_TESTS=1");
        return;
    }
    let mut killed = 0;
    for (step, later) in [(SNAPSHOT, 90), (SNAPSHOT, 250), (RESTORE, 40), (RESTORE, 90), (RESTORE, 160), (RESTORE, 250)]
    {
        killed += usize::from(rehearsal.case("during", step, later).await);
    }
    assert!(killed > 2, "{engine} {state}: only {killed} kills");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_on_postgres_is_killed_everywhere() {
    matrix("postgres", "sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_on_mariadb_is_killed_everywhere() {
    matrix("mariadb", "sqlite").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_on_postgres_with_its_state_in_postgres_is_killed_everywhere() {
    matrix("postgres", "postgres").await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_restore_on_mariadb_with_its_state_in_postgres_is_killed_everywhere() {
    matrix("mariadb", "postgres").await;
}
