//! HTTP checks of the operator's own services: a GET, at most five redirects on the same host, at most 256 KiB of the answer.

use std::{
    collections::{BTreeMap, HashMap},
    net::SocketAddr,
    path::PathBuf,
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{
    Client, ClientBuilder,
    dns::{Addrs, Name, Resolve, Resolving},
    redirect,
};
use url::Url;

use super::{
    Reader, WorldError,
    host::Place,
    ssh::{Destination, End, Passage, Remote, Role, Watch},
};
use crate::domain::{name::HostName, refusal::Code};

/// How much of an answer is read, bytes.
const BODY: usize = 256 * 1024;
/// How many redirects are followed.
const HOPS: u32 = 5;
/// How long a name keeps the addresses it had: all hops and attempts of a check reach the same machine.
const PIN: Duration = Duration::from_secs(30);
/// The headers that say something about health or configuration.
const HEADERS: [&str; 6] =
    ["content-type", "location", "retry-after", "server", "strict-transport-security", "x-powered-by"];

/// What is asked.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Where. It must come from the inventory.
    pub url: Url,
    /// How long everything may take.
    pub timeout: Duration,
    /// A text to look for in the body.
    pub contains: Option<String>,
    /// Whether redirects on the same host are followed.
    pub follow: bool,
    /// The host to ask from, for what answers only there; without one, we ask from here.
    pub through: Option<HostName>,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct HttpAnswer {
    /// The status of the last hop.
    pub status: u16,
    /// Until the body was read, ms.
    pub time_ms: u64,
    /// The host that answered.
    pub host: String,
    /// How many redirects were followed.
    pub hops: u32,
    /// Whether the last answer is a redirect that was not followed: to another host, or one too many.
    pub redirects_away: bool,
    /// Whether the body holds the text; absent when none was asked for.
    pub contains: Option<bool>,
    /// Some headers; others wrote them.
    pub headers: BTreeMap<String, String>,
    /// The first part of the body; others wrote it.
    pub body: Vec<u8>,
    /// Whether the body is longer.
    pub truncated: bool,
}

/// The client, made at the first check: reading the system's certificates takes time.
#[derive(Debug, Default)]
pub(crate) struct Http(OnceLock<Client>);

impl Http {
    pub(in crate::world) fn client(&self) -> Result<&Client, WorldError> {
        if let Some(client) = self.0.get() {
            return Ok(client);
        }
        let client = Self::builder().dns_resolver(Arc::new(Pinned::default())).build().map_err(no_client)?;
        Ok(self.0.get_or_init(|| client))
    }

    /// A client all of whose connections are made to a Unix socket. Certificates are still those of the URL's host.
    fn at(socket: PathBuf) -> Result<Client, WorldError> {
        Self::builder().unix_socket(socket).build().map_err(no_client)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
    fn builder() -> ClientBuilder {
        // Somebody else may have installed it already.
        let _ = rustls::crypto::ring::default_provider().install_default();
        Client::builder()
            .redirect(redirect::Policy::none())
            // A connection that was open before a deployment may still reach the old version.
            .pool_max_idle_per_host(0)
            .tcp_nodelay(true)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("deploy-ops/", env!("CARGO_PKG_VERSION")))
    }
}

fn no_client(error: reqwest::Error) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        "prepare HTTP checks",
        "the TLS certificates of the system cannot be used",
        "Install the system's CA certificates.",
    )
    .because(error.without_url())
}

/// From where the connections of a check are made.
enum Origin<'w> {
    Here(&'w Client),
    Host(Remote<'w>),
}

impl Origin<'_> {
    /// A client for a URL; with the tunnel that it uses, as long as the value lives.
    async fn client(&self, url: &Url) -> Result<(Client, Watch), WorldError> {
        let remote = match self {
            Self::Here(client) => return Ok(((*client).clone(), Watch::default())),
            Self::Host(remote) => remote,
        };
        let address = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let end = End { destination: Destination::Tcp { address, port }, passage: Passage::Plain };
        let tunnel = remote.tunnel(&end, port).await?;
        Ok((Http::at(tunnel.socket())?, tunnel.watch()))
    }
}

impl Reader<'_> {
    /// Asks once. An answer of any status is an answer; an error is that there was none.
    pub async fn http_check(&self, request: &HttpRequest) -> Result<HttpAnswer, WorldError> {
        let origin = match &request.through {
            None => Origin::Here(self.world.http.client()?),
            Some(host) => match self.place(host, Role::Deploy)? {
                Place::Here => Origin::Here(self.world.http.client()?),
                Place::There(remote) => Origin::Host(remote),
            },
        };
        let begin = Instant::now();
        if let Ok(answer) = tokio::time::timeout(request.timeout, ask(&origin, request, begin)).await {
            return answer;
        }
        let late = no_answer(&request.url, &format!("no answer within {} ms", request.timeout.as_millis()));
        match &origin {
            // A line that stands still says nothing about the service.
            Origin::Host(remote) => Err(remote.silence(&late.doing).await.unwrap_or(late)),
            Origin::Here(_) => Err(late),
        }
    }
}

async fn ask(origin: &Origin<'_>, request: &HttpRequest, begin: Instant) -> Result<HttpAnswer, WorldError> {
    let mut url = request.url.clone();
    let mut hops = 0;
    loop {
        let (client, watch) = origin.client(&url).await?;
        let response = client.get(url.clone()).send().await.map_err(|error| {
            let problem = if error.is_timeout() {
                "the connection was not made in time"
            } else if let Some(problem) = of_certificate(&error) {
                problem
            } else if error.is_connect() {
                "the connection failed: nothing listens there, the name is unknown, or the TLS certificate is not valid"
            } else {
                "the answer is not HTTP, or ended early"
            };
            watch.explain(no_answer(&url, problem).because(error.without_url()))
        })?;
        let status = response.status();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let next = location.filter(|_| status.is_redirection()).and_then(|location| url.join(location).ok());
        if request.follow
            && hops < HOPS
            && let Some(next) = next.as_ref().filter(|next| same_place(&url, next))
        {
            url = next.clone();
            hops += 1;
            continue;
        }
        let headers = response
            .headers()
            .iter()
            .filter(|(name, _)| HEADERS.contains(&name.as_str()))
            .map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned()))
            .collect();
        let (mut body, mut truncated) = (Vec::new(), false);
        let mut stream = response.bytes_stream();
        while let Some(piece) = stream.next().await {
            let piece = piece.map_err(|error| {
                watch.explain(no_answer(&url, "the answer ended early").because(error.without_url()))
            })?;
            let room = BODY - body.len();
            body.extend(piece.iter().take(room));
            if piece.len() > room {
                truncated = true;
                break;
            }
        }
        let found = |text: &String| memchr::memmem::find(&body, text.as_bytes()).is_some();
        return Ok(HttpAnswer {
            status: status.as_u16(),
            time_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
            host: url.host_str().unwrap_or_default().to_owned(),
            hops,
            redirects_away: request.follow && next.is_some(),
            contains: request.contains.as_ref().map(found),
            headers,
            body,
            truncated,
        });
    }
}

/// What is wrong with the server's certificate, when that is why there is no connection.
fn of_certificate(error: &(dyn std::error::Error + 'static)) -> Option<&'static str> {
    use rustls::{CertificateError as Wrong, Error};
    let mut next = Some(error);
    while let Some(error) = next {
        if let Some(Error::InvalidCertificate(wrong)) = error.downcast_ref() {
            return Some(match wrong {
                Wrong::Expired | Wrong::ExpiredContext { .. } => "its TLS certificate has expired",
                Wrong::NotValidForName | Wrong::NotValidForNameContext { .. } => {
                    "its TLS certificate is not for the name in the URL"
                }
                Wrong::UnknownIssuer => "its TLS certificate is signed by nobody whom this machine trusts",
                _ => "its TLS certificate is not valid",
            });
        }
        // An error of I/O that carries another one shows what is below that, not that one.
        let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
        next = carried.map(|error| error as &(dyn std::error::Error + 'static)).or_else(|| error.source());
    }
    None
}

/// Whether a redirect stays with the service: the same host and port, or from plain HTTP to TLS on the usual ports.
fn same_place(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let same_port = from.scheme() == to.scheme() && ports.0 == ports.1;
    let to_tls = from.scheme() == "http" && to.scheme() == "https" && ports == (Some(80), Some(443));
    from.host() == to.host() && (same_port || to_tls) && to.username().is_empty() && to.password().is_none()
}

fn no_answer(url: &Url, problem: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("check {}", url.host_str().unwrap_or("the service")),
        problem,
        "Check that the service runs and that its URL in deploy-ops.toml is right.",
    )
}

/// Resolves a name once and keeps to the answer for a while.
#[derive(Debug, Clone, Default)]
struct Pinned(Arc<Mutex<Pins>>);

/// For each name since when it has which addresses.
type Pins = HashMap<String, (Instant, Vec<SocketAddr>)>;

impl Resolve for Pinned {
    fn resolve(&self, name: Name) -> Resolving {
        let (pins, name) = (self.0.clone(), name.as_str().to_owned());
        Box::pin(async move {
            let known = pins.lock().ok().and_then(|pins| {
                pins.get(&name).filter(|(at, _)| at.elapsed() < PIN).map(|(_, addresses)| addresses.clone())
            });
            let addresses = if let Some(addresses) = known {
                addresses
            } else {
                let found: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), 0)).await?.collect();
                if let Ok(mut pins) = pins.lock() {
                    pins.insert(name, (Instant::now(), found.clone()));
                }
                found
            };
            Ok(Box::new(addresses.into_iter()) as Addrs)
        })
    }
}
