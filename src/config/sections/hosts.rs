//! `[hosts.<name>]`

use std::collections::BTreeMap;

use crate::{
    config::{
        defaults,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind},
        name::HostName,
    },
};

const KEYS: &[&str] = &["kind", "root", "address", "port", "user", "host_keys"];

pub(super) fn read(hosts: &Item<'_>) -> BTreeMap<HostName, Host> {
    let entries = hosts.entries::<HostName>().into_iter();
    entries.filter_map(|(name, item)| Some((name.clone(), host(name, &item.section(KEYS)?)?))).collect()
}

#[derive(Clone, Copy)]
enum Kind {
    Local,
    Ssh,
}

fn host(name: HostName, section: &Section<'_>) -> Option<Host> {
    let kind = section.required("kind")?.choice(&[("local", Kind::Local), ("ssh", Kind::Ssh)])?;
    let root = section.required("root");
    match kind {
        Kind::Local => {
            for key in ["address", "port", "user", "host_keys"] {
                if let Some(item) = section.optional(key) {
                    item.error("is only for hosts of kind ssh", "remove it, or write kind = \"ssh\"");
                }
            }
            Some(Host { name, kind: HostKind::Local, root: root?.local_path()? })
        }
        Kind::Ssh => {
            let root = root.and_then(|item| item.absolute_path());
            let address = section.required("address").and_then(|item| item.address(false));
            let user = section.required("user").and_then(|item| user(&item));
            let port = section.number("port", defaults::SSH_PORT);
            let host_keys = host_keys(section);
            Some(Host {
                name,
                kind: HostKind::Ssh {
                    address: address?,
                    port: u16::try_from(port).ok()?,
                    user: user?,
                    host_keys: host_keys?,
                },
                root: root?,
            })
        }
    }
}

fn user(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok =
        !text.starts_with('-') && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    if !ok {
        item.error("is not a user name", "use letters, digits, '-', '_' and '.'; no password and no address");
    }
    ok.then(|| text.to_owned())
}

fn host_keys(section: &Section<'_>) -> Option<Vec<String>> {
    let list = section.required("host_keys")?;
    let items = list.list();
    let keys: Vec<String> = items.iter().filter_map(host_key).collect();
    if list.is_array() && items.is_empty() {
        list.error(
            "no host key is pinned",
            "add the output of: ssh-keyscan HOST | ssh-keygen -lf -, checked on a trusted way",
        );
    }
    (!keys.is_empty() && keys.len() == items.len()).then_some(keys)
}

fn host_key(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.strip_prefix("SHA256:").is_some_and(|hash| {
        hash.len() == 43 && hash.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'+' | b'/'))
    });
    if !ok {
        item.error("is not a host key fingerprint", "write SHA256: and 43 characters, as ssh-keygen -lf shows it");
    }
    ok.then(|| text.to_owned())
}
