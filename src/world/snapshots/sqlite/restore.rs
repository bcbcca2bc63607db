//! Restoring: the snapshot becomes a file beside the database, is proven there, and takes its place by one rename.
//!
//! While the names change we hold SQLite's exclusive lock on the old file, and nobody else has it open in WAL mode, so that no
//! commit gets lost in between. A program that had it open without a lock gets `SQLITE_READONLY_DBMOVED` at its next write and
//! must open it again. The old file is kept as `<name>.before-<operation>`.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{
        FLOOR,
        proof::require_equal,
        restore::{RestoreState, unrestored},
        store,
    },
    contents_of, decode,
};
use crate::{
    domain::{inventory::Database, operation::OperationId, refusal::Code, snapshot::SnapshotManifest},
    policy::Permit,
    world::{
        World, WorldError,
        database::sqlite::{Connection, open},
        git::beside,
        tree,
    },
};

/// Replaces the database by a snapshot, once that is proven beside it.
pub(in crate::world::snapshots) async fn replace(
    world: &World,
    permit: &Permit,
    database: &Database,
    live: &Path,
    manifest: &SnapshotManifest,
) -> Result<(), WorldError> {
    let files = Files::new(live, permit.operation());
    if let Some(parent) = live.parent() {
        store::require_space(parent, manifest.database_bytes.saturating_add(FLOOR))?;
    }
    let keys = Arc::new(world.reader().snapshot_keys().await?);
    let decoded = decode(world.reader(), manifest, files.prepared.clone(), keys).await;
    decoded.map_err(|error| unrestored(manifest, error))?;
    require_equal(manifest, &contents_of(&files.prepared, database.migrations).await?)?;
    // A first attempt that was interrupted before the rename left a second name of the live file.
    if files.before.exists() {
        fs::remove_file(&files.before).map_err(|e| WorldError::io("remove a name that is left over", e))?;
    }
    swap(live, &files.prepared, &files.before).await
}

/// Puts the kept file back into its place; what was restored is kept as `<name>.restored-<operation>`.
pub(in crate::world::snapshots) async fn take_back(live: &Path, permit: &Permit) -> Result<(), WorldError> {
    let files = Files::new(live, permit.operation());
    match files.state() {
        RestoreState::NotDone => {
            for name in [&files.prepared, &files.before] {
                let _ = fs::remove_file(name);
            }
            Ok(())
        }
        RestoreState::TakenBack => Ok(()),
        RestoreState::Done => {
            let _ = fs::remove_file(&files.restored);
            swap(live, &files.before, &files.restored).await
        }
    }
}

/// Where the restore of an operation stands, told from the files alone.
pub(in crate::world::snapshots) fn state(live: &Path, operation: &OperationId) -> RestoreState {
    Files::new(live, operation).state()
}

/// The names a restore uses, all in the directory of the database.
struct Files {
    live: PathBuf,
    prepared: PathBuf,
    before: PathBuf,
    restored: PathBuf,
}

impl Files {
    fn new(live: &Path, operation: &OperationId) -> Self {
        Self {
            live: live.to_owned(),
            prepared: beside(live, &format!(".restoring-{operation}")),
            before: beside(live, &format!(".before-{operation}")),
            restored: beside(live, &format!(".restored-{operation}")),
        }
    }

    /// The swap is one rename, so the inodes tell exactly whether it happened.
    fn state(&self) -> RestoreState {
        let inode = |path: &Path| fs::symlink_metadata(path).ok().map(|m| (m.dev(), m.ino()));
        let live = inode(&self.live);
        match (inode(&self.before), inode(&self.restored)) {
            (None, Some(restored)) if Some(restored) != live => RestoreState::TakenBack,
            (Some(before), _) if Some(before) != live => RestoreState::Done,
            _ => RestoreState::NotDone,
        }
    }
}

/// Gives `next` the name `live`, and the file that had it the name `kept`, while nobody can write either.
async fn swap(live: &Path, next: &Path, kept: &Path) -> Result<(), WorldError> {
    let io = |e| WorldError::io("put the database into its place", e);
    let mut lock = open("that is replaced", live, false).await?;
    let was_wal = lock.text("PRAGMA journal_mode").await?.as_deref() == Some("wal");
    if was_wal {
        // Leaving WAL mode succeeds only when nobody else has the database open, and it folds the log into the file.
        let left = lock.text("PRAGMA journal_mode = DELETE").await;
        if left.as_ref().ok().and_then(|mode| mode.as_deref()) != Some("delete") {
            return Err(in_use());
        }
    }
    if lock.execute("BEGIN EXCLUSIVE").await.is_err() {
        return Err(in_use());
    }
    let result = exchange(live, next, kept, was_wal).await.map_err(|error| match error {
        Swap::Io(error) => io(error),
        Swap::World(error) => error,
    });
    release(lock, was_wal && result.is_err()).await;
    result
}

enum Swap {
    Io(std::io::Error),
    World(WorldError),
}

impl From<std::io::Error> for Swap {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

async fn exchange(live: &Path, next: &Path, kept: &Path, wal: bool) -> Result<(), Swap> {
    let old = fs::metadata(live)?;
    fs::set_permissions(next, old.permissions())?;
    let new = fs::metadata(next)?;
    if (new.uid(), new.gid()) != (old.uid(), old.gid()) {
        chown(next, Some(old.uid()), Some(old.gid()))?;
    }
    if wal {
        let mut connection = open("that is put in place", next, false).await.map_err(Swap::World)?;
        connection.text("PRAGMA journal_mode = WAL").await.map_err(Swap::World)?;
        connection.close().await.map_err(Swap::World)?;
    }
    File::open(next)?.sync_all()?;
    let parent = live.parent().unwrap_or(Path::new("/"));
    // Linked, not renamed: at no moment is there no database.
    fs::hard_link(live, kept)?;
    fs::rename(next, live)?;
    tree::sync_directory(parent).map_err(Swap::World)
}

/// Ends our lock; when nothing was replaced, the journal mode becomes what it was.
async fn release(mut lock: Connection, to_wal: bool) {
    let _ = lock.execute("ROLLBACK").await;
    if to_wal {
        let _ = lock.text("PRAGMA journal_mode = WAL").await;
    }
    let _ = lock.close().await;
}

fn in_use() -> WorldError {
    WorldError::new(
        Code::WrongState,
        "restore a database",
        "other programs have it open",
        "Stop the application or put it into maintenance, then try again.",
    )
}
