//! The keys that a host shows, for a human to compare. Nobody logs in, but at the hosts on the way.

use std::{sync::Arc, time::Duration};

use russh::{
    client::{self, Handler},
    keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate},
};
use tokio::time::timeout;

use super::{
    Remote, Role,
    known_hosts::{ALGORITHMS, Judgement, Offered, is_same_kind, name},
    trust::{Trust, preferred},
    unreachable,
};
use crate::{
    domain::{name::HostName, refusal::Code},
    world::{Reader, WorldError},
};

/// How long a host may take to show one key.
const PATIENCE: Duration = Duration::from_secs(15);

/// A key that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ShownKey {
    /// Its kind, as in a known_hosts file.
    pub kind: String,
    /// Its fingerprint, as `SHA256:…`.
    pub fingerprint: String,
    /// What is known of it.
    pub standing: Standing,
    /// The line of a known_hosts file that knows it.
    pub line: String,
}

/// What is known of a key that a host showed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// It is one of the host's own.
    Known,
    /// No key of this kind is known of the host.
    New,
    /// Another key of this kind, or pins that do not hold it, are known of the host.
    Other,
    /// It was revoked.
    Revoked,
    /// Its certificate is refused, for this reason.
    BadCertificate(String),
}

impl Reader<'_> {
    /// Asks a host for its keys, one connection for each kind, and compares them with what is known. Nothing is trusted by it.
    ///
    /// # Errors
    /// The host is not reached by SSH, or does not answer, or the one on the way to it cannot be used.
    pub async fn shown_keys(self, host: &HostName) -> Result<Vec<ShownKey>, WorldError> {
        let Some(remote) = self.remote(host, Role::Deploy) else {
            let doing = format!("ask host {host} for its keys");
            let fix = "Name a host of kind ssh of deploy-ops.toml.";
            return Err(WorldError::new(Code::UnknownName, doing, "it is not a host over SSH", fix));
        };
        let trust = Trust::load(host, remote.host).await?;
        let mut shown = Vec::new();
        for kind in KINDS {
            let algorithms = ALGORITHMS.iter().filter(|algorithm| is_same_kind(&kind, algorithm)).cloned().collect();
            if let Some(offered) = remote.ask(algorithms, Vec::new()).await? {
                shown.extend(remote.described(&trust, &offered));
            }
        }
        if let Some(offered) = remote.ask(Vec::new(), ALGORITHMS.to_vec()).await? {
            shown.extend(remote.described(&trust, &offered));
        }
        Ok(shown)
    }
}

impl Remote<'_> {
    /// What the host shows when it may use these algorithms; nothing when it has no such key.
    async fn ask(&self, keys: Vec<Algorithm>, certificates: Vec<Algorithm>) -> Result<Option<Offered>, WorldError> {
        let config = client::Config { preferred: preferred(keys, certificates), ..client::Config::default() };
        let (sender, mut shown) = tokio::sync::mpsc::channel(1);
        let (config, looking) = (Arc::new(config), Looking(sender));
        let (address, port) = (self.host.address.as_str(), self.host.port);
        let answer = match &self.host.jump {
            None => timeout(PATIENCE, client::connect(config, (address, port), looking)).await,
            Some(jump) => {
                let Some(through) = self.reader.remote(jump, Role::Deploy) else {
                    return Err(unreachable(self.name, "the host on the way is not one over SSH", CHECK));
                };
                let stream = through.connection().await?.tcp(self.name, address, port).await?;
                timeout(PATIENCE, client::connect_stream(config, stream, looking)).await
            }
        };
        if let Ok(offered) = shown.try_recv() {
            return Ok(Some(offered));
        }
        match answer {
            Ok(Err(russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. })) => Ok(None),
            Ok(Err(error)) => Err(unreachable(self.name, "it does not answer as an SSH server", CHECK).because(error)),
            Ok(Ok(_)) => Err(unreachable(self.name, "it showed no key", CHECK)),
            Err(_) => Err(unreachable(self.name, "it showed no key within 15 s", CHECK)),
        }
    }

    fn described(&self, trust: &Trust, offered: &Offered) -> Option<ShownKey> {
        let key = PublicKey::new(offered.key().clone(), "");
        let kind = match offered {
            Offered::Key(_) => key.algorithm().as_str().to_owned(),
            Offered::Certificate(_) => key.algorithm().to_certificate_type(),
        };
        let standing = match trust.judge(offered, self.reader.now()) {
            Judgement::Trusted => Standing::Known,
            Judgement::Revoked => Standing::Revoked,
            Judgement::BadCertificate(problem) => Standing::BadCertificate(problem),
            Judgement::OtherKey { .. } if trust.knows_kind_of(offered) => Standing::Other,
            Judgement::OtherKey { .. } | Judgement::Unknown => Standing::New,
        };
        let line = format!("{} {}", name(&self.host.address, self.host.port), key.to_openssh().ok()?.trim());
        Some(ShownKey { kind, fingerprint: offered.fingerprint(), standing, line })
    }
}

const CHECK: &str = "Check that SSH answers there, and address and port in deploy-ops.toml.";

/// One algorithm of each kind of key.
const KINDS: [Algorithm; 5] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
];

/// Takes the key and goes.
struct Looking(tokio::sync::mpsc::Sender<Offered>);

impl Handler for Looking {
    type Error = russh::Error;

    async fn check_server_key(&mut self, shown: &PublicKeyOrCertificate) -> Result<bool, Self::Error> {
        // There is room for the one key of a connection.
        let _ = self.0.try_send(Offered::from(shown));
        Ok(false)
    }
}
