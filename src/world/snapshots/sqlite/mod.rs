//! Snapshots of SQLite databases.

mod copy;
mod restore;

use std::{
    fs,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

pub(super) use restore::{replace, state, take_back};

use super::{Dump, Dumped, encryption::Keys, proof::Unrestored, store};
use crate::{
    domain::{
        inventory::{Database, MigrationTool},
        refusal::Code,
        snapshot::SnapshotManifest,
    },
    world::{
        Reader, WorldError,
        blocking::blocking,
        database::{Connection, Contents, sqlite::open},
    },
};

/// Copies the database and stores the copy.
pub(super) async fn dump(reader: Reader<'_>, dump: Dump<'_>, path: &Path) -> Result<Dumped, WorldError> {
    let scratch = reader.scratch("snapshot-")?;
    let raw = scratch.path().join("copy.sqlite");
    let expected = copy::consistent(&dump.database.name, path, dump.database.migrations, &raw).await?;
    let (to, keys) = (dump.partial.to_owned(), dump.keys);
    let stored = blocking(move || {
        let mut source = fs::File::open(&raw).map_err(|e| WorldError::io("store the snapshot", e))?;
        store::write(&mut source, &to, &keys)
    })
    .await?;
    let tool = dump.identity.engine.clone();
    Ok(Dumped { stored, expected, tool })
}

/// What the stored file holds, restored into a scratch file.
pub(super) async fn restored(
    reader: Reader<'_>,
    database: &Database,
    manifest: &SnapshotManifest,
    keys: Arc<Keys>,
) -> Result<Contents, Unrestored> {
    let scratch = reader.scratch("verify-")?;
    let file = scratch.path().join("restored.sqlite");
    decode(reader, manifest, file.clone(), keys).await?;
    contents_of(&file, database.migrations).await.map_err(Unrestored::Refused)
}

/// Decodes the stored file to its end into a new private file.
async fn decode(
    reader: Reader<'_>,
    manifest: &SnapshotManifest,
    to: PathBuf,
    keys: Arc<Keys>,
) -> Result<(), Unrestored> {
    let (from, stored) = (store::file(&reader.world.paths, manifest), store::Stored::of(manifest));
    let decoded = blocking(move || {
        let io = |e| WorldError::io("decode the snapshot", e);
        let _ = fs::remove_file(&to);
        let mut target = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&to).map_err(io)?;
        let read = store::read(&from, &keys, &stored, &mut target);
        target.sync_all().map_err(io)?;
        Ok(read)
    });
    decoded.await?
}

/// What a database file holds, after SQLite's own check of its structure.
async fn contents_of(path: &Path, tool: Option<MigrationTool>) -> Result<Contents, WorldError> {
    let mut connection = open("scratch", path, true).await?;
    connection.begin().await?;
    if connection.text("PRAGMA integrity_check(1)").await?.as_deref() != Some("ok") {
        return Err(WorldError::new(
            Code::WorldFailed,
            "check the restored database",
            "its structure is damaged",
            "Check the disk and the original with PRAGMA integrity_check.",
        ));
    }
    let mut connection = Connection::Sqlite(connection);
    let contents = Contents::read(&mut connection, tool).await;
    connection.close().await?;
    contents
}
