//! The way to a server: directly or through a host, and how the connection is protected.

use std::collections::BTreeMap;

use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind, Way},
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

/// How an interface of others is reached, by the keys `via` and `ca`.
pub(super) fn to_interface(section: &Section<'_>, names: &Names, hosts: &BTreeMap<HostName, Host>) -> Option<Way> {
    let through = section.optional("via").map_or(Some(None), |item| via(&item, names, hosts).map(Some));
    let ca = section.optional("ca").map_or(Some(None), |item| item.local_path().map(Some));
    Some(Way { via: through?, ca: ca? })
}

/// How a connection is protected.
pub(super) enum Protection<T> {
    /// By TLS, which begins in this way.
    Tls(T),
    /// Not at all.
    Off,
}

/// One of `ways` for TLS to begin, by its word, or that it is off where that does no harm: where a connection ends on the machine it
/// begins on, as `ends_there` says, and where the operator trusts the network behind a host. SSH protects a connection as far as the host, and
/// nothing listens between a host and itself.
pub(super) fn protection<T: Clone>(
    item: &Item<'_>,
    ways: &[(&str, T)],
    ends_there: bool,
    through_host: bool,
) -> Option<Protection<T>> {
    let ways = ways.iter().map(|(word, way)| (*word, Word::Tls(way.clone())));
    let words: Vec<_> = ways.chain([("off", Word::Off), ("off_behind_host", Word::OffBehindHost)]).collect();
    match item.choice(&words)? {
        Word::Tls(way) => Some(Protection::Tls(way)),
        Word::Off if ends_there => Some(Protection::Off),
        Word::OffBehindHost if through_host => Some(Protection::Off),
        Word::OffBehindHost => {
            item.error("is for what is reached through a host", "name the host with via, or remove it");
            None
        }
        Word::Off => {
            item.error(
                "would send the password over a network in the clear",
                if through_host {
                    "remove it, or write off_behind_host if you trust the network between the host and the server"
                } else {
                    "remove it, and name the authorities with ca if they are your own"
                },
            );
            None
        }
    }
}

#[derive(Clone)]
enum Word<T> {
    Tls(T),
    Off,
    /// The operator trusts the network behind the host.
    OffBehindHost,
}

/// Whether an address never leaves the machine it is used on.
pub(super) fn is_loopback(address: &str) -> bool {
    address == "localhost" || address.parse::<std::net::IpAddr>().is_ok_and(|address| address.is_loopback())
}
