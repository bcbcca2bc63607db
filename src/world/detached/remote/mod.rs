//! Scripts that run on a host over SSH when no connection to it is open, and never twice.
//!
//! A run has a directory on the host, `<host root>/.deploy-ops/runs/<operation>/<tag>`, readable by its login alone. What is known of
//! the run stands there as the text of symbolic links (`runner.sh` names them): one is made in one step, never replaces another, and
//! needs no space on a full disk. Its raw output is `log`; it comes here piece by piece, through the redactor, and is removed there
//! when the result is safe here.

mod begin;
mod detaches;
mod end;
mod follow;
mod look;
mod seed;

use std::{path::PathBuf, time::Duration};

pub(super) use end::Why;
pub(in crate::world) use seed::seed;

use super::{ScriptResult, read_json, write_durably};
use crate::{
    domain::{
        name::{HostName, SecretName},
        operation::OperationId,
    },
    redact::{Redactor, Secret},
    world::{
        WorldError,
        process::Leftovers,
        ssh::{Command, Remote},
    },
};

/// How long the way to the host may be gone before a run that was not asked for counts as not to be reached.
const PATIENCE: Duration = Duration::from_secs(90);
/// How long we wait for a result after the time limit of a script. The host needs up to 22 s to end it.
const AFTER_LIMIT: Duration = Duration::from_secs(90);

/// A run on a host.
pub(in crate::world) struct There<'w> {
    remote: Remote<'w>,
    /// Its directory on the host.
    directory: PathBuf,
    /// Our own directory for it.
    ours: PathBuf,
    secrets: Vec<SecretName>,
    timeout_s: u32,
    leftovers: Leftovers,
}

impl<'w> There<'w> {
    pub(in crate::world) fn new(remote: Remote<'w>, directory: PathBuf, ours: PathBuf, timeout_s: u32) -> Self {
        Self { remote, directory, ours, secrets: Vec::new(), timeout_s, leftovers: Leftovers::Stay }
    }
    /// The same run, whose output may hold these secrets.
    pub(in crate::world) fn with_secrets(mut self, secrets: &[SecretName]) -> Self {
        self.secrets = secrets.to_vec();
        self
    }
    /// The same run; what it leaves behind is ended with it.
    pub(in crate::world) fn without_leftovers(mut self) -> Self {
        self.leftovers = Leftovers::End;
        self
    }
    /// The host's name.
    pub(in crate::world) fn name(&self) -> &HostName {
        self.remote.name()
    }

    /// Removes what is left of earlier operations of the same owner. It holds the lock, so they are over; what still runs stays. It
    /// hinders nobody when this does not work.
    pub(in crate::world) async fn sweep(&self, operation: &OperationId, owner: &str) {
        const SWEEP: &str = concat!(include_str!("process.sh"), include_str!("sweep.sh"));
        let Some(runs) = self.directory.ancestors().nth(2) else { return };
        let sweep = Command::sh(SWEEP).arg(runs).arg(operation.as_str()).arg(owner);
        if let Err(error) = self.remote.text("remove what old runs left", sweep).await {
            tracing::warn!(host = %self.name(), error = &error as &dyn std::error::Error, "old runs were not removed");
        }
    }

    /// What hides the secrets of the run. One that cannot be read any more is left to the exits.
    async fn redactor(&self) -> Redactor {
        let mut known: Vec<Secret> = Vec::new();
        for name in &self.secrets {
            known.extend(self.remote.reader().secret_value(name).await.ok());
        }
        Redactor::new(known).0
    }

    /// The result, once it is safe here.
    fn result(&self) -> Option<ScriptResult> {
        read_json(&self.ours.join("rc"))
    }

    /// Whether we noted something about the run.
    fn noted(&self, what: Note) -> bool {
        self.ours.join(what.file()).exists()
    }

    /// Notes something about the run, for the time when the host cannot be asked.
    fn note(&self, what: Note) -> Result<(), WorldError> {
        use std::os::unix::fs::DirBuilderExt;
        if self.noted(what) {
            return Ok(());
        }
        let made = std::fs::DirBuilder::new().recursive(true).mode(0o700).create(&self.ours);
        made.map_err(|error| WorldError::io("make the directory of a run", error))?;
        write_durably(&self.ours.join(what.file()), self.name().as_str().as_bytes())
    }
}

/// What we remember of a run on a host.
#[derive(Debug, Clone, Copy)]
enum Note {
    /// The host was asked to start it.
    Asked,
    /// It was seen to be started.
    Claimed,
}

impl Note {
    fn file(self) -> &'static str {
        match self {
            Self::Asked => "asked",
            Self::Claimed => "claimed",
        }
    }
}
