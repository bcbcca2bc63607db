//! Restoring a stored dump into a database, by the server's own client program.

use std::{
    fs::File,
    io::{BufWriter, PipeWriter, Write},
    os::fd::OwnedFd,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{
    super::{encryption::Keys, feed::Feed, proof::Unrestored, store},
    login::Login,
    stream::Confined,
    tools::Tool,
};
use crate::{
    domain::snapshot::SnapshotManifest,
    world::{
        Reader, WorldError,
        blocking::blocking,
        process::{self, Capture},
    },
};

/// What is written to the client program at once, bytes.
const BUFFER: usize = 256 * 1024;

/// A stored dump.
pub(super) struct Stored {
    file: PathBuf,
    stored: store::Stored,
    keys: Arc<Keys>,
}

impl Stored {
    pub(super) fn new(reader: Reader<'_>, manifest: &SnapshotManifest, keys: Arc<Keys>) -> Self {
        let file = store::file(&reader.world.paths, manifest);
        Self { file, stored: store::Stored::of(manifest), keys }
    }

    /// Restores it into `database`, which must be empty. Returns the events that were on, as quoted identifiers: they are created
    /// switched off.
    pub(super) async fn load(
        self,
        login: &Login<'_>,
        tool: &Tool,
        directory: &Path,
        database: &str,
    ) -> Result<Vec<String>, Unrestored> {
        let (ran, read) = client(login, tool, directory, database, move |pipe| {
            let mut confined = Confined::new(BufWriter::with_capacity(BUFFER, Feed(pipe)));
            store::read(&self.file, &self.keys, &self.stored, &mut confined)?;
            confined.finish().map_err(|e| Unrestored::Untried(WorldError::io("pass on the snapshot", e)))
        })
        .await?;
        // What was read decides: the program may say anything of a damaged file.
        let events = read?;
        ran.map_err(Unrestored::Refused)?;
        Ok(events)
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
    let (ran, written) = client(login, tool, directory, database, move |mut pipe| {
        pipe.write_all(&statements).map_err(|e| WorldError::io("pass on statements", e))
    })
    .await?;
    // When the program stops early, writing to it fails as well; the program is the cause.
    ran.and(written)
}

/// Runs the client program while `write` writes what it reads. Returns how both went.
async fn client<T: Send + 'static>(
    login: &Login<'_>,
    tool: &Tool,
    directory: &Path,
    database: &str,
    write: impl FnOnce(PipeWriter) -> T + Send + 'static,
) -> Result<(Result<(), WorldError>, T), WorldError> {
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
    let writing = blocking(move || Ok(write(output)));
    let (mut said, watch) = (Capture::default(), login.watch());
    let running = process::run_into(invocation, &mut said, |_| {});
    let (ran, written) = tokio::join!(running, writing);
    let (ending, _) = ran?;
    Ok((tool.judge(&doing, ending, &said.finish()).map_err(|error| watch.explain(error)), written?))
}
