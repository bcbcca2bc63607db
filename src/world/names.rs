//! Names and their records: by the system, or by the DNS server that the operator names.
//!
//! What a name leads to is judged before anything is connected to it, and kept for a while: the address that was judged is the one
//! that is connected to.

use std::{
    collections::HashMap,
    net::{IpAddr, SocketAddr},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

use reqwest::dns::{Addrs, Name, Resolve, Resolving};

use super::{
    Reader,
    dns::{self, Kind, Record},
};
use crate::domain::address::is_public;

/// How long a name keeps the addresses it had: all hops and attempts of a check reach the same machine.
const PIN: Duration = Duration::from_secs(30);
/// So many names are kept; with one more, those whose time is over go.
const KEPT: usize = 4096;

/// Why a name leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(in crate::world) enum Unresolved {
    /// DNS says that it does not exist.
    #[error("its name does not exist")]
    NoSuchName,
    /// It exists, and has no such record.
    #[error("its name leads to no address")]
    NoRecord,
    /// The system does not tell why.
    #[error("its name is not known to this machine")]
    Unknown,
    /// Nobody answered, or with an error.
    #[error("no DNS server says where its name leads")]
    Silent,
    /// It leads to where only those near by get, and the inventory does not say that it may.
    #[error("its name leads to {0}, which is not public, and private_network is not set in deploy-ops.toml")]
    Private(IpAddr),
}

/// The names, with what is known of them.
#[derive(Debug)]
pub(in crate::world) struct Names {
    server: Option<SocketAddr>,
    pins: Mutex<HashMap<Pin, (Instant, Vec<IpAddr>)>>,
}

/// A name, and whether it may lead to what is not public.
type Pin = (String, bool);

impl Names {
    /// Names by this server, or by the system.
    pub(in crate::world) fn by(server: Option<SocketAddr>) -> Self {
        Self { server, pins: Mutex::default() }
    }

    /// Where a host is. One that is written as an address, or as this machine, may be anything: who wrote it knew what it is. Any other
    /// name leads to public addresses alone, unless `private_network` says that it may lead elsewhere.
    pub(in crate::world) async fn addresses(
        &self,
        host: &str,
        private_network: bool,
    ) -> Result<Vec<IpAddr>, Unresolved> {
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if let Ok(address) = host.parse() {
            return Ok(vec![address]);
        }
        let private_network = private_network || is_this_machine(host);
        let pin = (host.to_owned(), private_network);
        let known = self.pins.lock().ok().and_then(|pins| {
            pins.get(&pin).filter(|(at, _)| at.elapsed() < PIN).map(|(_, addresses)| addresses.clone())
        });
        if let Some(known) = known {
            return Ok(known);
        }
        let found = self.look_up(host).await?;
        if let Some(private) = found.iter().find(|address| !private_network && !is_public(**address)) {
            return Err(Unresolved::Private(*private));
        }
        if let Ok(mut pins) = self.pins.lock() {
            if pins.len() >= KEPT {
                pins.retain(|_, (at, _)| at.elapsed() < PIN);
            }
            pins.insert(pin, (Instant::now(), found.clone()));
        }
        Ok(found)
    }

    async fn look_up(&self, host: &str) -> Result<Vec<IpAddr>, Unresolved> {
        if self.server.is_none() || is_this_machine(host) {
            let found = tokio::net::lookup_host((host, 0)).await.map_err(|_| Unresolved::Unknown)?;
            let found: Vec<IpAddr> = found.map(|address| address.ip()).collect();
            return if found.is_empty() { Err(Unresolved::NoRecord) } else { Ok(found) };
        }
        let (a, aaaa) = futures::future::join(self.records(host, Kind::A), self.records(host, Kind::Aaaa)).await;
        let addresses = |found: Vec<Record>| -> Vec<IpAddr> { found.iter().filter_map(Record::address).collect() };
        match (a.map(addresses), aaaa.map(addresses)) {
            (Ok(a), Ok(aaaa)) => Ok([a, aaaa].concat()),
            (Ok(found), Err(_)) | (Err(_), Ok(found)) => Ok(found),
            (Err(Unresolved::NoRecord), Err(other)) | (Err(other), Err(_)) => Err(other),
        }
    }

    /// The records of a kind, at least one; behind a name that is another one for it, that one's.
    pub(in crate::world) async fn records(&self, host: &str, kind: Kind) -> Result<Vec<Record>, Unresolved> {
        let servers = self.server.map_or_else(dns::system_servers, |server| vec![server]);
        dns::ask(&servers, host, kind).await
    }
}

impl Reader<'_> {
    /// Whether the DNS server of the inventory says anything at all; for `doctor`.
    pub async fn dns_answers(&self) -> bool {
        let urls = self.inventory().services.values().flat_map(|service| service.targets.values());
        let mut hosts = urls.filter_map(|target| target.url.as_ref()?.domain());
        // That a name does not exist, or leads nowhere, is an answer.
        let found = self.world.http.names.records(hosts.next().unwrap_or("localhost"), Kind::A).await;
        !matches!(found, Err(Unresolved::Silent))
    }
}

/// The names that never leave this machine (RFC 6761 §6.3).
fn is_this_machine(host: &str) -> bool {
    let host = host.trim_end_matches('.').to_ascii_lowercase();
    host == "localhost" || host.ends_with(".localhost")
}

/// The names as an HTTP client sees them.
#[derive(Debug, Clone)]
pub(in crate::world) struct Judged {
    pub(in crate::world) names: Arc<Names>,
    pub(in crate::world) private_network: bool,
}

impl Resolve for Judged {
    fn resolve(&self, name: Name) -> Resolving {
        let this = self.clone();
        Box::pin(async move {
            let addresses = this.names.addresses(name.as_str(), this.private_network).await?;
            let addresses = addresses.into_iter().map(|address| SocketAddr::new(address, 0));
            Ok(Box::new(addresses) as Addrs)
        })
    }
}
