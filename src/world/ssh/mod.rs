//! Hosts over SSH: one connection per host and login, shared by everything that talks to it.
//!
//! [`Remote`] is a host that can be spoken to: it runs our own small `sh` scripts, moves files by SFTP and opens tunnels. It connects at
//! the first word and again after a connection was lost. What was lost on the way is never repeated here: only the caller knows
//! whether that is safe.

mod command;
mod connection;
mod exec;
mod files;
mod forward;
mod identity;
mod pool;
mod probe;
mod quick;
mod space;
mod trust;

pub(in crate::world) use command::{Command, Ran};
pub(in crate::world) use files::{Files, Stat};
pub(in crate::world) use pool::{Pool, Role};
pub(in crate::world) use space::quotas;

use std::{sync::Arc, time::Duration};

use super::{Reader, WorldError};
use crate::domain::{
    inventory::{HostKind, SshHost, SshLogin},
    name::HostName,
    refusal::Code,
};
use connection::Connection;

/// A host over SSH.
#[derive(Clone, Copy)]
pub(in crate::world) struct Remote<'w> {
    reader: Reader<'w>,
    name: &'w HostName,
    host: &'w SshHost,
    role: Role,
}

impl<'w> Reader<'w> {
    /// The host of the inventory, when it is one over SSH. Nothing is contacted.
    pub(in crate::world) fn remote(self, name: &HostName, role: Role) -> Option<Remote<'w>> {
        let (name, entry) = self.inventory().hosts.get_key_value(name)?;
        match &entry.kind {
            HostKind::Local => None,
            HostKind::Ssh(host) => Some(Remote { reader: self, name, host, role }),
        }
    }
}

impl Remote<'_> {
    /// Its name in the inventory.
    pub(in crate::world) fn name(&self) -> &HostName {
        self.name
    }

    /// The fingerprint of the key that the host proved to hold.
    pub(in crate::world) async fn fingerprint(&self) -> Result<String, WorldError> {
        Ok(self.connection().await?.fingerprint().to_owned())
    }

    /// As whom we log in.
    fn login(&self) -> Result<&SshLogin, WorldError> {
        match self.role {
            Role::Deploy => Ok(&self.host.login),
            Role::Rehearse => self.host.rehearsal.as_ref().ok_or_else(|| {
                WorldError::new(
                    Code::Unsupported,
                    format!("rehearse on host {}", self.name),
                    "the host has no login that can only read",
                    "Add rehearsal to the host in deploy-ops.toml, or let the script run here instead of on the host.",
                )
            }),
        }
    }

    async fn connection(&self) -> Result<Arc<Connection>, WorldError> {
        self.reader.world.ssh.connection(*self).await
    }

    /// Does `act` again and again while the host cannot be reached or the connection is lost, for at most `patience`. Only for
    /// what may be done twice.
    pub(in crate::world) async fn patiently<T, F>(
        &self,
        patience: Duration,
        act: impl Fn() -> F,
    ) -> Result<T, WorldError>
    where
        F: Future<Output = Result<T, WorldError>>,
    {
        let deadline = tokio::time::Instant::now() + patience;
        loop {
            match act().await {
                Err(error) if is_transient(&error) && tokio::time::Instant::now() < deadline => {
                    tokio::time::sleep(Duration::from_millis(250)).await;
                }
                other => return other,
            }
        }
    }
}

/// Whether a failure is one of the way to the host, not of what was asked.
pub(in crate::world) fn is_transient(error: &WorldError) -> bool {
    matches!(error.code, Code::HostUnreachable | Code::ConnectionLost)
}

/// A failure before anything was asked of the host.
fn unreachable(host: &HostName, problem: impl Into<String>, fix: &str) -> WorldError {
    WorldError::new(Code::HostUnreachable, format!("reach host {host}"), problem, fix)
}

/// A failure after something was asked: what became of it is not known here.
fn lost(host: &HostName, doing: &str) -> WorldError {
    WorldError::new(
        Code::ConnectionLost,
        format!("{doing} on host {host}"),
        "the connection ended before the answer was complete, so what was done is not known",
        "Look at the host, then try again.",
    )
}
