//! Where a run takes place: on this machine, or on a host over SSH.

use std::path::{Path, PathBuf};

use super::{ScriptRun, ScriptState, remote::There};
use crate::{
    domain::{
        name::{HostName, SecretName},
        step::ScriptCall,
    },
    policy::Permit,
    world::{Reader, World, WorldError, host::Place, ssh::Role},
};

/// Where a run takes place, and what has to be known to watch it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Site {
    /// Our own directory for the run: its redacted output and its result are there in the end, wherever it ran.
    pub directory: PathBuf,
    /// The host over SSH that it runs on; this machine, when absent.
    pub host: Option<HostName>,
    /// The secrets it was given: its output is searched for them.
    pub secrets: Vec<SecretName>,
    /// How long it may take, seconds.
    pub timeout_s: u32,
}

impl Site {
    /// Where a call runs.
    pub fn of(call: &ScriptCall, directory: PathBuf) -> Self {
        Self { directory, host: call.host.clone(), secrets: call.secrets.clone(), timeout_s: call.timeout_s }
    }
}

impl World {
    /// Starts a script where it is to run, unless somebody has started it already. Returns when it is claimed.
    pub async fn start_run(&self, permit: &Permit, site: &Site, run: &ScriptRun) -> Result<(), WorldError> {
        let Some(there) = self.reader().there(site)? else {
            return self.start_script(permit, &site.directory, run).await;
        };
        self.reader().refuse_where_leftovers_end(there.name())?;
        let mut secrets = Vec::new();
        for name in &run.secrets {
            secrets.push(self.secret(permit, name).await?);
        }
        let owner = permit.plan().resource();
        Box::pin(there.sweep(permit.operation(), &owner)).await;
        Box::pin(there.start(permit.fence(), &owner, run, secrets)).await
    }
}

impl<'w> Reader<'w> {
    /// What is known of a run.
    pub async fn run_state(&self, site: &Site) -> ScriptState {
        match self.there(site) {
            Ok(None) => self.script_state(&site.directory),
            Ok(Some(there)) => Box::pin(there.state()).await,
            Err(error) => ScriptState::unseen(&error, false),
        }
    }

    /// Waits until the run is over and tells every new line. Returns the last state, never `Running`: `NotStarted` when nobody has
    /// begun it.
    pub async fn wait_for_run(&self, site: &Site, line: &(dyn Fn(String) + Send + Sync)) -> ScriptState {
        match self.there(site) {
            Ok(None) => self.wait_for_script(&site.directory, line).await,
            Ok(Some(there)) => Box::pin(there.follow(line)).await,
            Err(error) => ScriptState::unseen(&error, false),
        }
    }

    pub(super) fn there(self, site: &Site) -> Result<Option<There<'w>>, WorldError> {
        let Some(host) = &site.host else { return Ok(None) };
        let Place::There(remote) = self.place(host, Role::Deploy)? else { return Ok(None) };
        let directory = self.run_directory(host, &site.directory);
        Ok(Some(There::new(remote, directory, site.directory.clone(), site.timeout_s).with_secrets(&site.secrets)))
    }

    /// Where the run whose directory here is `<operation>/<tag>` has its directory on a host.
    pub(in crate::world) fn run_directory(self, host: &HostName, ours: &Path) -> PathBuf {
        let runs = self.runs(host);
        let below: PathBuf = ours.parent().and_then(Path::file_name).into_iter().chain(ours.file_name()).collect();
        runs.join(below)
    }

    /// Where the directories of all runs on a host are.
    fn runs(self, host: &HostName) -> PathBuf {
        let root = self.inventory().hosts.get(host).map(|host| host.root.clone()).unwrap_or_default();
        root.join(".deploy-ops/runs")
    }
}
