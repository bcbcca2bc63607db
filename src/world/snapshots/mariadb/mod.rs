//! Snapshots of MariaDB and MySQL databases, by the servers' own client programs.

mod definitions;
mod dump;
mod load;
mod login;
mod restore;
mod scratch;
mod stream;
mod swap;
mod tools;

use std::sync::Arc;

pub(super) use dump::dump;
pub(super) use restore::{replace, state, take_back};

use super::{encryption::Keys, proof::Unrestored};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer, Engine},
        refusal::Code,
        snapshot::SnapshotManifest,
    },
    world::{
        Reader, WorldError,
        database::{Contents, entry},
    },
};

/// What the stored file holds, restored into a scratch database on its own server, or on that of `scratch`.
pub(super) async fn restored(
    reader: Reader<'_>,
    database: &Database,
    server: &DatabaseServer,
    manifest: &SnapshotManifest,
    keys: Arc<Keys>,
) -> Result<Contents, Unrestored> {
    let (place, server) = proving_place(reader, database, server)?;
    let login = login::Login::new(reader, place, server).await?;
    let directory = reader.scratch("verify-")?;
    let identity = reader.database_identity(&place.name).await?;
    let client = tools::find(tools::Role::Client, &identity.engine, directory.path()).await?;
    let scratch = scratch::Scratch::create(&login, reader.now()).await?;
    let restored = async {
        load::Stored::new(reader, manifest, keys).load(&login, &client, directory.path(), &scratch.name).await?;
        restore::contents_of(&login, &scratch.name, database.migrations).await.map_err(Unrestored::Refused)
    }
    .await;
    let dropped = scratch.drop(&login).await;
    let restored = restored?;
    dropped.map_err(Unrestored::Refused)?;
    Ok(restored)
}

/// Where snapshots of a database are restored to be proven.
fn proving_place<'i>(
    reader: Reader<'i>,
    database: &'i Database,
    server: &'i DatabaseServer,
) -> Result<(&'i Database, &'i DatabaseServer), WorldError> {
    let Some(name) = &server.scratch else { return Ok((database, server)) };
    let place = entry(reader.inventory(), name)?;
    match &place.engine {
        Engine::Mariadb(server) => Ok((place, server)),
        Engine::Sqlite { .. } | Engine::Postgres(_) => Err(other_engine(database, place)),
    }
}

fn other_engine(database: &Database, place: &Database) -> WorldError {
    WorldError::new(
        Code::Unsupported,
        format!("verify a snapshot of database {}", database.name),
        format!("{}, where it is to be restored, is {}", place.name, place.engine.label()),
        "Name a MariaDB database as `scratch` in deploy-ops.toml.",
    )
}
