//! The certificates that a server shows over HTTPS: verified like everywhere, and what they say is kept.
//!
//! The library tells that a certificate was refused, not whose it is; and of one that was not refused it tells only the last, where
//! one further up may end earlier.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, Mutex, OnceLock},
};

use rustls::{
    CertificateError, ClientConfig, DigitallySignedStruct, Error, OtherError, RootCertStore, SignatureScheme,
    client::{
        Resumption, WebPkiServerVerifier,
        danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    },
    crypto::CryptoProvider,
    pki_types::{CertificateDer, ServerName, UnixTime},
};

use super::{
    WorldError,
    certificate::{self, Facts},
    tls,
};
use crate::domain::{refusal::Code, time::Time};

/// So many certificates are remembered; with one more, all are forgotten.
const KEPT: usize = 4096;

/// What is wrong with a certificate that was refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Wrong {
    #[error("has expired")]
    Expired,
    #[error("is not valid yet")]
    NotYet,
    #[error("is not for the name in the URL")]
    OtherName,
    #[error("is signed by itself and by nobody whom this machine trusts")]
    SelfSigned,
    #[error("is signed by nobody whom this machine trusts")]
    UnknownAuthority,
    #[error("is not valid")]
    Invalid,
}

/// A certificate that was refused.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Refused {
    pub(super) wrong: Wrong,
    pub(super) facts: Option<Facts>,
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the certificate {}", self.wrong)
    }
}

impl std::error::Error for Refused {}

impl Refused {
    /// In one sentence, without a word of the certificate but its end.
    pub(super) fn describe(&self) -> String {
        match (&self.wrong, &self.facts) {
            (Wrong::Expired, Some(facts)) => format!("its TLS certificate has expired at {}", facts.ends),
            (wrong, _) => format!("its TLS certificate {wrong}"),
        }
    }

    /// The refused certificate that is why there is no connection.
    pub(super) fn of<'e>(error: &'e (dyn std::error::Error + 'static)) -> Option<&'e Self> {
        let mut next = Some(error);
        while let Some(error) = next {
            if let Some(Error::InvalidCertificate(CertificateError::Other(OtherError(other)))) = error.downcast_ref() {
                return other.downcast_ref();
            }
            // An error of I/O that carries another one shows what is below that, not that one.
            let carried = error.downcast_ref::<std::io::Error>().and_then(std::io::Error::get_ref);
            next = carried.map(|error| error as &(dyn std::error::Error + 'static)).or_else(|| error.source());
        }
        None
    }
}

/// What the certificates said that were verified, by the last of each chain.
#[derive(Debug, Default)]
pub(super) struct Chains {
    system: OnceLock<Arc<RootCertStore>>,
    seen: Mutex<HashMap<Vec<u8>, Facts>>,
}

impl Chains {
    /// TLS with these authorities, or with those of the system. No session is resumed: each connection shows its certificates.
    pub(super) fn config(this: &Arc<Self>, ca: Option<&std::path::Path>) -> Result<ClientConfig, WorldError> {
        let roots = match ca {
            Some(_) => Arc::new(tls::roots(ca)?),
            None => match this.system.get() {
                Some(roots) => roots.clone(),
                None => this.system.get_or_init(|| Arc::new(tls::system_roots())).clone(),
            },
        };
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let inner = WebPkiServerVerifier::builder_with_provider(roots, provider.clone()).build().map_err(|error| {
            WorldError::new(
                Code::WorldFailed,
                "prepare TLS",
                "this machine knows no authorities of certificates",
                "Install the system's CA certificates.",
            )
            .because(error)
        })?;
        let mut config = ClientConfig::builder_with_provider(provider.clone())
            .with_safe_default_protocol_versions()
            .map_err(|error| tls::no_name().because(error))?
            .dangerous()
            .with_custom_certificate_verifier(Arc::new(Watchful { inner, provider, chains: this.clone() }))
            .with_no_client_auth();
        config.resumption = Resumption::disabled();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(config)
    }

    /// What a chain said that was verified; its end is that of the certificate that ends first.
    pub(super) fn seen(&self, leaf: &[u8]) -> Option<Facts> {
        self.seen.lock().ok()?.get(leaf).cloned()
    }

    fn add(&self, leaf: &[u8], others: &[CertificateDer<'_>]) {
        let Some(mut facts) = certificate::facts(leaf) else { return };
        let ends = others.iter().filter_map(|other| certificate::not_after(other));
        facts.ends = ends.fold(facts.ends, Time::min);
        if let Ok(mut seen) = self.seen.lock() {
            if seen.len() >= KEPT {
                seen.clear();
            }
            seen.insert(leaf.to_vec(), facts);
        }
    }
}

/// The usual verification, which tells whose certificate it refused.
#[derive(Debug)]
struct Watchful {
    inner: Arc<WebPkiServerVerifier>,
    provider: Arc<CryptoProvider>,
    chains: Arc<Chains>,
}

impl ServerCertVerifier for Watchful {
    fn verify_server_cert(
        &self,
        leaf: &CertificateDer<'_>,
        others: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        match self.inner.verify_server_cert(leaf, others, name, ocsp, now) {
            Ok(verified) => {
                self.chains.add(leaf, others);
                Ok(verified)
            }
            Err(Error::InvalidCertificate(wrong)) => {
                let facts = certificate::facts(leaf);
                let wrong = what_is_wrong(&wrong, facts.as_ref());
                let refused = OtherError(Arc::new(Refused { wrong, facts }));
                Err(Error::InvalidCertificate(CertificateError::Other(refused)))
            }
            Err(other) => Err(other),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls12_signature(message, certificate, signed)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signed: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        self.inner.verify_tls13_signature(message, certificate, signed)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}

fn what_is_wrong(error: &CertificateError, facts: Option<&Facts>) -> Wrong {
    match error {
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => Wrong::Expired,
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => Wrong::NotYet,
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => Wrong::OtherName,
        // One that may sign others, as `openssl req -x509` makes it, is refused for that before anything else.
        CertificateError::UnknownIssuer | CertificateError::Other(_)
            if facts.is_some_and(|facts| facts.self_signed) =>
        {
            Wrong::SelfSigned
        }
        CertificateError::UnknownIssuer => Wrong::UnknownAuthority,
        _ => Wrong::Invalid,
    }
}
