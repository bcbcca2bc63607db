//! `[hosts.<name>]`

mod from_ssh_config;
mod jump;
mod login;
#[cfg(test)]
mod tests;
mod trust;

use std::collections::BTreeMap;

use from_ssh_config::FromSshConfig;
pub(super) use trust::fingerprint;

use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind, SshHost},
        name::HostName,
    },
};

const KEYS: &[&str] = &[
    "kind",
    "root",
    "address",
    "port",
    "user",
    "host_keys",
    "known_hosts",
    "identity_file",
    "identity",
    "passphrase",
    "certificate_file",
    "agent_socket",
    "agent_key",
    "jump",
    "rehearsal",
    "ssh_config",
    "ssh_config_file",
];
/// What a host of kind local has too.
const LOCAL_KEYS: usize = 2;

pub(super) fn read(hosts: &Item<'_>, names: &Names) -> BTreeMap<HostName, Host> {
    let mut jumps = Vec::new();
    let entries = hosts.entries::<HostName>().into_iter();
    let hosts =
        entries.filter_map(|(name, item)| Some((name.clone(), host(name, &item.section(KEYS)?, names, &mut jumps)?)));
    let hosts = hosts.collect();
    jump::check(&hosts, &jumps);
    hosts
}

#[derive(Clone, Copy)]
enum Kind {
    Local,
    Ssh,
}

fn host<'a>(
    name: HostName,
    section: &Section<'a>,
    names: &Names,
    jumps: &mut Vec<(HostName, Item<'a>)>,
) -> Option<Host> {
    let kind = section.required("kind")?.choice(&[("local", Kind::Local), ("ssh", Kind::Ssh)])?;
    let root = section.required("root");
    match kind {
        Kind::Local => {
            for item in KEYS.iter().skip(LOCAL_KEYS).filter_map(|key| section.optional(key)) {
                item.error("is only for hosts of kind ssh", "remove it, or write kind = \"ssh\"");
            }
            Some(Host { name, kind: HostKind::Local, root: root?.local_path()? })
        }
        Kind::Ssh => {
            let root = root.and_then(|item| item.absolute_path());
            let found = from_ssh_config::read(section);
            let found = found.as_ref();
            let address = address(section, found);
            let port = port(section, found);
            let login = login::login(section, names, found);
            let rehearsal = section.optional("rehearsal").map(|item| login::rehearsal(&item, names));
            if let (Some(item), Some(Some(rehearsal)), Some(login)) =
                (section.optional("rehearsal"), &rehearsal, &login)
                && rehearsal == login
            {
                item.error("is the login that deploys", "name a user or a key that can write nothing on the host");
            }
            let trust = trust::trust(section, found);
            let (jump, from) = jump::read(section, names, found)?;
            jumps.extend(from.map(|item| (name.clone(), item)));
            let ssh = SshHost {
                address: address?,
                port: port?,
                login: login?,
                rehearsal: rehearsal.map_or(Some(None), |login| login.map(Some))?,
                trust: trust?,
                jump,
            };
            Some(Host { name, kind: HostKind::Ssh(ssh), root: root? })
        }
    }
}

fn address(section: &Section<'_>, found: Option<&FromSshConfig<'_>>) -> Option<String> {
    match (section.optional("address"), found) {
        (None, Some(found)) => found.address(),
        (Some(item), _) => item.address(false),
        (None, None) => section.required("address")?.address(false),
    }
}

fn port(section: &Section<'_>, found: Option<&FromSshConfig<'_>>) -> Option<u16> {
    match (section.optional("port"), found) {
        (None, Some(found)) => found.port(),
        _ => u16::try_from(section.number("port", defaults::SSH_PORT)).ok(),
    }
}
