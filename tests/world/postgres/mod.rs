//! PostgreSQL on real servers.

mod connect;
mod corpus;
mod dump;
mod full_disk;
mod proof;
mod restore;

use deploy_ops_mcp::{
    domain::{
        inventory::{self, DatabaseServer, Engine, SecretReference, Tls},
        snapshot::SnapshotManifest,
        step::{RestoreDatabase, Step, TakeSnapshot},
    },
    policy::Permit,
    world::WorldError,
};
use sqlx::{AssertSqlSafe, ConnectOptions, Connection as _, PgConnection, postgres::PgConnectOptions};

use crate::support::{
    permit::permit,
    postgres::{Database, Postgres},
    sandbox::Sandbox,
};

/// A row that no exit may show.
const CANARY: &str = "row-canary-5Wm1cTz7Gx0pKq3D";

/// How the inventory reaches a database: by its socket.
fn server(database: &Database) -> DatabaseServer {
    DatabaseServer {
        address: database.socket.to_str().unwrap().to_owned(),
        port: database.port,
        database: database.name.clone(),
        user: database.user.clone(),
        password: "DB_PASSWORD".parse().unwrap(),
        via: None,
        tls: Tls::Off,
        scratch: None,
    }
}

/// A world whose databases are these; all roles have one password.
fn world_of(servers: &[(&str, DatabaseServer)], password: &str) -> Sandbox {
    Sandbox::with(&[], |inventory| {
        let path = inventory.hosts.values().next().unwrap().root.join("password");
        std::fs::write(&path, password).unwrap();
        let reference = SecretReference::File { path };
        inventory.secrets.insert("DB_PASSWORD".parse().unwrap(), reference);
        for (name, server) in servers {
            let database = inventory::Database {
                name: name.parse().unwrap(),
                engine: Engine::Postgres(server.clone()),
                migrations: None,
                snapshot_max_age_s: 86_400,
            };
            inventory.databases.insert(database.name.clone(), database);
        }
    })
}

/// A database whose owner may make others, and a world in which it is `main`.
async fn stage(name: &str) -> (&'static Postgres, Database, Sandbox) {
    let postgres = Postgres::start().await;
    let database = postgres.database(name).await;
    postgres.execute(&format!("ALTER ROLE {} CREATEDB", database.user)).await;
    let sandbox = world_of(&[("main", server(&database))], &database.password);
    (postgres, database, sandbox)
}

fn take(name: &str) -> TakeSnapshot {
    TakeSnapshot { database: "main".parse().unwrap(), snapshot: name.parse().unwrap() }
}

fn permit_for(restore: Option<&RestoreDatabase>) -> Permit {
    let restore = restore.map(|restore| Step::RestoreDatabase(restore.clone()));
    permit(std::iter::once(Step::TakeSnapshot(take("s"))).chain(restore).collect(), None, None)
}

async fn try_snapshot(sandbox: &Sandbox, name: &str) -> Result<SnapshotManifest, WorldError> {
    sandbox.world.take_snapshot(&permit_for(None), &take(name)).await
}

async fn snapshot(sandbox: &Sandbox, name: &str) -> SnapshotManifest {
    try_snapshot(sandbox, name).await.unwrap_or_else(|error| panic!("{error}: {error:?}"))
}

fn restore_of(manifest: &SnapshotManifest) -> RestoreDatabase {
    RestoreDatabase { database: manifest.database.clone(), snapshot: manifest.id.clone(), digest: manifest.digest }
}

/// A session of the superuser.
async fn superuser(database: &Database) -> PgConnection {
    let options = PgConnectOptions::new_without_pgpass().socket(&database.socket).port(database.port);
    options.username("postgres").database(&database.name).connect().await.unwrap()
}

/// The first column of the first row, as text.
async fn text(database: &Database, query: &str) -> String {
    let mut connection = database.connect().await;
    let found: Option<String> =
        sqlx::query_scalar(AssertSqlSafe(format!("SELECT ({query})::text"))).fetch_one(&mut connection).await.unwrap();
    connection.close().await.unwrap();
    found.unwrap_or_default()
}

/// The scratch databases that there are.
async fn scratch_databases(database: &Database) -> String {
    let owned = format!("datname ~ '^deployops_v_' AND pg_get_userbyid(datdba) = '{}'", database.user);
    text(database, &format!("SELECT coalesce(string_agg(datname, ' '), '') FROM pg_database WHERE {owned}")).await
}

/// Neither the message nor its causes hold what nobody may see.
fn assert_silent(error: &WorldError, secrets: &[&str]) {
    let shown = format!("{error:?} {error}");
    for secret in secrets {
        assert!(!shown.contains(secret), "{shown}");
    }
}
