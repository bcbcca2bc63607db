//! Whether a host is the host: before a connection, which keys it may show; with its key, whether that is its own.

use std::{borrow::Cow, fs::File, io::Read, path::PathBuf};

use russh::{Preferred, keys::Algorithm};

use super::known_hosts::{ALGORITHMS, Judgement, KnownHosts, Offered, is_same_kind, name};
use crate::{
    domain::{
        inventory::{HostTrust, SshHost},
        name::HostName,
        refusal::Code,
        time::Time,
    },
    world::{WorldError, blocking::blocking},
};

/// A larger known_hosts file is refused, bytes.
const FILE_MAX: u64 = 8 * 1024 * 1024;

/// What is known of a host's keys, read once for a connection: a key that was revoked meanwhile counts from the next one on.
#[derive(Debug)]
pub(in crate::world) struct Trust {
    host: HostName,
    address: String,
    port: u16,
    source: Source,
}

#[derive(Debug)]
enum Source {
    Pinned(Vec<String>),
    File { path: PathBuf, known: KnownHosts },
}

impl Trust {
    /// Reads what is known of a host. A known_hosts file that does not exist yet knows nothing.
    ///
    /// # Errors
    /// The file exists and cannot be read.
    pub(in crate::world) async fn load(host: &HostName, ssh: &SshHost) -> Result<Self, WorldError> {
        let source = match &ssh.trust {
            HostTrust::Pinned { fingerprints } => Source::Pinned(fingerprints.clone()),
            HostTrust::KnownHosts { path } => {
                let (host, path) = (host.clone(), path.clone());
                blocking(move || {
                    let text = read(&path).map_err(|error| {
                        WorldError::io(format!("read {}, the known hosts of host {host}", path.display()), error)
                    })?;
                    let known = KnownHosts::parse(&text);
                    for (line, problem) in known.problems() {
                        tracing::warn!(path = %path.display(), line, problem, "a line of known hosts says nothing");
                    }
                    Ok(Source::File { path, known })
                })
                .await?
            }
        };
        Ok(Self { host: host.clone(), address: ssh.address.clone(), port: ssh.port, source })
    }

    /// What the client may offer in the key exchange: the algorithms of known keys and no others, so that a host that has the known
    /// key proves it with that one.
    ///
    /// Fingerprints do not tell the algorithm; with them every good one is offered, and certificates never are.
    ///
    /// # Errors
    /// Nothing is known of the host: there is no reason to connect.
    pub(in crate::world) fn preferred(&self) -> Result<Preferred, WorldError> {
        let (keys, certificates) = match &self.source {
            Source::Pinned(_) => (ALGORITHMS.to_vec(), Vec::new()),
            Source::File { known, .. } => {
                (known.algorithms(&self.address, self.port), known.certificate_algorithms(&self.address, self.port))
            }
        };
        if keys.is_empty() && certificates.is_empty() {
            return Err(self.unknown());
        }
        Ok(preferred(keys, certificates))
    }

    /// Judges what the host offers. A certificate counts against pins as the key in it: the host has proven that it holds that key.
    pub(in crate::world) fn judge(&self, offered: &Offered, now: Time) -> Judgement {
        match &self.source {
            Source::Pinned(pins) if pins.contains(&offered.fingerprint()) => Judgement::Trusted,
            Source::Pinned(pins) => Judgement::OtherKey { known: pins.clone() },
            Source::File { known, .. } => known.judge(&self.address, self.port, offered, now),
        }
    }

    /// The same as what the caller is told: the fingerprint of the host's key.
    ///
    /// # Errors
    /// It is not the host, or nobody knows whether it is.
    pub(in crate::world) fn check(&self, offered: &Offered, now: Time) -> Result<String, WorldError> {
        let seen = offered.fingerprint();
        match self.judge(offered, now) {
            Judgement::Trusted => Ok(seen),
            Judgement::Unknown => Err(self.unknown()),
            Judgement::OtherKey { known } => Err(self.mismatch(format!(
                "it shows the key {seen}, which is not one of its own ({}): another machine may have taken its place",
                known.join(", ")
            ))),
            Judgement::Revoked => Err(self.mismatch(format!("it shows the key {seen}, which was revoked"))),
            Judgement::BadCertificate(problem) => {
                Err(self.mismatch(format!("its certificate for the key {seen} is refused: {problem}")))
            }
        }
    }

    /// Whether something is known of the host that an offer of this kind could contradict. Pins may be of any kind.
    pub(super) fn knows_kind_of(&self, offered: &Offered) -> bool {
        let kind = offered.key().algorithm();
        match &self.source {
            Source::Pinned(_) => true,
            Source::File { known, .. } => {
                let (host, port) = (&self.address, self.port);
                known.algorithms(host, port).iter().any(|known| is_same_kind(&kind, known))
                    || matches!(offered, Offered::Certificate(_))
                        && !known.certificate_algorithms(host, port).is_empty()
            }
        }
    }

    /// What it means that the host shares no host key algorithm with [`Self::preferred`]: it has none of the known keys.
    pub(in crate::world) fn no_common_algorithm(&self) -> WorldError {
        self.mismatch("it has no key of the kinds that are known to be its own".to_owned())
    }

    fn doing(&self) -> String {
        format!("recognise host {} ({})", self.host, name(&self.address, self.port))
    }

    fn mismatch(&self, problem: String) -> WorldError {
        let host = &self.host;
        let fix = format!(
            "Do not go on before you know why: ask whoever runs the host. If its keys were changed, `deploy-ops host trust {host}` \
             shows them and what to do."
        );
        WorldError::new(Code::HostKeyMismatch, self.doing(), problem, fix)
    }

    fn unknown(&self) -> WorldError {
        let problem = match &self.source {
            Source::Pinned(_) => "no key is pinned".to_owned(),
            Source::File { path, .. } => format!("{} knows no key of it", path.display()),
        };
        let fix = format!(
            "Compare its fingerprints on a trusted way and add them: `deploy-ops host trust {} --write` at a terminal.",
            self.host
        );
        WorldError::new(Code::HostKeyUnknown, self.doing(), problem, fix)
    }
}

/// Our choice of everything but the host's keys, which are these.
pub(in crate::world) fn preferred(keys: Vec<Algorithm>, certificates: Vec<Algorithm>) -> Preferred {
    Preferred { key: Cow::Owned(keys), host_key_certificates: Cow::Owned(certificates), ..Preferred::DEFAULT }
}

fn read(path: &std::path::Path) -> std::io::Result<String> {
    let mut text = String::new();
    match File::open(path) {
        Ok(file) if file.metadata()?.is_file() => {
            if file.take(FILE_MAX + 1).read_to_string(&mut text)? > usize::try_from(FILE_MAX).unwrap_or(usize::MAX) {
                return Err(std::io::ErrorKind::FileTooLarge.into());
            }
            Ok(text)
        }
        Ok(_) => Err(std::io::ErrorKind::InvalidInput.into()),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(text),
        Err(error) => Err(error),
    }
}
