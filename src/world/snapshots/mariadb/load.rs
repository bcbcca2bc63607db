//! Restoring a stored dump into a database, by the server's own client program.

use std::{
    fs::File,
    io::{BufWriter, PipeWriter, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{encryption::Keys, proof::decoded_limit, store},
    login::Login,
    stream::Confined,
    tools::Tool,
};
use crate::{
    domain::{digest::Digest, refusal::Code, snapshot::SnapshotManifest},
    world::{
        Reader, WorldError,
        blocking::blocking,
        process::{self, Capture},
    },
};

/// A stored dump.
pub(super) struct Stored {
    file: PathBuf,
    digest: Digest,
    limit: u64,
    keys: Arc<Keys>,
}

impl Stored {
    pub(super) fn new(reader: Reader<'_>, manifest: &SnapshotManifest, keys: Arc<Keys>) -> Self {
        let file = store::file(&reader.world.paths, manifest);
        Self { file, digest: manifest.digest, limit: decoded_limit(manifest), keys }
    }

    /// Restores it into `database`, which must be empty. Returns the events that were on, as quoted identifiers: they are created
    /// switched off.
    pub(super) async fn load(
        self,
        login: &Login<'_>,
        tool: &Tool,
        directory: &Path,
        database: &str,
    ) -> Result<Vec<String>, WorldError> {
        let digest = self.digest;
        let (found, events) = client(login, tool, directory, database, move |writer| {
            let mut confined = Confined::new(writer);
            let found = store::read(&self.file, &self.keys, self.limit, &mut confined)?;
            let events = confined.finish().map_err(|e| WorldError::io("pass on the snapshot", e))?;
            Ok((found, events))
        })
        .await?;
        if found == digest {
            return Ok(events);
        }
        Err(WorldError::new(
            Code::BackupMissing,
            "restore the snapshot",
            "its file changed while it was read",
            "Choose another snapshot, and check the disk.",
        ))
    }
}

/// Runs statements of a dump tool in `database`.
pub(super) async fn run(
    login: &Login<'_>,
    tool: &Tool,
    directory: &Path,
    database: &str,
    statements: Vec<u8>,
) -> Result<(), WorldError> {
    client(login, tool, directory, database, move |mut writer| {
        let written = writer.write_all(&statements).and_then(|()| writer.flush());
        written.map_err(|e| WorldError::io("pass on statements", e))
    })
    .await
}

/// Runs the client program while `write` writes what it reads.
async fn client<T: Send + 'static>(
    login: &Login<'_>,
    tool: &Tool,
    directory: &Path,
    database: &str,
    write: impl FnOnce(BufWriter<PipeWriter>) -> Result<T, WorldError> + Send + 'static,
) -> Result<T, WorldError> {
    let doing = format!("restore into a database on the server of {}", login.name);
    let (input, output) = std::io::pipe().map_err(|e| WorldError::io(doing.clone(), e))?;
    // Binary: line ends in bodies of routines stay, and the program takes no commands of its own but DELIMITER. Comments stay in
    // bodies. A statement that fails is not printed: it holds rows.
    let mut arguments = vec!["--batch", "--binary-mode", "--comments"];
    if tool.is_mariadb() {
        arguments.extend(["--sandbox", "--skip-print-query-on-error"]);
    }
    arguments.extend(["--", database]);
    let mut invocation = tool.invocation(login, directory, &arguments)?;
    invocation.input = Some(File::from(OwnedFd::from(input)));
    let writing = blocking(move || write(BufWriter::with_capacity(256 * 1024, output)));
    let (mut said, watch) = (Capture::default(), login.watch());
    let running = process::run_into(invocation, &mut said, |_| {});
    let (ran, written) = tokio::join!(running, writing);
    let (ending, _) = ran?;
    // When the program stops early, writing to it fails as well; the program is the cause.
    tool.judge(&doing, ending, &said.finish()).map_err(|error| watch.explain(error))?;
    written
}
