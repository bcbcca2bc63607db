//! Filling an empty database: the stored file is decrypted and decoded into the standard input of `pg_restore`.

use std::{
    ffi::OsString,
    io::{BufWriter, Write},
    sync::Arc,
};

use super::{
    super::{encryption::Keys, feed::Feed, proof::Unrestored, store},
    dump::{file, stream},
    login::Login,
    tools::{Stream, Tools},
};
use crate::{
    domain::{name::DatabaseName, snapshot::SnapshotManifest},
    world::{Reader, WorldError, blocking::blocking},
};

/// Whom restored things belong to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owners {
    /// To us, and nobody else may touch them; nothing is published to other servers.
    Ours,
    /// To whom they belonged.
    Theirs,
}

/// Restores a stored file into the empty database `into`.
pub(super) async fn fill(
    reader: Reader<'_>,
    tools: &Tools,
    login: &Login<'_>,
    into: &str,
    manifest: &SnapshotManifest,
    keys: Arc<Keys>,
    owners: Owners,
) -> Result<(), Unrestored> {
    let name: &DatabaseName = &manifest.database;
    let mut arguments = vec!["--no-password", "--format=custom", "--exit-on-error"];
    if owners == Owners::Ours {
        arguments.extend(["--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions"]);
    }
    let mut arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    arguments.push(format!("--dbname={}", connection_string(into)).into());
    let (source, target) = stream()?;
    let (from, stored) = (store::file(&reader.world.paths, manifest), store::Stored::of(manifest));
    let reading = blocking(move || {
        let mut feed = BufWriter::with_capacity(128 * 1024, Feed(target));
        let read = store::read(&from, &keys, &stored, &mut feed);
        feed.flush().map_err(|e| WorldError::io("pass on the snapshot", e))?;
        Ok(read)
    });
    let (restored, read) =
        tokio::join!(tools.run("pg_restore", &arguments, login, Stream::From(file(source)), name), reading);
    // What was read decides: the program may say anything of a damaged file.
    read??;
    restored.map_err(Unrestored::Refused)
}

/// A name that could not be taken for anything else.
fn connection_string(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_not_taken_for_a_connection_string() {
        assert_eq!(super::connection_string("host=db.example.org"), "dbname='host=db.example.org'");
        assert_eq!(super::connection_string("a'b\\c"), "dbname='a\\'b\\\\c'");
    }
}
