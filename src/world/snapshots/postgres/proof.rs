//! Proving: a stored file is restored into a scratch database, read there, and the scratch database is dropped, however it went.

use std::sync::Arc;

use super::{
    super::{encryption::Keys, proof::Unrestored},
    fill::{Owners, fill},
    login::Login,
    scratch::Scratch,
    tools::Tools,
};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer},
        name::DatabaseName,
        snapshot::SnapshotManifest,
    },
    world::{
        Reader, WorldError,
        database::{Access, Connection, Contents, Way, postgres},
    },
};

/// What the stored file holds, restored into a scratch database.
pub(in crate::world::snapshots) async fn restored(
    reader: Reader<'_>,
    database: &Database,
    server: &DatabaseServer,
    manifest: &SnapshotManifest,
    keys: Arc<Keys>,
) -> Result<Contents, Unrestored> {
    let scratch = Scratch::create(reader, database, server).await?;
    let found = read_from(reader, &scratch, database, manifest, keys).await;
    // One that could not be dropped is left to the next run: what it held is known.
    let _ = scratch.remove().await;
    found
}

async fn read_from(
    reader: Reader<'_>,
    scratch: &Scratch<'_>,
    database: &Database,
    manifest: &SnapshotManifest,
    keys: Arc<Keys>,
) -> Result<Contents, Unrestored> {
    let tools = Tools::for_server(&scratch.home.name, &scratch.engine)?;
    let login = Login::new(reader, &scratch.way, &scratch.name)?;
    fill(reader, &tools, &login, &scratch.name, manifest, keys, Owners::Ours).await?;
    let found = contents(&scratch.home.name, &scratch.way, &scratch.name, database, manifest).await;
    found.map_err(Unrestored::Refused)
}

/// What a database holds that was restored from a snapshot. Sequences that the manifest does not know are left out: they moved
/// while the snapshot was taken.
pub(super) async fn contents(
    name: &DatabaseName,
    way: &Way,
    restored: &str,
    database: &Database,
    manifest: &SnapshotManifest,
) -> Result<Contents, WorldError> {
    let connection = postgres::connect(name, way, restored, Access::ReadAll).await?;
    let mut connection = Connection::Postgres(connection);
    connection.begin().await?;
    let mut found = Contents::read(&mut connection, database.migrations).await?;
    connection.close().await?;
    found.tables.retain(|key, _| !postgres::is_sequence(key) || manifest.contents.contains_key(key));
    Ok(found)
}
