//! Which host keys are a host's.

use russh::keys::{Algorithm, HashAlg, PublicKeyOrCertificate};

use crate::{
    domain::{
        inventory::{HostTrust, SshHost},
        name::HostName,
        refusal::Code,
        time::Time,
    },
    world::WorldError,
};

/// What we trust a host by.
pub(super) struct Trust {
    host: HostName,
    fingerprints: Vec<String>,
}

impl Trust {
    pub(super) fn of(name: &HostName, host: &SshHost) -> Result<Self, WorldError> {
        match &host.trust {
            HostTrust::Pinned { fingerprints } => Ok(Self { host: name.clone(), fingerprints: fingerprints.clone() }),
            HostTrust::KnownHosts { .. } => Err(WorldError::unsupported("read known hosts", "known_hosts")),
        }
    }

    /// The algorithms of plain keys and of certificates that the host may prove itself with.
    pub(super) fn algorithms(&self) -> (Vec<Algorithm>, Vec<Algorithm>) {
        (russh::Preferred::DEFAULT.key.to_vec(), Vec::new())
    }

    /// Judges what the host offers; gives its fingerprint.
    pub(super) fn check(&self, offered: &PublicKeyOrCertificate, _now: Time) -> Result<String, WorldError> {
        if let PublicKeyOrCertificate::PublicKey { key, .. } = offered {
            let fingerprint = key.fingerprint(HashAlg::Sha256).to_string();
            if self.fingerprints.contains(&fingerprint) {
                return Ok(fingerprint);
            }
        }
        Err(WorldError::new(
            Code::HostKeyMismatch,
            format!("reach host {}", self.host),
            "its key is another one than those that are pinned",
            "Compare its keys on a trusted way (deploy-ops host trust) before you change anything.",
        ))
    }
}
