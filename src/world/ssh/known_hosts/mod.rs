//! Which keys are a host's, by a file in OpenSSH's format (sshd(8), SSH_KNOWN_HOSTS FILE FORMAT).
//!
//! Where OpenSSH and we differ, we are stricter: a host on another port than 22 is known by `[host]:port` alone, a host that is known
//! by any key is not "new" when it offers another one, and a revoked authority or key revokes every certificate that rests on it.

mod certificate;
mod line;
#[cfg(test)]
mod tests;

use line::{Line, Marker};
use russh::keys::{Algorithm, Certificate, HashAlg, PublicKey, PublicKeyOrCertificate, ssh_key::public::KeyData};

use crate::domain::time::Time;

/// The lines of a known_hosts file.
#[derive(Debug, Clone, Default)]
pub(in crate::world) struct KnownHosts {
    lines: Vec<Line>,
    problems: Vec<(usize, &'static str)>,
}

/// What a host offers to prove that it is the host. It has proven already that it holds the private key.
#[derive(Debug, Clone)]
pub(in crate::world) enum Offered {
    /// A key.
    Key(PublicKey),
    /// A key with an authority's certificate.
    Certificate(Certificate),
}

/// Whether what a host offers is its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) enum Judgement {
    /// It is.
    Trusted,
    /// Nothing is known of the host.
    Unknown,
    /// The host is known by other keys or authorities, of whatever algorithm.
    OtherKey {
        /// Their fingerprints, as `SHA256:…`.
        known: Vec<String>,
    },
    /// The key, or the authority behind it, was revoked.
    Revoked,
    /// An authority of the host signed it, but it is not good for the host now, for this reason.
    BadCertificate(String),
}

impl From<&PublicKeyOrCertificate> for Offered {
    fn from(shown: &PublicKeyOrCertificate) -> Self {
        match shown {
            PublicKeyOrCertificate::PublicKey { key, .. } => Self::Key(key.clone()),
            PublicKeyOrCertificate::Certificate(certificate) => Self::Certificate(certificate.clone()),
        }
    }
}

impl Offered {
    /// The key that the host holds.
    pub(in crate::world) fn key(&self) -> &KeyData {
        match self {
            Self::Key(key) => key.key_data(),
            Self::Certificate(certificate) => certificate.public_key(),
        }
    }

    /// The fingerprint of the key that the host holds.
    pub(in crate::world) fn fingerprint(&self) -> String {
        self.key().fingerprint(HashAlg::Sha256).to_string()
    }
}

impl KnownHosts {
    /// Reads a file. A line that cannot be read says nothing and is among the problems.
    pub(in crate::world) fn parse(text: &str) -> Self {
        let mut known = Self::default();
        for (index, text) in text.split('\n').enumerate() {
            match line::parse(text) {
                None => {}
                Some(Ok(line)) => known.lines.push(line),
                Some(Err(problem)) => known.problems.push((index + 1, problem)),
            }
        }
        known
    }

    /// The lines that could not be read, counted from 1, each with what is wrong with it.
    pub(in crate::world) fn problems(&self) -> &[(usize, &'static str)] {
        &self.problems
    }

    /// Judges what `host` offers on `port`.
    pub(in crate::world) fn judge(&self, host: &str, port: u16, offered: &Offered, now: Time) -> Judgement {
        let key = offered.key();
        let authority = match offered {
            Offered::Key(_) => None,
            Offered::Certificate(certificate) => Some(certificate.signature_key()),
        };
        let lines: Vec<&Line> = self.about(host, port).collect();
        let of = |marker| lines.iter().filter(move |line| line.marker == marker).map(|line| line.key.key_data());
        if of(Marker::Revoked).any(|revoked| revoked == key || Some(revoked) == authority) {
            return Judgement::Revoked;
        }
        if let Offered::Certificate(certificate) = offered
            && of(Marker::Authority).any(|known| known == certificate.signature_key())
        {
            let problem = certificate::problem(certificate, &host.to_lowercase(), now);
            return problem.map_or(Judgement::Trusted, Judgement::BadCertificate);
        }
        // A certificate of an authority that is not the host's is no worse than the key in it.
        if of(Marker::Key).any(|known| known == key) {
            return Judgement::Trusted;
        }
        let known: Vec<String> = of(Marker::Key)
            .chain(of(Marker::Authority))
            .map(|known| known.fingerprint(HashAlg::Sha256).to_string())
            .collect();
        if known.is_empty() { Judgement::Unknown } else { Judgement::OtherKey { known } }
    }

    /// The algorithms of the host's keys, best first: a client that offers only these is never shown another key.
    pub(in crate::world) fn algorithms(&self, host: &str, port: u16) -> Vec<Algorithm> {
        let known: Vec<Algorithm> = self.keys_of(host, port, Marker::Key).map(PublicKey::algorithm).collect();
        let wanted = |algorithm: &&Algorithm| known.iter().any(|known| is_same_kind(known, algorithm));
        ALGORITHMS.iter().filter(wanted).cloned().collect()
    }

    /// The algorithms whose certificates the host may show: all, when an authority of the host is known, else none.
    pub(in crate::world) fn certificate_algorithms(&self, host: &str, port: u16) -> Vec<Algorithm> {
        match self.keys_of(host, port, Marker::Authority).next() {
            Some(_) => ALGORITHMS.to_vec(),
            None => Vec::new(),
        }
    }

    fn keys_of(&self, host: &str, port: u16, marker: Marker) -> impl Iterator<Item = &PublicKey> {
        let lines: Vec<&Line> = self.about(host, port).filter(|line| line.marker == marker).collect();
        lines.into_iter().map(|line| &line.key)
    }

    fn about(&self, host: &str, port: u16) -> impl Iterator<Item = &Line> {
        let name = name(host, port);
        self.lines.iter().filter(move |line| line.is_about(&name))
    }
}

/// The algorithms that are good enough for a host key, best first. Not `ssh-rsa`, which signs with SHA-1.
pub(in crate::world) const ALGORITHMS: [Algorithm; 6] = [
    Algorithm::Ed25519,
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP256 },
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP384 },
    Algorithm::Ecdsa { curve: russh::keys::EcdsaCurve::NistP521 },
    Algorithm::Rsa { hash: Some(HashAlg::Sha512) },
    Algorithm::Rsa { hash: Some(HashAlg::Sha256) },
];

/// Whether a key and a way to sign belong together: an RSA key can sign with either hash.
pub(super) fn is_same_kind(key: &Algorithm, signature: &Algorithm) -> bool {
    key == signature || matches!((key, signature), (Algorithm::Rsa { .. }, Algorithm::Rsa { .. }))
}

/// The name by which a host is known: in lower case, with its port unless that is 22.
pub(in crate::world) fn name(host: &str, port: u16) -> String {
    let host = host.to_lowercase();
    if port == 22 { host } else { format!("[{host}]:{port}") }
}
