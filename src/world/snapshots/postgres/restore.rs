//! Restoring: the snapshot becomes a database beside the live one, with owners and grants, is proven there, and takes its name.
//! The live one is kept under another name.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    super::{
        proof::require_equal,
        restore::{RestoreState, unrestored},
    },
    fill::{Owners, fill},
    login::Login,
    names::Names,
    proof::contents,
    properties::{Properties, carry_over, closed, drop_of},
    swap::{aside, open_if_left_closed, swap},
    tools::Tools,
};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer},
        operation::OperationId,
        refusal::Code,
        snapshot::SnapshotManifest,
    },
    policy::Permit,
    world::{
        Reader, World, WorldError,
        database::{
            Access,
            postgres::{self, Connection, literal},
        },
    },
};

/// Opens the database when this operation closed it and was interrupted, so that it can be looked at before it is replaced.
pub(in crate::world::snapshots) async fn resume(
    world: &World,
    permit: &Permit,
    database: &Database,
    server: &DatabaseServer,
) -> Result<(), WorldError> {
    let names = Names::new(&server.database, permit.operation());
    let way = world.reader().way(database).await?;
    let mut third = aside(database, &way, Access::Change).await?;
    if existing(&mut third, &names).await?.contains(&names.prepared) {
        open_if_left_closed(&mut third, &names).await?;
    }
    third.close().await
}

/// Replaces the database by a snapshot, once that is proven beside it, and keeps the present one.
pub(in crate::world::snapshots) async fn replace(
    world: &World,
    permit: &Permit,
    database: &Database,
    server: &DatabaseServer,
    manifest: &SnapshotManifest,
) -> Result<(), WorldError> {
    let reader = world.reader();
    let names = Names::new(&server.database, permit.operation());
    let way = reader.way(database).await?;
    let mut live = postgres::connect(&database.name, &way, &server.database, Access::Look).await?;
    require_rights(database, &mut live).await?;
    let properties = Properties::read(&mut live).await?;
    let engine = postgres::identity(&mut live).await?.engine;
    live.close().await?;
    let tools = Tools::for_server(&database.name, &engine)?;
    let mut third = aside(database, &way, Access::Change).await?;
    // What an interrupted attempt left behind may be half filled.
    third.execute(&drop_of(&names.prepared)).await?;
    third.execute(&properties.creation_with_owner(&names.prepared)).await?;
    third.execute(&closed(&names.prepared)).await?;
    third.close().await?;
    let keys = Arc::new(reader.snapshot_keys().await?);
    let prepared = async {
        let login = Login::new(reader, &way, &names.prepared)?;
        let filled = fill(reader, &tools, &login, &names.prepared, manifest, keys, Owners::Theirs).await;
        filled.map_err(|error| unrestored(manifest, error))?;
        let found = contents(&database.name, &way, &names.prepared, database, manifest).await?;
        require_equal(manifest, &found)
    };
    let prepared = prepared.await;
    // Another connection: the first would have been silent for as long as restoring takes.
    let mut third = aside(database, &way, Access::Change).await?;
    let done = match prepared {
        Ok(()) => take_place(&mut third, &names).await,
        Err(error) => Err(error),
    };
    if done.is_err() {
        let _ = third.execute(&drop_of(&names.prepared)).await;
    }
    third.close().await?;
    done
}

/// The prepared database gets the grants and settings of the live one, and then its name.
async fn take_place(third: &mut Connection, names: &Names) -> Result<(), WorldError> {
    carry_over(third, &names.live, &names.prepared).await?;
    swap(third, &names.live, &names.prepared, &names.kept).await
}

/// Puts back what was there before the restore of this operation; what was restored is kept.
pub(in crate::world::snapshots) async fn take_back(
    world: &World,
    permit: &Permit,
    database: &Database,
    server: &DatabaseServer,
) -> Result<(), WorldError> {
    let names = Names::new(&server.database, permit.operation());
    let way = world.reader().way(database).await?;
    let mut third = aside(database, &way, Access::Change).await?;
    let existing = existing(&mut third, &names).await?;
    match names.state(&existing) {
        RestoreState::NotDone => {
            if existing.contains(&names.prepared) {
                open_if_left_closed(&mut third, &names).await?;
                third.execute(&drop_of(&names.prepared)).await?;
            }
        }
        RestoreState::TakenBack => open_if_left_closed(&mut third, &names).await?,
        RestoreState::Done => {
            third.execute(&drop_of(&names.undone)).await?;
            swap(&mut third, &names.live, &names.kept, &names.undone).await?;
        }
    }
    third.close().await
}

/// Where the restore of an operation stands, told from the names of databases alone.
pub(in crate::world::snapshots) async fn state(
    reader: Reader<'_>,
    operation: &OperationId,
    database: &Database,
    server: &DatabaseServer,
) -> Result<RestoreState, WorldError> {
    let names = Names::new(&server.database, operation);
    let way = reader.way(database).await?;
    let mut third = aside(database, &way, Access::Look).await?;
    let existing = existing(&mut third, &names).await?;
    third.close().await?;
    Ok(names.state(&existing))
}

/// Which of the names are there.
async fn existing(connection: &mut Connection, names: &Names) -> Result<BTreeSet<String>, WorldError> {
    let wanted = [&names.live, &names.prepared, &names.kept, &names.undone].map(|name| literal(name)).join(", ");
    let rows = connection.rows(&format!("SELECT datname::text FROM pg_database WHERE datname IN ({wanted})")).await?;
    Ok(rows.into_iter().flatten().flatten().collect())
}

/// Refuses before anything is done when the names could not be changed in the end.
async fn require_rights(database: &Database, live: &mut Connection) -> Result<(), WorldError> {
    let right = "SELECT r.rolsuper OR (r.rolcreatedb AND pg_has_role(d.datdba, 'USAGE')) FROM pg_roles r, pg_database d \
                 WHERE r.rolname = current_user AND d.datname = current_database()";
    if live.holds(right).await? {
        return Ok(());
    }
    Err(WorldError::new(
        Code::Unsupported,
        format!("restore database {}", database.name),
        "the role may not create and rename it",
        "Give the role CREATEDB and make it the owner of the database or a member of the owner.",
    ))
}
