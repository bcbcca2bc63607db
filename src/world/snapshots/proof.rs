//! How far a stored snapshot is proven, found out anew from its file.

use std::{fs, sync::Arc};

use super::{mariadb, postgres, restore, sqlite, store};
use crate::{
    domain::{
        inventory::{Database, Engine},
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
    pub problem: Option<SnapshotProblem>,
}

/// What is wrong with a snapshot.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SnapshotProblem {
    /// What is wrong.
    pub what: String,
    /// What to do about it.
    pub fix: String,
}

/// Why a stored file did not become a database.
#[derive(Debug)]
pub(super) enum Unrestored {
    /// It was not tried, so nothing is known about the file.
    Untried(WorldError),
    /// The file is not the one that was stored: in which way.
    Damaged(&'static str),
    /// The file is whole. What it holds could not be restored, or not be read afterwards.
    Refused(WorldError),
}

impl From<WorldError> for Unrestored {
    fn from(error: WorldError) -> Self {
        Self::Untried(error)
    }
}

/// What to do about a file that is damaged.
pub(super) const CHECK_THE_DISK: &str = "Check the disk, and use another snapshot.";

impl Reader<'_> {
    /// Proves a stored snapshot again, from its file alone. One that this installation did not sign is not opened.
    ///
    /// # Errors
    /// When there is no such snapshot, or when it could not be tried, so that nothing is known about it.
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
            return Ok(failed(None, restore::NOT_OURS, CHECK_THE_DISK));
        }
        match self.found_as_stored(&signed.manifest).await? {
            Some(wrong) => Ok(wrong),
            None => self.prove(&signed.manifest).await,
        }
    }

    /// L1 of a file that has lain here: what is wrong when its size or its digest is not that of the manifest. Then no program is
    /// fed with it. Nothing is decoded for that.
    pub(super) async fn found_as_stored(
        self,
        manifest: &SnapshotManifest,
    ) -> Result<Option<SnapshotCheck>, WorldError> {
        let file = store::file(&self.world.paths, manifest);
        if fs::metadata(&file).map_or(0, |m| m.len()) != manifest.stored_bytes || manifest.stored_bytes == 0 {
            return Ok(Some(failed(None, "its file is missing or does not have its size", CHECK_THE_DISK)));
        }
        let found = blocking(move || store::digest(&file)).await?;
        Ok((found != manifest.digest).then(|| failed(Some(SnapshotLevel::Dumped), store::ANOTHER, CHECK_THE_DISK)))
    }

    /// L2: the file decodes to its end and has its digest. L3: restored, it holds what was read when it was taken. One stream does
    /// both, and nothing counts before the digest was compared.
    pub(super) async fn prove(self, manifest: &SnapshotManifest) -> Result<SnapshotCheck, WorldError> {
        let database = entry(self.inventory(), &manifest.database)?;
        Ok(match self.restored(database, manifest).await {
            Ok(found) => match expected(manifest).difference(&found) {
                None => SnapshotCheck { level: Some(SnapshotLevel::Verified), problem: None },
                Some(how) => failed(
                    Some(SnapshotLevel::Decoded),
                    &format!("restored, it does not hold what the database held: {how}"),
                    "Check the disk, and take another snapshot.",
                ),
            },
            Err(Unrestored::Untried(error)) => return Err(error),
            Err(Unrestored::Damaged(how)) => failed(Some(SnapshotLevel::Dumped), how, CHECK_THE_DISK),
            Err(Unrestored::Refused(error)) => {
                failed(Some(SnapshotLevel::Decoded), &format!("restored, {}", error.problem), &error.fix)
            }
        })
    }

    /// What the stored file holds, restored into a scratch database of its engine.
    async fn restored(self, database: &Database, manifest: &SnapshotManifest) -> Result<Contents, Unrestored> {
        let keys = Arc::new(self.snapshot_keys().await?);
        match (&database.engine, manifest.format) {
            (Engine::Sqlite { .. }, SnapshotFormat::Sqlite) => sqlite::restored(self, database, manifest, keys).await,
            (Engine::Postgres(server), SnapshotFormat::PostgresCustom) => {
                postgres::restored(self, database, server, manifest, keys).await
            }
            (Engine::Mariadb(server), SnapshotFormat::MariadbSql) => {
                mariadb::restored(self, database, server, manifest, keys).await
            }
            _ => Err(Unrestored::Damaged("it is of another engine than its database")),
        }
    }
}

fn failed(level: Option<SnapshotLevel>, what: &str, fix: &str) -> SnapshotCheck {
    let problem = SnapshotProblem { what: what.to_owned(), fix: fix.to_owned() };
    SnapshotCheck { level, problem: Some(problem) }
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

/// Refuses what a snapshot became beside the live database when it is not what that held when the snapshot was taken.
pub(super) fn require_equal(manifest: &SnapshotManifest, found: &Contents) -> Result<(), WorldError> {
    match expected(manifest).difference(found) {
        None => Ok(()),
        Some(how) => Err(restore::refused(
            manifest,
            &format!("beside the database it became something else: {how}"),
            "Choose another snapshot.",
        )),
    }
}
