//! `jump`: the host through which a host is reached.

use std::collections::{BTreeMap, BTreeSet};

use super::from_ssh_config::FromSshConfig;
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind},
        name::HostName,
    },
};

/// The host to go through, and the value that names it. `None` when it names nothing that is declared.
pub(super) fn read<'a>(
    section: &Section<'a>,
    names: &Names,
    found: Option<&FromSshConfig<'a>>,
) -> Option<(Option<HostName>, Option<Item<'a>>)> {
    if let Some(item) = section.optional("jump") {
        return Some((Some(item.reference("host", &names.hosts)?), Some(item)));
    }
    match found {
        Some(found) => found.jump(names),
        None => Some((None, None)),
    }
}

/// Records what no jump may be: the host itself, a local one, a way that never ends.
pub(super) fn check(hosts: &BTreeMap<HostName, Host>, jumps: &[(HostName, Item<'_>)]) {
    for (name, item) in jumps {
        let Some(jump) = next(hosts, name) else { continue };
        if jump == name {
            item.error("is the host itself", "name another host, or remove it");
        } else if hosts.get(jump).is_some_and(|host| host.kind == HostKind::Local) {
            item.error("is a host of kind local", "remove it: connections begin on this machine anyway");
        } else if returns(hosts, name) {
            item.error("leads back to the host", "let one host of the circle be reached directly");
        }
    }
}

fn next<'h>(hosts: &'h BTreeMap<HostName, Host>, name: &HostName) -> Option<&'h HostName> {
    match &hosts.get(name)?.kind {
        HostKind::Ssh(ssh) => ssh.jump.as_ref(),
        HostKind::Local => None,
    }
}

/// Whether the way from a host comes back to it.
fn returns(hosts: &BTreeMap<HostName, Host>, name: &HostName) -> bool {
    let mut seen = BTreeSet::new();
    let mut at = name;
    while let Some(jump) = next(hosts, at) {
        if jump == name {
            return true;
        }
        if !seen.insert(jump) {
            return false;
        }
        at = jump;
    }
    false
}
