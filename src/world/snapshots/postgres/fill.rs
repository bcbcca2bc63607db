//! Filling an empty database: the stored file is decrypted and decoded into the standard input of `pg_restore`.

use std::{
    ffi::OsString,
    io::{self, BufWriter, PipeWriter, Write},
    sync::Arc,
};

use super::{
    super::{encryption::Keys, problem, proof::decoded_limit, store},
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
) -> Result<(), WorldError> {
    let name: &DatabaseName = &manifest.database;
    let mut arguments = vec!["--no-password", "--format=custom", "--exit-on-error"];
    if owners == Owners::Ours {
        arguments.extend(["--no-owner", "--no-privileges", "--no-publications", "--no-subscriptions"]);
    }
    let mut arguments: Vec<OsString> = arguments.into_iter().map(OsString::from).collect();
    arguments.push(format!("--dbname={}", connection_string(into)).into());
    let (source, target) = stream()?;
    let (from, limit) = (store::file(&reader.world.paths, manifest), decoded_limit(manifest));
    let (restored, digest) =
        tokio::join!(tools.run("pg_restore", &arguments, login, Stream::From(file(source)), name), async {
            blocking(move || store::read(&from, &keys, limit, &mut BufWriter::with_capacity(128 * 1024, Feed(target))))
                .await
        });
    restored?;
    if digest? != manifest.digest {
        return Err(problem(&manifest.id, "its file changed while it was restored", "Choose another snapshot."));
    }
    Ok(())
}

/// A name that could not be taken for anything else.
fn connection_string(database: &str) -> String {
    format!("dbname='{}'", database.replace('\\', "\\\\").replace('\'', "\\'"))
}

/// Feeds a program that may end before it has read everything: whether that was right it says itself.
struct Feed(PipeWriter);

impl Write for Feed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self.0.write(bytes) {
            Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(bytes.len()),
            written => written,
        }
    }
    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn a_name_is_not_taken_for_a_connection_string() {
        assert_eq!(super::connection_string("host=db.example.org"), "dbname='host=db.example.org'");
        assert_eq!(super::connection_string("a'b\\c"), "dbname='a\\'b\\\\c'");
    }
}
