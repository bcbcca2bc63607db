//! Machines that services run on.

use std::path::PathBuf;

use serde::Serialize;

use super::super::name::HostName;

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

/// How a host is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum HostKind {
    /// The machine this server runs on.
    Local,
    /// A machine reached by SSH.
    Ssh {
        /// The address to connect to.
        address: String,
        /// The TCP port.
        port: u16,
        /// The user to log in as.
        user: String,
        /// Pinned host keys, as `SHA256:…` fingerprints.
        host_keys: Vec<String>,
    },
}
