//! Machines that services run on.

use std::path::PathBuf;

use serde::Serialize;

use super::super::name::{HostName, SecretName};

/// A machine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Host {
    /// Its name.
    pub name: HostName,
    /// How it is reached.
    pub kind: HostKind,
    /// The directory that holds everything we may touch.
    pub root: PathBuf,
}

impl Host {
    /// Everybody that we are on it: who deploys, and who rehearses. Nobody on this machine.
    pub fn logins(&self) -> impl Iterator<Item = &SshLogin> {
        let ssh = match &self.kind {
            HostKind::Local => None,
            HostKind::Ssh(ssh) => Some(ssh),
        };
        ssh.into_iter().flat_map(|ssh| std::iter::once(&ssh.login).chain(&ssh.rehearsal))
    }
}

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HostKind {
    /// The machine this server runs on.
    Local,
    /// A machine reached by SSH.
    Ssh(SshHost),
}

/// A machine reached by SSH.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SshHost {
    /// The address to connect to.
    pub address: String,
    /// The TCP port.
    pub port: u16,
    /// Who deploys.
    pub login: SshLogin,
    /// Who rehearses scripts on the host: a login that can read the host's root and write nothing there. Without one, scripts that
    /// run on the host have no dry run.
    pub rehearsal: Option<SshLogin>,
    /// Which host keys are this host's.
    pub trust: HostTrust,
    /// The host of the inventory through which it is reached.
    pub jump: Option<HostName>,
}

/// A user on a host, and what proves that it is us.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SshLogin {
    /// The user.
    pub user: String,
    /// What proves that it is us. One key, never "whatever fits".
    pub identity: SshIdentity,
}

/// A key that we log in with.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "identity")]
pub enum SshIdentity {
    /// A private key in a file that only its owner can read.
    File {
        /// Where it lies.
        path: PathBuf,
        /// The secret that decrypts it.
        passphrase: Option<SecretName>,
        /// The certificate that an authority made for it (`ssh-keygen -s`).
        certificate: Option<PathBuf>,
    },
    /// A private key that is a secret of the inventory, in OpenSSH's or PEM format.
    Secret {
        /// The secret that holds the key.
        key: SecretName,
        /// The secret that decrypts it.
        passphrase: Option<SecretName>,
    },
    /// A key that an SSH agent holds.
    Agent {
        /// The agent's socket.
        socket: PathBuf,
        /// Which of its keys, as a `SHA256:…` fingerprint.
        fingerprint: String,
    },
}

/// Which host keys are a host's. Nothing is trusted because it was seen first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "trust")]
pub enum HostTrust {
    /// These, as `SHA256:…` fingerprints.
    Pinned {
        /// The fingerprints; at least one.
        fingerprints: Vec<String>,
    },
    /// Those that a file in OpenSSH's format names for it (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
    KnownHosts {
        /// The file.
        path: PathBuf,
    },
}
