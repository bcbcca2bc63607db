//! HTTP checks of the operator's own services: one question, redirects hop by hop to where the inventory says, a part of the answer.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, OnceLock},
    time::{Duration, Instant},
};

use futures::StreamExt;
use reqwest::{Client, ClientBuilder, Method, Response, redirect, tls::TlsInfo};
use url::Url;

use super::{
    Reader, WorldError,
    certificate::Facts,
    chain::{Chains, Refused},
    host::Place,
    names::{Judged, Names, Unresolved},
    ssh::{Destination, End, Passage, Remote, Role, Watch},
};
use crate::domain::{name::HostName, refusal::Code, time::Time};

/// How much of an answer is read, bytes.
pub(super) const BODY: usize = 256 * 1024;
/// How much of a header is kept, bytes.
const HEADER: usize = 300;

/// What is asked.
#[derive(Debug, Clone)]
pub struct HttpRequest {
    /// Where. It must come from the inventory.
    pub url: Url,
    /// How.
    pub method: HttpMethod,
    /// How long everything may take.
    pub timeout: Duration,
    /// How many redirects are followed.
    pub redirects: u32,
    /// Where redirects may lead, besides the host of `url`.
    pub ends_at: Option<Url>,
    /// Headers of the answer that are kept, in lower case.
    pub headers: Vec<String>,
    /// How much of the body is kept, bytes.
    pub keep: usize,
    /// The host to ask from, for what answers only there; without one, we ask from here.
    pub through: Option<HostName>,
    /// Whether names may lead to addresses that are not public.
    pub private_network: bool,
    /// The file with the authorities (PEM) of the certificate; without one, those of the system count.
    pub ca: Option<PathBuf>,
}

/// How is asked. There is no method that changes anything.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HttpMethod {
    Get,
    Head,
    Options,
}

impl HttpRequest {
    /// A GET that follows nothing.
    pub fn get(url: Url, timeout: Duration) -> Self {
        Self {
            url,
            method: HttpMethod::Get,
            timeout,
            redirects: 0,
            ends_at: None,
            headers: Vec::new(),
            keep: BODY,
            through: None,
            private_network: false,
            ca: None,
        }
    }
}

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct HttpAnswer {
    /// The status of the last hop.
    pub status: u16,
    /// Until the body was read, ms.
    pub time_ms: u64,
    /// Where the last answer came from.
    pub url: Option<Url>,
    /// The redirects that were followed: their status, and the path that they led to. Others wrote that.
    pub hops: Vec<(u16, String)>,
    /// Why the last answer, a redirect, was not followed.
    pub stopped: Option<Stopped>,
    /// The headers that were to be kept; others wrote them.
    pub headers: BTreeMap<String, String>,
    /// The first part of the body; others wrote it.
    pub body: Vec<u8>,
    /// Whether the body is longer than what is read of it.
    pub truncated: bool,
    /// The certificate of the last hop, when there was one.
    pub certificate: Option<CertificateSeen>,
}

/// Why a redirect was not followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Stopped {
    /// It leads to another host than the inventory says.
    Elsewhere,
    /// It leads to where we were already.
    Loop,
    /// There were as many as may be.
    TooMany,
}

/// What a certificate said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CertificateSeen {
    /// When the first of its chain ends.
    pub ends: Time,
    /// Who signed it. Others wrote that.
    pub issuer: String,
}

impl From<Facts> for CertificateSeen {
    fn from(Facts { ends, issuer, .. }: Facts) -> Self {
        Self { ends, issuer }
    }
}

/// The clients, each made when it is first needed: reading the system's certificates takes time.
#[derive(Debug)]
pub(crate) struct Http {
    pub(in crate::world) names: Arc<Names>,
    pub(in crate::world) chains: Arc<Chains>,
    usual: OnceLock<Client>,
    others: Mutex<HashMap<Trust, Client>>,
}

/// Whether names may lead to addresses that are not public, and whose certificates count.
type Trust = (bool, Option<PathBuf>);

impl Http {
    /// Clients that find hosts by these names.
    pub(in crate::world) fn by(names: Names) -> Self {
        let (names, chains) = (Arc::new(names), Arc::default());
        Self { names, chains, usual: OnceLock::new(), others: Mutex::default() }
    }

    /// A client that reaches whatever the operator named, with the system's authorities.
    pub(in crate::world) fn client(&self) -> Result<&Client, WorldError> {
        if let Some(client) = self.usual.get() {
            return Ok(client);
        }
        let client = self.make(true, None)?;
        Ok(self.usual.get_or_init(|| client))
    }

    fn client_for(&self, private_network: bool, ca: Option<&Path>) -> Result<Client, WorldError> {
        if private_network && ca.is_none() {
            return self.client().cloned();
        }
        let trust = (private_network, ca.map(Path::to_owned));
        let known = self.others.lock().ok().and_then(|clients| clients.get(&trust).cloned());
        if let Some(client) = known {
            return Ok(client);
        }
        let client = self.make(private_network, ca)?;
        if let Ok(mut clients) = self.others.lock() {
            clients.insert(trust, client.clone());
        }
        Ok(client)
    }

    fn make(&self, private_network: bool, ca: Option<&Path>) -> Result<Client, WorldError> {
        let names = Judged { names: self.names.clone(), private_network };
        self.builder(ca)?.dns_resolver(Arc::new(names)).build().map_err(no_client)
    }

    /// A client all of whose connections are made to a Unix socket. Certificates are still those of the URL's host.
    fn at(&self, socket: PathBuf, ca: Option<&Path>) -> Result<Client, WorldError> {
        self.builder(ca)?.unix_socket(socket).build().map_err(no_client)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place that makes an HTTP client")]
    fn builder(&self, ca: Option<&Path>) -> Result<ClientBuilder, WorldError> {
        let builder = Client::builder()
            .tls_backend_preconfigured(Chains::config(&self.chains, ca)?)
            .tls_info(true)
            .redirect(redirect::Policy::none())
            // A connection that was open before a deployment may still reach the old version.
            .pool_max_idle_per_host(0)
            .tcp_nodelay(true)
            .no_proxy()
            .connect_timeout(Duration::from_secs(10))
            .user_agent(concat!("deploy-ops/", env!("CARGO_PKG_VERSION")));
        Ok(builder)
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

/// From where connections are made.
pub(in crate::world) enum Origin<'w> {
    Here(Client),
    Host(Remote<'w>),
}

impl Origin<'_> {
    /// A client for a URL; with the tunnel that it uses, as long as the value lives.
    pub(in crate::world) async fn client(
        &self,
        http: &Http,
        url: &Url,
        ca: Option<&Path>,
    ) -> Result<(Client, Watch), WorldError> {
        let remote = match self {
            Self::Here(client) => return Ok((client.clone(), Watch::default())),
            Self::Host(remote) => remote,
        };
        let address = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']').to_owned();
        let port = url.port_or_known_default().unwrap_or(80);
        let end = End { destination: Destination::Tcp { address, port }, passage: Passage::Plain };
        let tunnel = remote.tunnel(&end, port).await?;
        Ok((http.at(tunnel.socket(), ca)?, tunnel.watch()))
    }
}

impl<'w> Reader<'w> {
    /// Where a question from here would go: the address, judged. None for one that is asked from a host.
    pub(in crate::world) async fn http_address(&self, request: &HttpRequest) -> Result<Option<IpAddr>, WorldError> {
        if let Some(host) = &request.through
            && let Place::There(_) = self.place(host, Role::Deploy)?
        {
            return Ok(None);
        }
        let host = request.url.host_str().unwrap_or_default();
        let found = self.world.http.names.addresses(host, request.private_network);
        match tokio::time::timeout(request.timeout, found).await {
            Ok(found) => {
                Ok(found.map_err(|why| no_answer(&request.url, &why.to_string()).because(why))?.first().copied())
            }
            Err(_) => Err(no_answer(&request.url, &Unresolved::Silent.to_string())),
        }
    }

    /// Connections from that host, or from here, by these authorities. Nothing is contacted.
    pub(in crate::world) fn origin(
        self,
        through: Option<&HostName>,
        private_network: bool,
        ca: Option<&Path>,
    ) -> Result<Origin<'w>, WorldError> {
        if let Some(host) = through
            && let Place::There(remote) = self.place(host, Role::Deploy)?
        {
            return Ok(Origin::Host(remote));
        }
        Ok(Origin::Here(self.world.http.client_for(private_network, ca)?))
    }

    /// Asks once. An answer of any status is an answer; an error is that there was none.
    pub async fn http_check(&self, request: &HttpRequest) -> Result<HttpAnswer, WorldError> {
        let http = &self.world.http;
        let origin = self.origin(request.through.as_ref(), request.private_network, request.ca.as_deref())?;
        let begin = Instant::now();
        if let Ok(answer) = tokio::time::timeout(request.timeout, ask(http, &origin, request, begin)).await {
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

async fn ask(
    http: &Http,
    origin: &Origin<'_>,
    request: &HttpRequest,
    begin: Instant,
) -> Result<HttpAnswer, WorldError> {
    let method = match request.method {
        HttpMethod::Get => Method::GET,
        HttpMethod::Head => Method::HEAD,
        HttpMethod::Options => Method::OPTIONS,
    };
    let mut url = request.url.clone();
    let mut seen = vec![url.clone()];
    let mut hops = Vec::new();
    loop {
        let (client, watch) = origin.client(http, &url, request.ca.as_deref()).await?;
        let response = client.request(method.clone(), url.clone()).send().await;
        let response = response.map_err(|error| watch.explain(of_connection(&url, error)))?;
        let status = response.status();
        let location = response.headers().get("location").and_then(|value| value.to_str().ok());
        let next = location.filter(|_| status.is_redirection()).and_then(|location| url.join(location).ok());
        let stopped = match next {
            Some(next) if request.redirects > 0 => match whether_to_follow(request, &url, &next, &seen) {
                None => {
                    hops.push((status.as_u16(), next.path().chars().take(HEADER).collect()));
                    seen.push(next.clone());
                    url = next;
                    continue;
                }
                stopped => stopped,
            },
            _ => None,
        };
        let certificate = response.extensions().get::<TlsInfo>().and_then(TlsInfo::peer_certificate);
        let certificate = certificate.and_then(|leaf| http.chains.seen(leaf)).map(CertificateSeen::from);
        let headers = kept_headers(request, &response);
        let (body, truncated) = read(response, request.keep)
            .await
            .map_err(|error| watch.explain(no_answer(&url, "the answer ended early").because(error.without_url())))?;
        return Ok(HttpAnswer {
            status: status.as_u16(),
            time_ms: u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX),
            url: Some(url),
            hops,
            stopped,
            headers,
            body,
            truncated,
            certificate,
        });
    }
}

/// Why a redirect is not followed; none when it is.
fn whether_to_follow(request: &HttpRequest, from: &Url, to: &Url, seen: &[Url]) -> Option<Stopped> {
    let named = request.ends_at.as_ref().is_some_and(|end| same_place(to, end) || same_place(end, to));
    let nobody = to.username().is_empty() && to.password().is_none();
    if !nobody || !(named || same_place(from, to) || same_place(&request.url, to)) {
        return Some(Stopped::Elsewhere);
    }
    if seen.contains(to) {
        return Some(Stopped::Loop);
    }
    (seen.len() > usize::try_from(request.redirects).unwrap_or(usize::MAX)).then_some(Stopped::TooMany)
}

/// Whether a redirect stays with the service: the same host and port, or from plain HTTP to TLS on the usual ports.
fn same_place(from: &Url, to: &Url) -> bool {
    let ports = (from.port_or_known_default(), to.port_or_known_default());
    let same_port = from.scheme() == to.scheme() && ports.0 == ports.1;
    let to_tls = from.scheme() == "http" && to.scheme() == "https" && ports == (Some(80), Some(443));
    from.host() == to.host() && (same_port || to_tls)
}

/// Each header once, with all its values.
fn kept_headers(request: &HttpRequest, response: &Response) -> BTreeMap<String, String> {
    let wanted = request.headers.iter().filter(|name| response.headers().contains_key(name.as_str()));
    let values = |name: &String| {
        let all = response.headers().get_all(name.as_str()).iter();
        let all: Vec<_> = all.map(|value| String::from_utf8_lossy(value.as_bytes())).collect();
        all.join(", ").chars().take(HEADER).collect()
    };
    wanted.map(|name| (name.clone(), values(name))).collect()
}

/// The body as far as it is kept, and whether it is longer than what is read of it.
async fn read(response: Response, keep: usize) -> reqwest::Result<(Vec<u8>, bool)> {
    let (mut body, mut length) = (Vec::new(), 0);
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece?;
        body.extend(piece.iter().take(keep - body.len()));
        length += piece.len();
        if length > BODY {
            return Ok((body, true));
        }
    }
    Ok((body, false))
}

/// Why there was no answer.
fn of_connection(url: &Url, error: reqwest::Error) -> WorldError {
    let unresolved = sources(&error).find_map(|error| error.downcast_ref::<Unresolved>());
    let problem = if let Some(refused) = Refused::of(&error) {
        refused.describe()
    } else if let Some(unresolved) = unresolved {
        unresolved.to_string()
    } else if error.is_timeout() {
        "the connection was not made in time".to_owned()
    } else if error.is_connect() {
        "the connection failed: nothing listens there, or it does not speak TLS".to_owned()
    } else {
        "the answer is not HTTP, or ended early".to_owned()
    };
    no_answer(url, &problem).because(error.without_url())
}

fn sources<'e>(error: &'e reqwest::Error) -> impl Iterator<Item = &'e (dyn std::error::Error + 'static)> {
    let first: &'e (dyn std::error::Error + 'static) = error;
    std::iter::successors(Some(first), |error| error.source())
}

fn no_answer(url: &Url, problem: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("check {}", url.host_str().unwrap_or("the service")),
        problem,
        "Check that the service runs and that its URL in deploy-ops.toml is right.",
    )
}
