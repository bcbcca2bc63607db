//! Hosts: which of them this build can reach.

use std::path::Path;

use super::WorldError;
use crate::domain::{
    inventory::{HostKind, Inventory, Target},
    name::HostName,
};

/// The target's directory, when it is on this machine.
pub(crate) fn local_root<'i>(inventory: &Inventory, target: &'i Target) -> Result<&'i Path, WorldError> {
    require_local(inventory, &target.host)?;
    Ok(&target.root)
}

/// Refuses a host that is not this machine.
pub(crate) fn require_local(inventory: &Inventory, host: &HostName) -> Result<(), WorldError> {
    match inventory.hosts.get(host).map(|host| &host.kind) {
        Some(HostKind::Local) => Ok(()),
        Some(HostKind::Ssh(_)) => Err(WorldError::unsupported(format!("reach host {host}"), "a host over SSH")),
        None => Err(WorldError::new(
            crate::domain::refusal::Code::UnknownName,
            format!("reach host {host}"),
            "it is not in the inventory",
            "Add it to [hosts] in deploy-ops.toml.",
        )),
    }
}
