//! The keys that a host shows, for a human to compare. Nobody logs in.

use std::{sync::Arc, time::Duration};

use russh::{
    client::{self, Handler},
    keys::{Algorithm, HashAlg, PublicKey, PublicKeyOrCertificate},
};

use tokio::time::timeout;

use super::{
    Role,
    known_hosts::{ALGORITHMS, Judgement, Offered, is_same_kind, name},
    trust::{Trust, preferred},
};
use crate::{
    domain::{
        inventory::{HostKind, SshHost},
        name::HostName,
        refusal::Code,
    },
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
    pub async fn shown_keys(&self, host: &HostName) -> Result<Vec<ShownKey>, WorldError> {
        let doing = format!("ask host {host} for its keys");
        let ssh = match self.inventory().hosts.get(host).map(|host| &host.kind) {
            Some(HostKind::Ssh(ssh)) => ssh,
            Some(HostKind::Local) => {
                let fix = "Name a host of kind ssh.";
                return Err(WorldError::new(Code::BadArgument, doing, "it is this machine, which has none", fix));
            }
            None => {
                let fix = "Add it to [hosts] in deploy-ops.toml.";
                return Err(WorldError::new(Code::UnknownName, doing, "it is not in the inventory", fix));
            }
        };
        let trust = Trust::load(host, ssh).await?;
        let mut shown = Vec::new();
        for kind in KINDS {
            let algorithms = ALGORITHMS.iter().filter(|algorithm| is_same_kind(&kind, algorithm)).cloned().collect();
            let Some(offered) = self.ask(&doing, ssh, algorithms, Vec::new()).await? else { continue };
            let is_kind_known = trust.knows_kind(|algorithm| is_same_kind(&kind, algorithm));
            shown.extend(self.described(&trust, ssh, &offered, is_kind_known));
        }
        if let Some(offered @ Offered::Certificate(_)) = self.ask(&doing, ssh, Vec::new(), ALGORITHMS.to_vec()).await? {
            shown.extend(self.described(&trust, ssh, &offered, true));
        }
        Ok(shown)
    }

    /// What the host shows when it may use these algorithms; nothing when it has no such key.
    async fn ask(
        &self,
        doing: &str,
        ssh: &SshHost,
        keys: Vec<Algorithm>,
        certificates: Vec<Algorithm>,
    ) -> Result<Option<Offered>, WorldError> {
        let config = client::Config { preferred: preferred(keys, certificates), ..client::Config::default() };
        let (sender, mut shown) = tokio::sync::mpsc::channel(1);
        let (config, looking, address) = (Arc::new(config), Looking(sender), ssh.address.as_str());
        let answer = match &ssh.jump {
            None => timeout(PATIENCE, client::connect(config, (address, ssh.port), looking)).await,
            Some(jump) => {
                let Some(through) = self.remote(jump, Role::Deploy) else {
                    return Err(WorldError::unsupported(doing, "a way through a host that is not one over SSH"));
                };
                let stream = through.tcp(address, ssh.port).await?;
                timeout(PATIENCE, client::connect_stream(config, stream, looking)).await
            }
        };
        if let Ok(offered) = shown.try_recv() {
            return Ok(Some(offered));
        }
        let failed = |problem: &str| {
            let fix = format!("Check that SSH answers at {}.", name(&ssh.address, ssh.port));
            WorldError::new(Code::WorldFailed, doing, problem, fix)
        };
        match answer {
            Ok(Err(russh::Error::NoCommonAlgo { kind: russh::AlgorithmKind::Key, .. })) => Ok(None),
            Ok(Err(error)) => Err(failed("it does not answer as an SSH server").because(error)),
            Ok(Ok(_)) => Err(failed("it went on although its key was refused")),
            Err(_) => Err(failed("it does not answer in time")),
        }
    }

    fn described(&self, trust: &Trust, ssh: &SshHost, offered: &Offered, is_kind_known: bool) -> Option<ShownKey> {
        let key = PublicKey::new(offered.key().clone(), "");
        let kind = match offered {
            Offered::Key(_) => key.algorithm().as_str().to_owned(),
            Offered::Certificate(_) => key.algorithm().to_certificate_type(),
        };
        let standing = match trust.judge(offered, self.now()) {
            Judgement::Trusted => Standing::Known,
            Judgement::Revoked => Standing::Revoked,
            Judgement::BadCertificate(problem) => Standing::BadCertificate(problem),
            Judgement::OtherKey { .. } if is_kind_known => Standing::Other,
            Judgement::OtherKey { .. } | Judgement::Unknown => Standing::New,
        };
        let line = format!("{} {}", name(&ssh.address, ssh.port), key.to_openssh().ok()?.trim());
        Some(ShownKey { kind, fingerprint: offered.fingerprint(), standing, line })
    }
}

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
