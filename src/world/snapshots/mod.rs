//! Snapshots of databases: consistent, compressed, hashed, signed, and proven by restoring them.
//!
//! A snapshot is a file with the data and `<id>.json`, its signed manifest. The manifest is written last: without it the snapshot
//! does not exist. No method here removes a snapshot that has one.

mod changes;
mod encryption;
mod feed;
mod mariadb;
mod postgres;
mod proof;
mod restore;
mod signature;
mod sqlite;
mod store;

use std::{path::Path, sync::Arc};

pub use changes::{ChangedTable, Changes};
use encryption::Keys;
pub use proof::{SnapshotCheck, SnapshotProblem};
pub use restore::RestoreState;

use super::{
    Reader, World, WorldError,
    blocking::blocking,
    database::{Contents, DatabaseIdentity, entry},
};
use crate::{
    domain::{
        inventory::{Database, Engine},
        name::DatabaseName,
        refusal::Code,
        snapshot::{SnapshotFormat, SnapshotId, SnapshotLevel, SnapshotManifest},
        step::TakeSnapshot,
    },
    policy::Permit,
};

/// What stays free on the disk in any case, bytes.
const FLOOR: u64 = 64 * 1024 * 1024;

/// What an engine is asked to dump, and where to.
struct Dump<'a> {
    database: &'a Database,
    identity: &'a DatabaseIdentity,
    /// The file to write; it gets its name when it is complete.
    partial: &'a Path,
    keys: Arc<Keys>,
}

/// A complete dump that is not yet proven.
struct Dumped {
    stored: store::Stored,
    /// What the database held, read in the same moment.
    expected: Contents,
    /// The program that dumped, with its version.
    tool: String,
}

impl World {
    /// Takes a snapshot and proves it by a restore. Taking the same one again returns it.
    pub async fn take_snapshot(&self, permit: &Permit, take: &TakeSnapshot) -> Result<SnapshotManifest, WorldError> {
        let database = entry(&self.inventory, &take.database)?;
        let reader = self.reader();
        if let Some(signed) = store::manifest(&self.paths, &take.snapshot) {
            let manifest = signed.manifest;
            if manifest.database == take.database && reader.verify_snapshot(&take.snapshot).await?.problem.is_none() {
                return Ok(manifest);
            }
            return Err(problem(&take.snapshot, "there is a damaged one of that name", "Run the dry run again."));
        }
        let taken_at = self.now();
        let identity = reader.database_identity(&take.database).await?;
        store::require_space(&self.paths.snapshots(), identity.bytes.saturating_mul(2).saturating_add(FLOOR))?;
        let keys = Arc::new(reader.snapshot_keys().await?);
        let (format, encrypted) = (format_of(&database.engine), keys.encrypts());
        let file = store::file_of(&self.paths, &take.snapshot, format, encrypted);
        let partial = store::partial(&file);
        let dump = Dump { database, identity: &identity, partial: &partial, keys };
        let dumped = match &database.engine {
            Engine::Sqlite { path } => sqlite::dump(reader, dump, path).await,
            Engine::Postgres(server) => postgres::dump(reader, dump, server).await,
            Engine::Mariadb(server) => mariadb::dump(reader, dump, server).await,
        };
        let dumped = dumped.inspect_err(|_| {
            let _ = std::fs::remove_file(&partial);
        })?;
        let kept = file.clone();
        blocking(move || store::keep(&kept)).await?;
        let Dumped { stored, expected, tool } = dumped;
        let mut manifest = SnapshotManifest {
            id: take.snapshot.clone(),
            database: take.database.clone(),
            engine: identity.engine,
            format,
            tool,
            encrypted,
            identity: identity.identity,
            operation: permit.operation().clone(),
            taken_at,
            duration_ms: 0,
            database_bytes: identity.bytes,
            data_bytes: stored.data_bytes,
            stored_bytes: stored.bytes,
            digest: stored.digest,
            migration_head: expected.migration_head,
            schema: expected.schema,
            rows: expected.rows,
            contents: expected.tables,
            level: SnapshotLevel::Verified,
        };
        let proven = async {
            if let Some(wrong) = reader.prove(&manifest).await?.problem {
                return Err(problem(&take.snapshot, &wrong.what, &wrong.fix));
            }
            manifest.duration_ms = self.now().millis_since(taken_at);
            store::write_manifest(&self.paths, &manifest)
        };
        if let Err(error) = proven.await {
            // What has no manifest is no snapshot, and nobody would ever remove it.
            if store::manifest(&self.paths, &take.snapshot).is_none() {
                let _ = std::fs::remove_file(&file);
            }
            return Err(error);
        }
        Ok(manifest)
    }
}

impl Reader<'_> {
    /// The manifest of a snapshot.
    pub fn snapshot_manifest(&self, id: &SnapshotId) -> Option<SnapshotManifest> {
        store::manifest(&self.world.paths, id).map(|signed| signed.manifest)
    }

    /// How much of a snapshot has been stored, bytes; also while it is being taken.
    pub fn snapshot_bytes(&self, id: &SnapshotId) -> u64 {
        store::bytes(&self.world.paths, id)
    }

    /// The snapshots that have a manifest of ours and a file of its size, newest first; of one database, or of all.
    pub fn snapshots_on_disk(&self, database: Option<&DatabaseName>) -> Result<Vec<SnapshotManifest>, WorldError> {
        let mut found = store::list(&self.world.paths)?;
        found.retain(|manifest| database.is_none_or(|name| *name == manifest.database));
        found.sort_by_key(|manifest| std::cmp::Reverse(manifest.taken_at));
        Ok(found)
    }
}

fn format_of(engine: &Engine) -> SnapshotFormat {
    match engine {
        Engine::Sqlite { .. } => SnapshotFormat::Sqlite,
        Engine::Postgres(_) => SnapshotFormat::PostgresCustom,
        Engine::Mariadb(_) => SnapshotFormat::MariadbSql,
    }
}

fn problem(id: &SnapshotId, problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::BackupMissing, format!("take snapshot {id}"), problem, fix)
}
