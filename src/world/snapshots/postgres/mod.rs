//! Snapshots of PostgreSQL databases.

use std::sync::Arc;

use super::{Dump, Dumped, encryption::Keys, restore::RestoreState};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer},
        operation::OperationId,
        snapshot::SnapshotManifest,
    },
    policy::Permit,
    world::{Reader, World, WorldError, database::Contents},
};

/// Dumps the database and reads, in the same moment, what it holds.
pub(super) async fn dump(_: Reader<'_>, _: Dump<'_>, _: &DatabaseServer) -> Result<Dumped, WorldError> {
    Err(WorldError::unsupported("take a snapshot", "PostgreSQL"))
}

/// What the stored file holds, restored into a scratch database.
pub(super) async fn restored(
    _: Reader<'_>,
    _: &Database,
    _: &DatabaseServer,
    _: &SnapshotManifest,
    _: Arc<Keys>,
) -> Result<Contents, WorldError> {
    Err(WorldError::unsupported("verify a snapshot", "PostgreSQL"))
}

/// Replaces the database by a proven snapshot and keeps the present one.
pub(super) async fn replace(
    _: &World,
    _: &Permit,
    _: &Database,
    _: &DatabaseServer,
    _: &SnapshotManifest,
) -> Result<(), WorldError> {
    Err(WorldError::unsupported("restore a database", "PostgreSQL"))
}

/// Puts back what was there before the restore of this operation.
pub(super) async fn take_back(_: &World, _: &Permit, _: &Database, _: &DatabaseServer) -> Result<(), WorldError> {
    Err(WorldError::unsupported("take back a restore", "PostgreSQL"))
}

/// Where the restore of an operation stands.
pub(super) async fn state(
    _: Reader<'_>,
    _: &OperationId,
    _: &Database,
    _: &DatabaseServer,
) -> Result<RestoreState, WorldError> {
    Err(WorldError::unsupported("look at a restore", "PostgreSQL"))
}
