//! Taking: `pg_dump` writes into a pipe that we compress and store, while the contents are read in the same moment.

use std::{
    ffi::OsString,
    fs::File,
    io::{PipeReader, PipeWriter, pipe},
    os::fd::OwnedFd,
};

use super::{
    super::{Dump, Dumped, store},
    login::Login,
    moment::pin,
    scratch,
    tools::{Stream, Tools},
};
use crate::{
    domain::{inventory::DatabaseServer, refusal::Code},
    world::{
        Reader, WorldError,
        blocking::blocking,
        database::{Access, Connection, Contents, postgres},
    },
};

/// How long `pg_dump` waits for a lock; our own are there already.
const LOCK_WAIT: &str = "10s";

/// Dumps the database and reads, in the same moment, what it holds.
pub(in crate::world::snapshots) async fn dump(
    reader: Reader<'_>,
    dump: Dump<'_>,
    server: &DatabaseServer,
) -> Result<Dumped, WorldError> {
    let database = dump.database;
    let name = &database.name;
    let tools = Tools::for_server(name, &dump.identity.engine)?;
    // Whoever cannot prove a snapshot need not take it.
    scratch::require(reader, database, server).await?;
    let way = reader.way(database).await?;
    let mut connection = postgres::connect(name, &way, &server.database, Access::ReadAll).await?;
    if postgres::identity(&mut connection).await?.identity != dump.identity.identity {
        return Err(WorldError::new(
            Code::WrongState,
            format!("snapshot database {name}"),
            "another database answers at its address than a moment ago",
            "Check address and database in deploy-ops.toml, then run the dry run again.",
        ));
    }
    let moment = pin(&mut connection, name).await?;
    let login = Login::new(reader, &way, &server.database)?;
    let tool = tools.version("pg_dump", &login).await?;
    let (mut source, target) = stream()?;
    let arguments = [
        "--no-password".to_owned(),
        "--format=custom".to_owned(),
        "--compress=0".to_owned(),
        format!("--snapshot={moment}"),
        format!("--lock-wait-timeout={LOCK_WAIT}"),
    ]
    .map(OsString::from);
    let (to, keys) = (dump.partial.to_owned(), dump.keys);
    let mut connection = Connection::Postgres(connection);
    let dumping = async {
        // The first that fails ends the other.
        let dumping = tools.run("pg_dump", &arguments, &login, Stream::To(file(target)), name);
        tokio::try_join!(dumping, Contents::read(&mut connection, database.migrations))
    };
    let (dumped, stored) = tokio::join!(dumping, blocking(move || store::write(&mut source, &to, &keys)));
    // A full disk here is why `pg_dump` ended there.
    let stored = stored?;
    let ((), mut expected) = dumped?;
    forget_moved_sequences(&mut connection, &mut expected).await?;
    connection.close().await?;
    Ok(Dumped { stored, expected, tool })
}

/// Sequences belong to no moment: where one that moved meanwhile stands in the dump nobody knows.
async fn forget_moved_sequences(connection: &mut Connection, expected: &mut Contents) -> Result<(), WorldError> {
    let Connection::Postgres(connection) = connection else { return Ok(()) };
    let after = postgres::sequences(connection).await?;
    expected.tables.retain(|key, value| {
        !postgres::is_sequence(key) || after.iter().any(|(name, now)| name == key && now == value)
    });
    Ok(())
}

/// A pipe.
pub(super) fn stream() -> Result<(PipeReader, PipeWriter), WorldError> {
    pipe().map_err(|e| WorldError::io("make a pipe", e))
}

/// One end of a pipe, to be given to a program.
pub(super) fn file(end: impl Into<OwnedFd>) -> File {
    File::from(end.into())
}
