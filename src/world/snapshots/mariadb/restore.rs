//! Restoring: the snapshot becomes a database beside the live one, is proven there, and its tables take the places of the live
//! ones, which are kept in a database of their own.
//!
//! With `x` the live database and the operation's number behind each name: `x__r_…` holds what is restored until it is live,
//! `x__old_…` what was live before, `x__new_…` what was restored after it was taken back. Which of them exist tells where a restore
//! stands.

use std::sync::Arc;

use super::{
    super::{
        proof::require_equal,
        restore::{RestoreState, unrestored},
    },
    load::Stored,
    login::Login,
    scratch,
    swap::{Swap, drop_database, end_sessions},
};
use crate::{
    domain::{
        inventory::{Database, DatabaseServer, MigrationTool},
        operation::OperationId,
        snapshot::SnapshotManifest,
    },
    policy::Permit,
    world::{
        Reader, World, WorldError,
        database::{Access, Connection, Contents},
    },
};

/// The longest name of a database, characters.
const LONGEST: usize = 64;

/// Replaces the database by a snapshot, once that is proven beside it, and keeps the present one.
pub(in crate::world::snapshots) async fn replace(
    world: &World,
    permit: &Permit,
    database: &Database,
    server: &DatabaseServer,
    manifest: &SnapshotManifest,
) -> Result<(), WorldError> {
    let identity = world.reader().database_identity(&database.name).await?;
    let swap = Swap::new(world.reader(), database, server, &identity).await?;
    let names = Names::new(&server.database, permit.operation());
    let mut connection = swap.connect().await?;
    let prepared = swap.has_notes(&mut connection, &names.restored).await?;
    if !prepared {
        // What an interrupted attempt left of it.
        end_sessions(&mut connection, &names.restored).await?;
        drop_database(&mut connection, &names.restored).await.map_err(|error| swap.refused(error))?;
        scratch::create(&mut connection, &names.restored).await.map_err(|error| swap.refused(error))?;
    }
    connection.close().await?;
    if !prepared && let Err(error) = prepare(world.reader(), &swap, database, manifest, &names.restored).await {
        // Another connection: the first would have been silent for as long as restoring takes. What cannot be dropped now is dropped
        // by the next attempt or by taking it back.
        if let Ok(mut connection) = swap.connect().await {
            let _ = drop_database(&mut connection, &names.restored).await;
        }
        return Err(error);
    }
    swap.exchange(&names.restored, &names.old).await
}

/// Restores the snapshot into `beside`, which is empty, proves it there, and notes what it declares.
async fn prepare(
    reader: Reader<'_>,
    swap: &Swap<'_>,
    database: &Database,
    manifest: &SnapshotManifest,
    beside: &str,
) -> Result<(), WorldError> {
    let stored = Stored::new(reader, manifest, Arc::new(reader.snapshot_keys().await?));
    let loaded = stored.load(&swap.login, &swap.client, swap.directory.path(), beside).await;
    let events = loaded.map_err(|error| unrestored(manifest, error))?;
    require_equal(manifest, &contents_of(&swap.login, beside, database.migrations).await?)?;
    let declared = swap.definitions(beside, &events).await?;
    swap.write_notes(beside, beside, declared).await
}

/// Puts back what was there before the restore of this operation; what was restored is kept.
pub(in crate::world::snapshots) async fn take_back(
    world: &World,
    permit: &Permit,
    database: &Database,
    server: &DatabaseServer,
) -> Result<(), WorldError> {
    let identity = world.reader().database_identity(&database.name).await?;
    let swap = Swap::new(world.reader(), database, server, &identity).await?;
    let names = Names::new(&server.database, permit.operation());
    let mut connection = swap.connect().await?;
    let beside = names.existing(&swap.login).await?;
    if beside.restored {
        let began = swap.has_notes(&mut connection, &names.old).await?;
        if began && swap.is_moved(&mut connection, &names.restored, &names.old).await? {
            // Half declared, views may name what does not exist yet: what was begun is finished first.
            swap.exchange(&names.restored, &names.old).await?;
        } else {
            if began {
                swap.give_back(&names.old).await?;
            }
            drop_database(&mut connection, &names.old).await?;
            drop_database(&mut connection, &names.restored).await?;
        }
    }
    connection.close().await?;
    if names.existing(&swap.login).await?.old {
        swap.exchange(&names.old, &names.new).await?;
    }
    Ok(())
}

/// Where the restore of an operation stands, told from the databases beside the live one.
pub(in crate::world::snapshots) async fn state(
    reader: Reader<'_>,
    operation: &OperationId,
    database: &Database,
    server: &DatabaseServer,
) -> Result<RestoreState, WorldError> {
    let login = Login::new(reader, database, server).await?;
    let beside = Names::new(&server.database, operation).existing(&login).await?;
    Ok(match beside {
        Beside { restored: true, .. } => RestoreState::NotDone,
        Beside { old: true, .. } => RestoreState::Done,
        Beside { new: true, .. } => RestoreState::TakenBack,
        _ => RestoreState::NotDone,
    })
}

/// What a database of the server holds.
pub(super) async fn contents_of(
    login: &Login<'_>,
    database: &str,
    tool: Option<MigrationTool>,
) -> Result<Contents, WorldError> {
    let mut connection = Connection::Mariadb(login.connect(database, Access::ReadAll).await?);
    connection.begin().await?;
    let contents = Contents::read(&mut connection, tool).await;
    connection.close().await?;
    contents
}

/// The databases beside the live one.
struct Names {
    restored: String,
    old: String,
    new: String,
}

/// Which of them exist.
struct Beside {
    restored: bool,
    old: bool,
    new: bool,
}

impl Names {
    fn new(live: &str, operation: &OperationId) -> Self {
        let hex: Vec<char> = operation.as_str().chars().filter(char::is_ascii_hexdigit).collect();
        let number: String = hex.iter().skip(hex.len().saturating_sub(16)).collect();
        let name = |tag: &str| {
            let end = format!("__{tag}_{number}");
            let begin: String = live.chars().take(LONGEST - end.len()).collect();
            begin + &end
        };
        Self { restored: name("r"), old: name("old"), new: name("new") }
    }

    async fn existing(&self, login: &Login<'_>) -> Result<Beside, WorldError> {
        let mut connection = login.connect(&login.server.database, Access::Look).await?;
        let found = connection.rows("SELECT schema_name FROM information_schema.schemata").await?;
        connection.close().await?;
        let found: Vec<String> = found.into_iter().flatten().flatten().collect();
        // A server may fold the case of names.
        let has = |name: &str| found.iter().any(|known| known.eq_ignore_ascii_case(name));
        Ok(Beside { restored: has(&self.restored), old: has(&self.old), new: has(&self.new) })
    }
}

#[cfg(test)]
mod tests {
    use super::Names;

    #[test]
    fn names_beside_a_database_are_its_own_and_fit() {
        let operation = "op_01234567-89ab-cdef-0123-456789abcdef".parse().unwrap();
        let names = Names::new("shop", &operation);
        assert_eq!(names.restored, "shop__r_0123456789abcdef");
        assert_eq!(
            (names.old.as_str(), names.new.as_str()),
            ("shop__old_0123456789abcdef", "shop__new_0123456789abcdef")
        );
        let long = Names::new(&"é".repeat(64), &operation);
        assert!([&long.restored, &long.old, &long.new].iter().all(|name| name.chars().count() == 64));
    }
}
