//! Restoring: the snapshot is put beside the live database, proven there, and takes its place; what was there is kept.

use super::{
    format_of, mariadb, postgres,
    proof::{CHECK_THE_DISK, Unrestored},
    sqlite, store,
};
use crate::{
    domain::{
        inventory::Engine, operation::OperationId, refusal::Code, snapshot::SnapshotManifest, step::RestoreDatabase,
    },
    policy::Permit,
    world::{Reader, World, WorldError, database::entry},
};

/// Where a restore stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RestoreState {
    /// The database is the one it was.
    NotDone,
    /// The snapshot has taken its place; the old one is kept.
    Done,
    /// It was done and taken back.
    TakenBack,
}

impl World {
    /// Replaces a database by a snapshot, once its copy beside the live one holds what the manifest says. Signature, size and digest
    /// of the stored file are right before any program gets it, and nothing live is touched before the comparison. The present one
    /// is kept.
    pub async fn restore_database(&self, permit: &Permit, restore: &RestoreDatabase) -> Result<(), WorldError> {
        let database = entry(&self.inventory, &restore.database)?;
        if self.reader().restore_state(permit.operation(), restore).await? == RestoreState::Done {
            return Ok(());
        }
        let manifest = self.planned(restore)?;
        if let Engine::Postgres(server) = &database.engine {
            postgres::resume(self, permit, database, server).await?;
        }
        let identity = self.reader().database_identity(&restore.database).await?.identity;
        if place(&identity) != place(&manifest.identity) || manifest.format != format_of(&database.engine) {
            return Err(WorldError::new(
                Code::WrongState,
                format!("restore database {}", restore.database),
                "the snapshot is of another database",
                "Choose a snapshot of this database.",
            ));
        }
        if let Some(wrong) = self.reader().found_as_stored(&manifest).await?.and_then(|check| check.problem) {
            return Err(refused(&manifest, &wrong.what, &wrong.fix));
        }
        match &database.engine {
            Engine::Sqlite { path } => sqlite::replace(self, permit, database, path, &manifest).await,
            Engine::Postgres(server) => postgres::replace(self, permit, database, server, &manifest).await,
            Engine::Mariadb(server) => mariadb::replace(self, permit, database, server, &manifest).await,
        }
    }

    /// Puts back what was there before the restore; what was restored is kept as well.
    pub async fn take_back_restore(&self, permit: &Permit, restore: &RestoreDatabase) -> Result<(), WorldError> {
        let database = entry(&self.inventory, &restore.database)?;
        match &database.engine {
            Engine::Sqlite { path } => sqlite::take_back(path, permit).await,
            Engine::Postgres(server) => postgres::take_back(self, permit, database, server).await,
            Engine::Mariadb(server) => mariadb::take_back(self, permit, database, server).await,
        }
    }

    /// The manifest of the planned snapshot: signed by us, and with the file that the plan names.
    fn planned(&self, restore: &RestoreDatabase) -> Result<SnapshotManifest, WorldError> {
        let signed = store::manifest(&self.paths, &restore.snapshot)
            .filter(|signed| signed.manifest.digest == restore.digest && signed.manifest.database == restore.database)
            .ok_or_else(|| {
                WorldError::new(
                    Code::BackupMissing,
                    format!("restore snapshot {}", restore.snapshot),
                    "it is gone or is not the planned one",
                    "Run the dry run again.",
                )
            })?;
        if !signed.is_ours(&self.paths) {
            return Err(refused(&signed.manifest, NOT_OURS, "Choose another snapshot."));
        }
        Ok(signed.manifest)
    }
}

impl Reader<'_> {
    /// Where the restore of this operation stands, told from what lies there alone.
    pub async fn restore_state(
        &self,
        operation: &OperationId,
        restore: &RestoreDatabase,
    ) -> Result<RestoreState, WorldError> {
        let database = entry(self.inventory(), &restore.database)?;
        match &database.engine {
            Engine::Sqlite { path } => Ok(sqlite::state(path, operation)),
            Engine::Postgres(server) => postgres::state(*self, operation, database, server).await,
            Engine::Mariadb(server) => mariadb::state(*self, operation, database, server).await,
        }
    }
}

/// What is wrong with a snapshot that somebody else put there.
pub(super) const NOT_OURS: &str = "its manifest was not signed by this installation";

/// A snapshot that cannot be restored.
pub(super) fn refused(manifest: &SnapshotManifest, problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::BackupMissing, format!("restore snapshot {}", manifest.id), problem, fix)
}

/// A snapshot whose file did not become a database.
pub(super) fn unrestored(manifest: &SnapshotManifest, error: Unrestored) -> WorldError {
    match error {
        Unrestored::Untried(error) | Unrestored::Refused(error) => error,
        Unrestored::Damaged(how) => refused(manifest, how, CHECK_THE_DISK),
    }
}

/// The part of an identity that stays when a restore puts another file or database into its place.
fn place(identity: &str) -> &str {
    identity.rsplit_once('@').map_or(identity, |(place, _)| place)
}
