//! Hosts: here, or reached by SSH.

use std::path::Path;

use super::{
    Reader, WorldError,
    ssh::{Remote, Role},
};
use crate::domain::{inventory::Target, name::HostName, refusal::Code};

/// Where something is.
pub(in crate::world) enum Place<'w> {
    /// On the machine that this server runs on.
    Here,
    /// On a host reached by SSH.
    There(Remote<'w>),
}

impl<'w> Reader<'w> {
    /// Where a host of the inventory is. Nothing is contacted.
    pub(in crate::world) fn place(self, host: &HostName, role: Role) -> Result<Place<'w>, WorldError> {
        match (self.inventory().hosts.contains_key(host), self.remote(host, role)) {
            (true, Some(remote)) => Ok(Place::There(remote)),
            (true, None) => Ok(Place::Here),
            (false, _) => Err(unknown(host)),
        }
    }

    /// The target's directory, for what is done on this machine only.
    pub(in crate::world) fn root_here(self, target: &Target) -> Result<&Path, WorldError> {
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => Ok(&target.root),
            Place::There(_) => Err(WorldError::unsupported(format!("reach host {}", target.host), "a host over SSH")),
        }
    }
}

fn unknown(host: &HostName) -> WorldError {
    WorldError::new(
        Code::UnknownName,
        format!("reach host {host}"),
        "it is not in the inventory",
        "Add it to [hosts] in deploy-ops.toml.",
    )
}
