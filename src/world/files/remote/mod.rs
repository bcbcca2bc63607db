//! Files below a root on a host.
//!
//! A host has no `openat2`. Where there is a shell, it enters the way part by part and opens the file from where it then stands
//! (`open.sh`); where there is only SFTP, every part is looked at, and the path that the host makes of it has to be the same before
//! and after.

mod pipe;
mod places;
mod search;
mod seek;
mod sftp;
mod shell;
mod windows;

use std::{
    io::Read,
    path::{Path, PathBuf},
    time::Duration,
};

pub(super) use search::search;
pub(super) use sftp::{exists, list};

use super::Forbidden;
use crate::{
    domain::{inventory::RelativePath, name::HostName, refusal::Code, time::Time},
    world::{WorldError, ssh::Remote},
};
use shell::{Script, Told};

/// How long reading a file may take.
const PATIENCE: Duration = Duration::from_secs(30);

/// A file below a root on a host.
pub(super) struct File<'w> {
    host: Remote<'w>,
    root: PathBuf,
    path: RelativePath,
}

/// What is known of an open file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Opened {
    /// Its size, bytes; 0 when the host cannot tell.
    pub(super) bytes: u64,
    /// When it was last written (UTC).
    pub(super) modified: Option<Time>,
    /// How many lines end before the part that follows.
    before: u64,
    /// What follows.
    form: Form,
}

/// What a host sends of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    /// Its bytes.
    Plain,
    /// Its bytes, compressed for the way.
    Zstd,
    /// The same by gzip.
    Gzip,
    /// Where words stand in it.
    Places,
    /// The same, looked for in two parts at once; `before` tells the line ends of the first block of the second one.
    Parts,
    /// Parts of it.
    Windows,
    /// Nothing.
    Known,
    /// Nothing: it is not text.
    Binary,
}

impl<'w> File<'w> {
    /// The file `path` below `root`. A database of the inventory is refused by its path: the host may be this machine.
    pub(super) fn below(
        host: Remote<'w>,
        root: &Path,
        path: &RelativePath,
        forbidden: &Forbidden,
    ) -> Result<Self, WorldError> {
        if forbidden.names(&path.below(root)) {
            return Err(super::open::is_database());
        }
        Ok(Self { host, root: root.to_owned(), path: path.clone() })
    }

    /// Opens it and lets `work` read it, on a thread that may block.
    pub(super) async fn read<T: Send + 'static>(
        &self,
        work: impl FnOnce(Opened, &mut dyn Read) -> Result<T, WorldError> + Send + 'static,
    ) -> Result<T, WorldError> {
        let host = self.host.name().clone();
        self.content(Script::content(0, false), move |opened, text| match opened.form {
            Form::Plain => work(opened, text),
            _ => Err(nonsense(&host)),
        })
        .await
    }

    /// The same with a script, for hosts that have a shell; the others send the whole file as it is.
    async fn content<T: Send + 'static>(
        &self,
        script: Script,
        work: impl FnOnce(Opened, &mut dyn Read) -> Result<T, WorldError> + Send + 'static,
    ) -> Result<T, WorldError> {
        match shell::run(self, script, work).await? {
            Told::Answer(answer) => Ok(answer),
            Told::NoShell(work) => sftp::read(self, work).await,
        }
    }
}

fn refused(problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::PathRefused, "read a file", problem, fix)
}

/// The host says what it cannot mean.
fn nonsense(host: &HostName) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("read a file on host {host}"),
        "what it answers makes no sense",
        "Look at the host: its shell may print something, or it is not what it says.",
    )
}
