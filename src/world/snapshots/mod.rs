//! Snapshots of databases: a consistent copy, compressed, hashed, and proven by restoring it.
//!
//! A snapshot is `<id>.sqlite.zst` and `<id>.json`, its manifest, in the snapshot directory. The manifest is written last:
//! without it the snapshot does not exist. No method here removes a snapshot that has one.

mod copy;
mod restore;
mod store;

use std::{fs, path::Path};

pub use restore::RestoreState;

use super::{
    Reader, World, WorldError,
    blocking::blocking,
    database::{self, Contents, entry, open, sqlite_path},
};
use crate::{
    domain::{
        inventory::MigrationTool,
        name::DatabaseName,
        refusal::Code,
        snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
        step::TakeSnapshot,
    },
    policy::Permit,
};

/// What stays free on the disk in any case, bytes.
const FLOOR: u64 = 64 * 1024 * 1024;

/// What a new look at a stored snapshot found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotCheck {
    /// How far it was proven now; absent when not even its file is complete.
    pub level: Option<SnapshotLevel>,
    /// What is wrong with it; absent when it is verified.
    pub problem: Option<String>,
}

impl World {
    /// Takes a snapshot and proves it by a restore. Taking the same one again returns it.
    pub async fn take_snapshot(&self, permit: &Permit, take: &TakeSnapshot) -> Result<SnapshotManifest, WorldError> {
        let database = entry(&self.inventory, &take.database)?;
        let path = sqlite_path(database)?;
        let reader = self.reader();
        let directory = self.paths.snapshots();
        if let Some(manifest) = store::manifest(&directory, &take.snapshot) {
            if manifest.database == take.database && reader.verify_snapshot(&take.snapshot).await?.problem.is_none() {
                return Ok(manifest);
            }
            return Err(problem(&take.snapshot, "there is a damaged one of that name", "Run the dry run again."));
        }
        let taken_at = self.now();
        let identity = reader.database_identity(&take.database).await?;
        store::require_space(&directory, identity.bytes.saturating_mul(2).saturating_add(FLOOR))?;
        let scratch = reader.scratch("snapshot-")?;
        let raw = scratch.path().join("copy.sqlite");
        let expected = copy::consistent(&take.database, path, database.migrations, &raw).await?;

        let (file, from, to) = (store::file(&directory, &take.snapshot), raw.clone(), directory.clone());
        let stored = blocking(move || {
            let stored = store::compress(&from, &store::file_partial(&file))?;
            fs::rename(store::file_partial(&file), &file).map_err(|e| WorldError::io("store the snapshot", e))?;
            fs::remove_file(&from).map_err(|e| WorldError::io("remove the uncompressed copy", e))?;
            super::tree::sync_directory(&to)?;
            Ok(stored)
        })
        .await?;
        let mut manifest = SnapshotManifest {
            id: take.snapshot.clone(),
            database: take.database.clone(),
            engine: identity.engine,
            identity: identity.identity,
            operation: permit.operation().clone(),
            taken_at,
            duration_ms: 0,
            database_bytes: identity.bytes,
            stored_bytes: stored.bytes,
            digest: stored.digest,
            migration_head: expected.migration_head,
            schema: expected.schema,
            rows: expected.rows,
            contents: expected.tables,
            level: SnapshotLevel::Verified,
        };
        let check = check(&manifest, &directory, scratch.path(), database.migrations).await?;
        if let Some(wrong) = check.problem {
            return Err(problem(&take.snapshot, &wrong, "Check the disk, then run the dry run again."));
        }
        manifest.duration_ms = self.now().millis_since(taken_at);
        store::write_manifest(&directory, &manifest)?;
        Ok(manifest)
    }
}

impl Reader<'_> {
    /// Proves a stored snapshot again, from its file alone.
    pub async fn verify_snapshot(&self, id: &SnapshotId) -> Result<SnapshotCheck, WorldError> {
        let directory = self.world.paths.snapshots();
        let Some(manifest) = store::manifest(&directory, id) else {
            return Err(WorldError::new(
                Code::NotFound,
                "find the snapshot",
                "there is no such snapshot",
                "Use an id that snapshot_db mode=list shows.",
            ));
        };
        let scratch = self.scratch("verify-")?;
        let tool = self.inventory().databases.get(&manifest.database).and_then(|database| database.migrations);
        check(&manifest, &directory, scratch.path(), tool).await
    }

    /// The manifest of a snapshot.
    pub fn snapshot_manifest(&self, id: &SnapshotId) -> Option<SnapshotManifest> {
        store::manifest(&self.world.paths.snapshots(), id)
    }

    /// The snapshots that have a manifest and a file of its size, newest first; of one database, or of all.
    pub fn snapshots_on_disk(&self, database: Option<&DatabaseName>) -> Result<Vec<SnapshotManifest>, WorldError> {
        let mut found = store::list(&self.world.paths.snapshots())?;
        found.retain(|manifest| database.is_none_or(|name| *name == manifest.database));
        found.sort_by_key(|manifest| std::cmp::Reverse(manifest.taken_at));
        Ok(found)
    }
}

/// L1: the file has its size. L2: it decodes to its end and has its digest. L3: restored, it holds what was read when it was taken.
async fn check(
    manifest: &SnapshotManifest,
    directory: &Path,
    scratch: &Path,
    tool: Option<MigrationTool>,
) -> Result<SnapshotCheck, WorldError> {
    let file = store::file(directory, &manifest.id);
    let failed = |level, problem: &str| Ok(SnapshotCheck { level, problem: Some(problem.to_owned()) });
    if fs::metadata(&file).map_or(0, |m| m.len()) != manifest.stored_bytes || manifest.stored_bytes == 0 {
        return failed(None, "its file is missing or does not have its size");
    }
    let restored = scratch.join("restored.sqlite");
    let (from, to, limit) = (file, restored.clone(), decoded_limit(manifest));
    match blocking(move || store::decode(&from, &to, limit)).await {
        Ok(digest) if digest == manifest.digest => {}
        Ok(_) => return failed(Some(SnapshotLevel::Dumped), "its file does not have the digest of its manifest"),
        Err(_) => return failed(Some(SnapshotLevel::Dumped), "its file does not decode to its end"),
    }
    let answer = match contents_of(&restored, tool).await {
        Ok(found) if found == expected(manifest) => {
            SnapshotCheck { level: Some(SnapshotLevel::Verified), problem: None }
        }
        Ok(_) => SnapshotCheck {
            level: Some(SnapshotLevel::Decoded),
            problem: Some("restored, it does not hold what the database held".to_owned()),
        },
        Err(error) => {
            SnapshotCheck { level: Some(SnapshotLevel::Decoded), problem: Some(format!("restored, {}", error.problem)) }
        }
    };
    for part in database::companions(&restored) {
        let _ = fs::remove_file(part);
    }
    Ok(answer)
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
    let contents = Contents::read(&mut connection, tool).await;
    connection.close().await?;
    contents
}

fn expected(manifest: &SnapshotManifest) -> Contents {
    Contents {
        schema: manifest.schema,
        rows: manifest.rows.clone(),
        tables: manifest.contents.clone(),
        migration_head: manifest.migration_head.clone(),
    }
}

/// A file that decodes to more is not the snapshot.
fn decoded_limit(manifest: &SnapshotManifest) -> u64 {
    manifest.database_bytes.saturating_mul(2).saturating_add(FLOOR)
}

fn problem(id: &SnapshotId, problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::BackupMissing, format!("take snapshot {id}"), problem, fix)
}
