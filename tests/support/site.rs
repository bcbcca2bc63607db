//! A web site on loopback, in the clear or with a certificate that a test wishes for.

use std::{
    path::Path,
    sync::Arc,
    time::{Duration, SystemTime},
};

use axum::Router;
use hyper_util::{rt::TokioIo, service::TowerToHyperService};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, DnType, IsCa, KeyPair};
use tokio::net::TcpListener;
use tokio_rustls::{
    TlsAcceptor,
    rustls::{
        ServerConfig,
        crypto::ring,
        pki_types::{PrivateKeyDer, pem::PemObject},
    },
};

/// Serves in the clear; the port.
pub(crate) async fn serve(site: Router) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move { axum::serve(listener, site).await });
    port
}

/// An authority that signs certificates.
#[derive(Debug)]
pub(crate) struct Authority(CertifiedIssuer<'static, KeyPair>);

/// From when until when a certificate is valid, in days from now.
pub(crate) type Days = (i64, i64);

impl Authority {
    pub(crate) fn new(name: &str) -> Self {
        let mut params = params(&[], name, (-1000, 1000));
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    /// Writes its certificate.
    pub(crate) fn write(&self, path: &Path) {
        std::fs::write(path, self.0.pem()).unwrap();
    }

    /// Serves over TLS with a certificate for a name; the port.
    pub(crate) async fn serve(&self, site: Router, name: &str, days: Days) -> u16 {
        let key = KeyPair::generate().unwrap();
        let certificate = params(&[name], name, days).signed_by(&key, &self.0).unwrap();
        serve_with(site, vec![certificate.der().clone()], &key).await
    }

    /// The same by an authority below this one, which ends at its own time.
    pub(crate) async fn serve_below(&self, site: Router, name: &str, days: Days, authority_days: Days) -> u16 {
        let mut below = params(&[], "An authority below", authority_days);
        below.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let below = CertifiedIssuer::signed_by(below, KeyPair::generate().unwrap(), &self.0).unwrap();
        let key = KeyPair::generate().unwrap();
        let certificate = params(&[name], name, days).signed_by(&key, &below).unwrap();
        serve_with(site, vec![certificate.der().clone(), below.der().clone()], &key).await
    }
}

/// Serves over TLS with a certificate that signed itself; the port.
pub(crate) async fn serve_self_signed(site: Router, name: &str) -> u16 {
    let key = KeyPair::generate().unwrap();
    let certificate = params(&[name], name, (-1, 100)).self_signed(&key).unwrap();
    serve_with(site, vec![certificate.der().clone()], &key).await
}

fn params(names: &[&str], common_name: &str, (from, until): Days) -> CertificateParams {
    let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
    let mut params = CertificateParams::new(names).unwrap();
    params.distinguished_name.push(DnType::CommonName, common_name);
    params.not_before = at(from).into();
    params.not_after = at(until).into();
    params
}

fn at(days: i64) -> SystemTime {
    let distance = Duration::from_secs(days.unsigned_abs() * 86_400 + 3600);
    if days < 0 { SystemTime::now() - distance } else { SystemTime::now() + distance }
}

async fn serve_with(
    site: Router,
    chain: Vec<tokio_rustls::rustls::pki_types::CertificateDer<'static>>,
    key: &KeyPair,
) -> u16 {
    let key = PrivateKeyDer::from_pem_slice(key.serialize_pem().as_bytes()).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()));
    let config = config.with_safe_default_protocol_versions().unwrap().with_no_client_auth();
    let acceptor = TlsAcceptor::from(Arc::new(config.with_single_cert(chain, key).unwrap()));
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = listener.local_addr().unwrap().port();
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            let (acceptor, service) = (acceptor.clone(), TowerToHyperService::new(site.clone()));
            tokio::spawn(async move {
                let Ok(stream) = acceptor.accept(stream).await else { return };
                let _ =
                    hyper::server::conn::http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
            });
        }
    });
    port
}
