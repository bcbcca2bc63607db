//! Hosts over SSH: one connection per host and login, shared by everything that talks to it.
//!
//! [`Remote`] is a host that can be spoken to: it runs our own small `sh` scripts, moves files by SFTP and opens tunnels. It connects at
//! the first word and again after a connection was lost. What was lost on the way is never repeated here: only the caller knows
//! whether that is safe.

mod command;
mod connection;
mod exec;
mod fence;
mod files;
mod forward;
mod identity;
mod known_hosts;
mod listing;
mod pool;
mod probe;
mod quick;
mod scan;
mod sftp;
mod space;
mod stat;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod tools;
mod transfer;
mod trust;
mod tunnel;

pub(in crate::world) use command::{Command, Ran};
pub(in crate::world) use files::Files;
pub(in crate::world) use forward::Destination;
pub(in crate::world) use identity::{key_in_secret, keys_in_files};
pub(in crate::world) use listing::{Entry, RemoteTree, literally};
pub(in crate::world) use pool::{Pool, Role};
pub use scan::{ShownKey, Standing};
pub(in crate::world) use space::quotas;
pub(in crate::world) use stat::Stat;
pub(in crate::world) use transfer::{Base, Delivery, recognise};
pub(in crate::world) use tunnel::{End, Passage, Tunnel, Watch};

use std::{sync::Arc, time::Duration};

use super::{Reader, WorldError};
use crate::domain::{
    inventory::{HostKind, SshHost, SshLogin},
    name::HostName,
    refusal::Code,
};
use connection::Connection;

/// What is wrong when a host has no more room, as its programs say it, and as SFTP does, which has no word for it.
const DISK_FULL: &str = "the disk is full";
const QUOTA_USED: &str = "the quota is used up";
const MAYBE_FULL: &str = "the host refused; its disk or quota may be full";

/// How long a host may take for a word when we want to know whether it is there.
const SILENT: Duration = Duration::from_secs(3);

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

    /// What reads the rest of the world.
    pub(in crate::world) fn reader(&self) -> Reader<'_> {
        self.reader
    }

    /// The fingerprint of the key that the host proved to hold.
    pub(in crate::world) async fn fingerprint(&self) -> Result<String, WorldError> {
        Ok(self.connection().await?.fingerprint().to_owned())
    }

    /// As whom we log in.
    fn login(&self) -> Result<&SshLogin, WorldError> {
        match self.role {
            Role::Deploy | Role::Canary => Ok(&self.host.login),
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

    /// How long a question and its answer are on the way.
    async fn round_trip(&self) -> Result<Duration, WorldError> {
        let connection = self.connection().await?;
        let start = std::time::Instant::now();
        connection
            .handle()
            .send_ping()
            .await
            .map_err(|error| lost(self.name, "ask whether it is there").because(error))?;
        Ok(start.elapsed())
    }

    /// Why nothing is heard of the host any more; nothing when it answers.
    pub(in crate::world) async fn silence(&self, doing: &str) -> Option<WorldError> {
        match tokio::time::timeout(SILENT, self.round_trip()).await {
            Ok(Ok(_)) => None,
            Ok(Err(error)) => Some(error),
            Err(_) => Some(WorldError::new(
                Code::ConnectionLost,
                doing,
                format!("host {} does not answer", self.name),
                "Check that the host is up and the line to it works, and try again.",
            )),
        }
    }

    async fn connection(&self) -> Result<Arc<Connection>, WorldError> {
        self.reader.world.ssh.connection(*self).await
    }

    /// Logs in over a connection of its own, and leaves: one that is open proves only what was true when it was opened.
    pub(in crate::world) async fn log_in_once(&self) -> Result<(), WorldError> {
        Connection::open(*self).await?.end().await;
        Ok(())
    }

    /// Ends the connection, with all sessions of whoever uses it. The next word opens another one.
    pub(in crate::world) async fn disconnect(&self) {
        self.reader.world.ssh.disconnect(*self).await;
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
