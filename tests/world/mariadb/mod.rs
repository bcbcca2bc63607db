//! MariaDB, on a real server: connections, contents, snapshots, restores.

mod connections;
mod full_disk;
mod restores;
mod snapshots;

use std::process::Command;

use deploy_ops_mcp::{
    domain::{
        inventory::{DatabaseServer, Engine, Inventory, Tls},
        snapshot::SnapshotManifest,
        step::{RestoreDatabase, Step, TakeSnapshot},
    },
    policy::Permit,
    world::WorldError,
};

use crate::support::{
    mariadb::{Database, MariaDb, binary},
    permit::permit,
    sandbox::{Sandbox, TOKEN},
};

/// Everything that a database can hold.
const CORPUS: &str = include_str!("corpus.sql");

/// A database, a user with the rights that the documentation asks for, and an inventory that names it `main`.
struct Stand {
    server: &'static MariaDb,
    database: Database,
    sandbox: Sandbox,
}

impl Stand {
    async fn new(name: &str) -> Self {
        Self::with(name, |_| {}).await
    }

    async fn with(name: &str, change: impl FnOnce(&mut Inventory)) -> Self {
        Self::on(MariaDb::start().await, name, change).await
    }

    async fn on(server: &'static MariaDb, name: &str, change: impl FnOnce(&mut Inventory)) -> Self {
        let mut database = server.database(name).await;
        TOKEN.clone_into(&mut database.password);
        let user = database.user.clone();
        let beside = database.name.replace('_', "\\_");
        let mut rights = String::new();
        for host in ["localhost", "127.0.0.1"] {
            rights += &format!("ALTER USER '{user}'@'{host}' IDENTIFIED BY '{TOKEN}';");
            rights += &format!("GRANT ALL ON `deployops\\_v\\_%`.* TO '{user}'@'{host}';");
            rights += &format!("GRANT ALL ON `{beside}\\_\\_%`.* TO '{user}'@'{host}';");
        }
        server.execute(&rights).await;
        Self::over(server, database, change)
    }

    /// An inventory of its own over a database that exists.
    fn over(server: &'static MariaDb, database: Database, change: impl FnOnce(&mut Inventory)) -> Self {
        let sandbox = Sandbox::with(&[], |inventory| {
            let main = inventory.databases.values_mut().next().unwrap();
            main.engine = Engine::Mariadb(reached(&database));
            main.migrations = None;
            change(inventory);
        });
        Self { server, database, sandbox }
    }

    async fn take(&self, id: &str) -> Result<SnapshotManifest, WorldError> {
        let take = take(id);
        self.sandbox.world.take_snapshot(&permit(vec![Step::TakeSnapshot(take.clone())], None, None), &take).await
    }

    /// Waits until no statement of the user runs any more: a server finishes what a client that went away had begun.
    async fn settle(&self) {
        let busy = format!(
            "SELECT COUNT(*) FROM information_schema.processlist WHERE id <> CONNECTION_ID() AND user = '{}'",
            self.database.user
        );
        while self.text(&busy).await.as_deref() != Some("0") {
            tokio::time::sleep(std::time::Duration::from_millis(5)).await;
        }
    }

    /// One text of the database.
    async fn text(&self, query: &str) -> Option<String> {
        let mut connection = self.database.connect().await;
        let query = sqlx::AssertSqlSafe(format!("SELECT CAST(({query}) AS CHAR)"));
        sqlx::query_scalar(query).fetch_one(&mut connection).await.unwrap()
    }

    /// All that a dump tool sees, as an independent witness. It shows FLOATs as we compare them.
    fn witness(&self) -> String {
        let mut dump = Command::new(binary("mariadb-dump"));
        dump.arg("--no-defaults").arg(format!("--socket={}", self.database.socket.display()));
        dump.args(["--user=root", "--default-character-set=utf8mb4", "--single-transaction", "--hex-blob"]);
        dump.args([
            "--routines",
            "--triggers",
            "--events",
            "--dump-history",
            "--skip-dump-date",
            "--",
            &self.database.name,
        ]);
        let output = dump.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// The names of the server's databases that begin so.
    async fn databases(&self, begin: &str) -> Vec<String> {
        let mut connection = self.database.connect().await;
        let query = format!(
            "SELECT schema_name FROM information_schema.schemata WHERE LEFT(schema_name, {}) = '{begin}' ORDER BY 1",
            begin.len()
        );
        sqlx::query_scalar(sqlx::AssertSqlSafe(query)).fetch_all(&mut connection).await.unwrap()
    }
}

/// How the test's database is reached over TCP; its password is the sandbox's token.
fn reached(database: &Database) -> DatabaseServer {
    DatabaseServer {
        address: database.host.clone(),
        port: database.port,
        database: database.name.clone(),
        user: database.user.clone(),
        password: "APP_TOKEN".parse().unwrap(),
        via: None,
        tls: Tls::Off,
        scratch: None,
    }
}

fn take(id: &str) -> TakeSnapshot {
    TakeSnapshot { database: "main".parse().unwrap(), snapshot: id.parse().unwrap() }
}

fn restore_of(manifest: &SnapshotManifest) -> (RestoreDatabase, Permit) {
    let restore =
        RestoreDatabase { database: "main".parse().unwrap(), snapshot: manifest.id.clone(), digest: manifest.digest };
    let steps = vec![Step::TakeSnapshot(take("s")), Step::RestoreDatabase(restore.clone())];
    (restore, permit(steps, None, None))
}
