//! Whether a host lets a process go on when the login that began it is over. Some end it, and say so nowhere.

use std::{path::PathBuf, time::Duration};

use serde::{Deserialize, Serialize};

use super::{There, read_json, write_durably};
use crate::{
    domain::{name::HostName, refusal::Code, time::Time},
    world::{
        Reader, WorldError,
        detached::{ScriptRun, ScriptState},
        host::Place,
        process::Ending,
        ssh::{Command, Role},
    },
};

/// How long what was found counts, s: providers change their rules without telling.
const VALID_S: u64 = 7 * 24 * 3600;

/// What was found, when.
#[derive(Debug, Serialize, Deserialize)]
struct Found {
    detaches: bool,
    at: Time,
}

impl Reader<'_> {
    /// Finds out whether a process on the host goes on without the connection that began it: starts a harmless one over a connection
    /// of its own, ends that, and looks after `time` whether it ended by itself. What is found is kept for days. A host that is this
    /// machine always lets it go on.
    pub async fn detaches(&self, host: &HostName, time: Duration) -> Result<bool, WorldError> {
        let Place::There(remote) = self.place(host, Role::Canary)? else { return Ok(true) };
        let ours = self.scratch("canary-")?;
        let root = self.inventory().hosts.get(host).map(|host| host.root.clone()).unwrap_or_default();
        let canary = root.join(".deploy-ops/runs").join(format!("canary-{}", uuid::Uuid::new_v4().simple()));
        let seconds = u32::try_from(time.as_secs()).unwrap_or(u32::MAX).max(1);
        let there = There::new(remote, canary.join("run"), ours.path().join("run"), seconds.saturating_add(60));
        let run = ScriptRun {
            argv: vec!["sleep".to_owned(), seconds.to_string()],
            directory: "/".into(),
            environment: std::collections::BTreeMap::new(),
            secrets: Vec::new(),
            timeout_s: seconds.saturating_add(60),
            script: None,
        };
        let started = there.start(0, "canary", &run, Vec::new()).await;
        remote.disconnect().await;
        started?;
        let state = there.follow(&|_| {}).await;
        let remove = Command::sh(r#"exec rm -rf -- "$1""#).arg(&canary);
        let _ = remote.text("remove a canary", remove).await;
        remote.disconnect().await;
        let detaches = match state {
            ScriptState::Exited(result) => result.ending == Ending::Code(0),
            ScriptState::Lost { .. } => false,
            ScriptState::NotStarted | ScriptState::Running | ScriptState::Unseen { .. } => {
                return Err(WorldError::new(
                    Code::WorldFailed,
                    format!("find out whether host {host} lets processes go on"),
                    "it could not be asked to the end",
                    "Try again when the host can be reached.",
                ));
            }
        };
        let text = serde_json::to_vec(&Found { detaches, at: self.now() });
        let text = text.map_err(|e| WorldError::io("note what a host does", std::io::Error::other(e)))?;
        let file = self.fact_file(host);
        if let Some(parent) = file.parent() {
            std::fs::create_dir_all(parent).map_err(|e| WorldError::io("note what a host does", e))?;
        }
        write_durably(&file, &text)?;
        Ok(detaches)
    }

    /// What [`Reader::detaches`] found in the last days; `None` when nobody looked.
    pub fn known_to_detach(&self, host: &HostName) -> Option<bool> {
        let found: Found = read_json(&self.fact_file(host))?;
        (self.now().seconds_since(found.at) <= VALID_S).then_some(found.detaches)
    }

    /// Refuses to run a script on a host that is known to end it with the connection.
    pub(in crate::world) fn refuse_where_leftovers_end(self, host: &HostName) -> Result<(), WorldError> {
        if self.known_to_detach(host) == Some(false) {
            return Err(WorldError::new(
                Code::Unsupported,
                format!("run a script on host {host}"),
                "the host ends every process when the connection that began it ends",
                "Ask the provider to let processes go on (linger), or let the script run here.",
            ));
        }
        Ok(())
    }

    fn fact_file(self, host: &HostName) -> PathBuf {
        self.world.paths.data.join("hosts").join(format!("{host}.detaches.json"))
    }
}
