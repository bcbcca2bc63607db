//! The way to a server: directly, or through a host.

use std::collections::BTreeMap;

use crate::{
    config::{names::Names, raw::Item},
    domain::{
        inventory::{Host, HostKind},
        name::HostName,
    },
};

/// The host through which a server is reached: one over SSH.
pub(super) fn via(item: &Item<'_>, names: &Names, hosts: &BTreeMap<HostName, Host>) -> Option<HostName> {
    let name: HostName = item.reference("host", &names.hosts)?;
    // One with a mistake of its own is not there; that is told where it stands.
    if hosts.get(&name).is_some_and(|host| host.kind == HostKind::Local) {
        item.error("is this machine, which reaches the server by itself", "remove it, or name a host of kind ssh");
        return None;
    }
    Some(name)
}

/// Whether an address never leaves the machine it is used on.
pub(super) fn is_loopback(address: &str) -> bool {
    address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
