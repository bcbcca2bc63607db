//! TLS that we speak ourselves: the server's certificate is verified for the address of the inventory.

use std::{
    io,
    path::{Path, PathBuf},
    sync::Arc,
};

use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, ServerName, pem::PemObject},
};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{Reader, WorldError, certificate::not_after};
use crate::domain::{refusal::Code, time::Time};

/// A server that has to prove who it is.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::world) struct Verified {
    /// The name or address that its certificate must be for.
    pub(in crate::world) name: String,
    /// The file with the authorities; without one, those of the system count.
    pub(in crate::world) ca: Option<PathBuf>,
}

/// Our side of TLS with one server.
pub(in crate::world) struct Client {
    connector: TlsConnector,
    name: ServerName<'static>,
}

impl Verified {
    /// Reads the authorities.
    pub(in crate::world) fn client(&self) -> Result<Client, WorldError> {
        let roots = roots(self.ca.as_deref())?;
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|error| no_name().because(error))?
            .with_root_certificates(roots)
            .with_no_client_auth();
        let name = ServerName::try_from(self.name.clone()).map_err(|_| no_name())?;
        Ok(Client { connector: TlsConnector::from(Arc::new(config)), name })
    }
}

impl Client {
    /// The handshake. Nothing secret was said when it fails.
    pub(in crate::world) async fn handshake<S>(&self, stream: S) -> io::Result<TlsStream<S>>
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        self.connector.connect(self.name.clone(), stream).await
    }
}

/// The authorities in a file, or those of the system.
pub(in crate::world) fn roots(ca: Option<&Path>) -> Result<RootCertStore, WorldError> {
    let Some(path) = ca else { return Ok(system_roots()) };
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(path).map_err(|_| unreadable(path))? {
        let certificate = certificate.map_err(|_| unreadable(path))?;
        roots.add(certificate).map_err(|_| unreadable(path))?;
    }
    if roots.is_empty() { Err(unreadable(path)) } else { Ok(roots) }
}

impl Reader<'_> {
    /// When the last of the authorities in a file ends.
    ///
    /// # Errors
    /// There is none that can be read.
    pub fn authorities_end(&self, file: &Path) -> Result<Time, WorldError> {
        // What cannot be an authority is refused as it would be when it is needed.
        roots(Some(file))?;
        let certificates = CertificateDer::pem_file_iter(file).map_err(|_| unreadable(file))?;
        certificates.flatten().filter_map(|one| not_after(&one)).max().ok_or_else(|| unreadable(file))
    }
}

/// The authorities of the system.
pub(in crate::world) fn system_roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    roots
}

fn unreadable(path: &Path) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("read the authorities in {}", path.display()),
        "the file is not there, or holds something else than certificates",
        "Correct `ca` in deploy-ops.toml; the file holds certificates in PEM format.",
    )
}

pub(in crate::world) fn no_name() -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        "prepare TLS",
        "the address of the server is not one that a certificate can be for",
        "Correct the address in deploy-ops.toml.",
    )
}
