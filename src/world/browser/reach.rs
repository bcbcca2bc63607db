//! Whom the browser can reach: the target, at the address that it has for us, and the hosts that the operator names. Every other
//! name and address is closed.

use std::{
    net::{IpAddr, SocketAddr},
    path::Path,
    time::Duration,
};

use base64::{Engine as _, engine::general_purpose::STANDARD};
use sha2::{Digest as _, Sha256};
use url::Url;

use super::super::{Reader, WorldError, certificate::public_key, names::Names};
use crate::domain::{
    inventory::{Target, Way},
    refusal::Code,
};

/// How long an address of several has to answer before the next one is tried.
const TRIED: Duration = Duration::from_secs(2);
/// How long the target may take to show its certificate.
const CONTACT: Duration = Duration::from_secs(5);
/// What parts of pages are loaded from.
const PORTS: [u16; 2] = [443, 80];

/// The rules of the browser's resolver.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Reach {
    /// As the browser takes them. The first that fits counts.
    pub(super) rules: String,
    /// The digest of the one key that the browser trusts for the target besides what it knows: of its certificate, which we verified.
    pub(super) key: Option<String>,
    /// Where the target is.
    address: IpAddr,
    open: Vec<(String, u16)>,
}

impl Reader<'_> {
    /// Where the browser gets when it looks at a target.
    pub(super) async fn reach_of(&self, target: &Target, url: &Url) -> Result<Reach, WorldError> {
        let (names, more) = (&self.world.http.names, &self.inventory().browser.hosts);
        let reach = Reach::of(names, url, target.private_network, more).await?;
        let key = match &target.ca {
            Some(ca) => self.key_of(url, ca, reach.address).await,
            None => None,
        };
        Ok(Reach { key, ..reach })
    }

    /// The digest of the target's key, once its certificate is verified by these authorities for the name in the URL. Whom we refuse, the
    /// browser refuses as well, and says so.
    async fn key_of(&self, url: &Url, ca: &Path, address: IpAddr) -> Option<String> {
        let way = Way { via: None, ca: Some(ca.to_owned()) };
        let contact = tokio::time::timeout(CONTACT, self.contact(url, &way, Some(address))).await.ok()?;
        let certificate = contact.ok()??;
        Some(STANDARD.encode(Sha256::digest(public_key(&certificate)?)))
    }
}

impl Reach {
    /// The host and port of a URL, and these hosts. Names lead to public addresses alone, unless `private_network` says otherwise.
    pub(super) async fn of(
        names: &Names,
        url: &Url,
        private_network: bool,
        more: &[String],
    ) -> Result<Self, WorldError> {
        let host = url.host_str().unwrap_or_default();
        let port = url.port_or_known_default().unwrap_or(80);
        let mut wanted = vec![(host, port)];
        // From plain HTTP to TLS, as checks follow it too.
        wanted.extend((port == 80).then_some((host, 443)));
        wanted.extend(more.iter().flat_map(|host| PORTS.map(|port| (host.as_str(), port))));
        let mut rules = Vec::new();
        let mut first = None;
        for (host, port) in &wanted {
            match address(names, host, *port, private_network).await {
                Ok(address) => {
                    first = first.or(Some(address.ip()));
                    rules.push(rule(host, address));
                }
                // A part that is missing will be seen on the page.
                Err(_) if more.iter().any(|name| name == host) => {}
                Err(error) => return Err(error),
            }
        }
        rules.push("MAP * ~NOTFOUND".to_owned());
        let open = wanted.into_iter().map(|(host, port)| (host.to_owned(), port)).collect();
        let address = first.ok_or_else(|| unresolved(host, "its name has no address"))?;
        Ok(Self { rules: rules.join(","), key: None, address, open })
    }

    /// Whether a URL leads where it may not.
    pub(super) fn closes(&self, url: &Url) -> bool {
        let place = (url.host_str(), url.port_or_known_default());
        !self.open.iter().any(|(host, port)| place == (Some(host), Some(*port)))
    }
}

fn rule(host: &str, address: SocketAddr) -> String {
    format!("MAP {host}:{} {address}", address.port())
}

/// The address of a name: the first that answers, when there are several.
async fn address(names: &Names, host: &str, port: u16, private_network: bool) -> Result<SocketAddr, WorldError> {
    // What stands between commas and spaces is a rule of its own.
    let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'[' | b']' | b':'));
    if !plain || host.is_empty() {
        return Err(unresolved(host, "its URL names no host that a browser can be pointed at"));
    }
    let found = names.addresses(host, private_network).await;
    let found = found.map_err(|error| unresolved(host, &error.to_string()).because(error))?;
    let found: Vec<SocketAddr> = found.into_iter().map(|address| SocketAddr::new(address, port)).collect();
    let (Some(first), several) = (found.first(), found.len() > 1) else {
        return Err(unresolved(host, "its name has no address"));
    };
    for address in found.iter().filter(|_| several) {
        if let Ok(Ok(_)) = tokio::time::timeout(TRIED, tokio::net::TcpStream::connect(address)).await {
            return Ok(*address);
        }
    }
    Ok(*first)
}

fn unresolved(host: &str, problem: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("look at {host}"),
        problem,
        "Check the URL in deploy-ops.toml, and the name servers of this machine.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn rules(url: &str, more: &[&str]) -> String {
        let more: Vec<String> = more.iter().map(|host| (*host).to_owned()).collect();
        Reach::of(&Names::by(None), &url.parse().unwrap(), false, &more).await.unwrap().rules
    }

    #[tokio::test]
    async fn only_the_target_is_open() {
        assert_eq!(rules("http://127.0.0.1:8080/a", &[]).await, "MAP 127.0.0.1:8080 127.0.0.1:8080,MAP * ~NOTFOUND");
        assert_eq!(rules("https://[::1]/", &[]).await, "MAP [::1]:443 [::1]:443,MAP * ~NOTFOUND");
        assert_eq!(
            rules("http://127.0.0.1/", &["127.0.0.2"]).await,
            "MAP 127.0.0.1:80 127.0.0.1:80,MAP 127.0.0.1:443 127.0.0.1:443,\
             MAP 127.0.0.2:443 127.0.0.2:443,MAP 127.0.0.2:80 127.0.0.2:80,MAP * ~NOTFOUND"
        );
    }

    #[tokio::test]
    async fn a_host_that_would_be_another_rule_is_refused() {
        let url = Url::parse("http://a,b.example.org/").unwrap();
        assert!(Reach::of(&Names::by(None), &url, true, &[]).await.unwrap_err().problem.contains("no host"));
    }
}
