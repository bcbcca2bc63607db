//! How far a stored snapshot is proven, found out anew from its file.

use std::{fs, sync::Arc};

use super::{mariadb, postgres, sqlite, store};
use crate::{
    domain::{
        inventory::Engine,
        refusal::Code,
        snapshot::{SnapshotFormat, SnapshotId, SnapshotLevel, SnapshotManifest},
    },
    world::{
        Reader, WorldError,
        blocking::blocking,
        database::{Contents, entry},
    },
};

/// What a new look at a stored snapshot found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotCheck {
    /// How far it was proven now; absent when not even its file is complete.
    pub level: Option<SnapshotLevel>,
    /// What is wrong with it; absent when it is verified.
    pub problem: Option<String>,
}

impl Reader<'_> {
    /// Proves a stored snapshot again, from its file alone. One that this installation did not sign is not opened.
    pub async fn verify_snapshot(&self, id: &SnapshotId) -> Result<SnapshotCheck, WorldError> {
        let Some(signed) = store::manifest(&self.world.paths, id) else {
            return Err(WorldError::new(
                Code::NotFound,
                "find the snapshot",
                "there is no such snapshot",
                "Use an id that snapshot_db mode=list shows.",
            ));
        };
        if !signed.is_ours(&self.world.paths) {
            return Ok(failed(None, "its manifest was not signed by this installation"));
        }
        self.prove(&signed.manifest).await
    }

    /// L1: the file has its size. L2: it decodes to its end and has its digest. L3: restored, it holds what was read when it was
    /// taken.
    pub(super) async fn prove(self, manifest: &SnapshotManifest) -> Result<SnapshotCheck, WorldError> {
        let file = store::file(&self.world.paths, manifest);
        if fs::metadata(&file).map_or(0, |m| m.len()) != manifest.stored_bytes || manifest.stored_bytes == 0 {
            return Ok(failed(None, "its file is missing or does not have its size"));
        }
        let keys = Arc::new(self.snapshot_keys().await?);
        let (from, limit, decoding) = (file, decoded_limit(manifest), Arc::clone(&keys));
        match blocking(move || store::read(&from, &decoding, limit, &mut std::io::sink())).await {
            Ok(digest) if digest == manifest.digest => {}
            Ok(_) => {
                return Ok(failed(Some(SnapshotLevel::Dumped), "its file does not have the digest of its manifest"));
            }
            Err(error) if error.code == Code::SecretMissing => return Err(error),
            Err(_) => return Ok(failed(Some(SnapshotLevel::Dumped), "its file does not decode to its end")),
        }
        let database = entry(self.inventory(), &manifest.database)?;
        let restored = match (&database.engine, manifest.format) {
            (Engine::Sqlite { .. }, SnapshotFormat::Sqlite) => sqlite::restored(self, database, manifest, keys).await,
            (Engine::Postgres(server), SnapshotFormat::PostgresCustom) => {
                postgres::restored(self, database, server, manifest, keys).await
            }
            (Engine::Mariadb(server), SnapshotFormat::MariadbSql) => {
                mariadb::restored(self, database, server, manifest, keys).await
            }
            _ => return Ok(failed(Some(SnapshotLevel::Decoded), "it is of another engine than its database")),
        };
        Ok(match restored {
            Ok(found) if found == expected(manifest) => {
                SnapshotCheck { level: Some(SnapshotLevel::Verified), problem: None }
            }
            // Nothing was tried, so nothing is known about the snapshot.
            Err(error) if error.code == Code::Unsupported => return Err(error),
            Ok(_) => failed(Some(SnapshotLevel::Decoded), "restored, it does not hold what the database held"),
            Err(error) => failed(Some(SnapshotLevel::Decoded), &format!("restored, {}", error.problem)),
        })
    }
}

fn failed(level: Option<SnapshotLevel>, problem: &str) -> SnapshotCheck {
    SnapshotCheck { level, problem: Some(problem.to_owned()) }
}

/// What the database held when the snapshot was taken.
pub(super) fn expected(manifest: &SnapshotManifest) -> Contents {
    Contents {
        schema: manifest.schema,
        rows: manifest.rows.clone(),
        tables: manifest.contents.clone(),
        migration_head: manifest.migration_head.clone(),
    }
}

/// A file that decodes to more is not the snapshot. The size of the database would say nothing: servers estimate it, and keep
/// repetitive values compressed.
pub(super) fn decoded_limit(manifest: &SnapshotManifest) -> u64 {
    manifest.data_bytes
}
