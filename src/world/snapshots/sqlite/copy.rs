//! A consistent copy of a SQLite database that others go on writing, and proof that it is one.
//!
//! SQLite's `VACUUM INTO` copies the database as of one moment (it reads in one transaction), but cannot be part of a transaction of
//! ours, so rows that were counted in another transaction may be of another moment. Therefore two connections begin at the same
//! time: one pins a moment and reads what is expected, the other copies. When the copy holds exactly what was expected, schema, row
//! counts and content digests alike, both saw the same contents and the copy is proven against the original, not against itself.
//! When somebody committed in between, they differ, and both begin again. In WAL mode writers are never held up; with a rollback
//! journal they wait while we read, and both moments are the same by force.

use std::{fs::OpenOptions, os::unix::fs::OpenOptionsExt, path::Path};

use super::contents_of;
use crate::{
    domain::{inventory::MigrationTool, name::DatabaseName, refusal::Code},
    world::{
        WorldError,
        database::{Connection, Contents, companions, sqlite::open},
    },
};

/// How often a copy is begun again because somebody committed between two beginnings.
const ATTEMPTS: u32 = 12;

/// Copies `path` to `to`, and says what both hold.
pub(super) async fn consistent(
    name: &DatabaseName,
    path: &Path,
    tool: Option<MigrationTool>,
    to: &Path,
) -> Result<Contents, WorldError> {
    for _ in 0..ATTEMPTS {
        for file in companions(to) {
            let _ = std::fs::remove_file(file);
        }
        let expected = copy(name, path, tool, to).await?;
        if contents_of(to, tool).await? == expected {
            return Ok(expected);
        }
    }
    Err(WorldError::new(
        Code::BackupMissing,
        format!("snapshot database {name}"),
        "it is written so often that no moment could be read twice",
        "Switch the database to WAL mode if it is not, or take the snapshot when it is quieter.",
    ))
}

async fn copy(
    name: &DatabaseName,
    path: &Path,
    tool: Option<MigrationTool>,
    to: &Path,
) -> Result<Contents, WorldError> {
    let target = to.to_str().ok_or_else(|| {
        WorldError::new(
            Code::Unsupported,
            format!("snapshot database {name}"),
            "the data directory's path is not UTF-8",
            "Choose another data directory.",
        )
    })?;
    // Created by us, so that nobody else may read it; SQLite accepts an empty file.
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(to)
        .map_err(|e| WorldError::io("create the copy", e))?;
    let mut pinned = open(name.as_str(), path, true).await?;
    let mut copier = open(name.as_str(), path, true).await?;
    // The schema is read now, so that both begin at once below.
    copier.text("SELECT name FROM sqlite_schema LIMIT 1").await?;
    pinned.text("SELECT name FROM sqlite_schema LIMIT 1").await?;
    let statement = format!("VACUUM INTO '{}'", target.replace('\'', "''"));
    let (expected, copied) = tokio::join!(
        async {
            pinned.begin().await?;
            let mut pinned = Connection::Sqlite(pinned);
            let expected = Contents::read(&mut pinned, tool).await;
            pinned.close().await?;
            expected
        },
        copier.execute(&statement),
    );
    copied?;
    copier.close().await?;
    expected
}
