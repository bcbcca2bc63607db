//! Connections of which nothing is asked: whether somebody is there.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use rustls::pki_types::{CertificateDer, ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
};
use tokio_rustls::TlsConnector;
use url::Url;

use super::{
    Reader, WorldError,
    chain::{Chains, Refused},
    host::Place,
    ssh::Role,
    tls,
};
use crate::domain::{inventory::Way, refusal::Code};

impl Reader<'_> {
    /// Connects to where a URL leads, with TLS where it says so, and leaves without a word; the certificate that was verified.
    /// `address` is what its host was judged to be; a host on the way resolves it itself. The error names nothing of the URL.
    pub(in crate::world) async fn contact(
        &self,
        url: &Url,
        way: &Way,
        address: Option<IpAddr>,
    ) -> Result<Option<CertificateDer<'static>>, WorldError> {
        let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
        let port = url.port_or_known_default().unwrap_or(443);
        if let Some(via) = &way.via
            && let Place::There(remote) = self.place(via, Role::Deploy)?
        {
            let stream = remote.connect_on(host, port).await.map_err(|why| WorldError { doing: doing(), ..why })?;
            return self.handshake(url, host, way, stream).await;
        }
        let address = if let Some(address) = address {
            address
        } else {
            let found = self.world.http.names.addresses(host, true).await;
            let found = found.map_err(|why| failed(why.to_string()))?;
            found.first().copied().ok_or_else(|| failed("its name leads to no address".to_owned()))?
        };
        let stream = TcpStream::connect(SocketAddr::new(address, port)).await;
        let stream = stream.map_err(|_| failed("nothing listens there".to_owned()))?;
        self.handshake(url, host, way, stream).await
    }

    async fn handshake<S>(
        &self,
        url: &Url,
        host: &str,
        way: &Way,
        stream: S,
    ) -> Result<Option<CertificateDer<'static>>, WorldError>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        if url.scheme() != "https" {
            return Ok(None);
        }
        let name = ServerName::try_from(host.to_owned()).map_err(|_| tls::no_name())?;
        let config = Chains::config(&self.world.http.chains, way.ca.as_deref())?;
        let connected = TlsConnector::from(Arc::new(config)).connect(name, stream).await;
        let connected = connected.map_err(|error| {
            let refused = Refused::of(&error).map(Refused::describe);
            failed(refused.unwrap_or_else(|| "what answers there does not speak TLS".to_owned()))
        })?;
        let shown = connected.get_ref().1.peer_certificates().and_then(<[_]>::first);
        Ok(shown.map(|certificate| certificate.clone().into_owned()))
    }
}

fn doing() -> String {
    "reach a webhook".to_owned()
}

fn failed(problem: String) -> WorldError {
    WorldError::new(Code::WorldFailed, doing(), problem, "Check that it runs, and its URL in deploy-ops.toml.")
}
