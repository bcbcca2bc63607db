//! Secrets: from names to values, which never leave this process except into the environment of a granted child.

use std::{
    fmt,
    fs::{self, OpenOptions},
    io::{Read, Seek, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::Sha256;

use super::{
    Reader, World, WorldError,
    process::{self, Invocation},
    ssh,
};
use crate::{
    domain::{digest::Digest, inventory::SecretReference, name::SecretName, refusal::Code, time::Time},
    policy::Permit,
    redact::Secret,
};

/// How long a program that prints a secret may take.
const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);

/// Why a reference could not be turned into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Unresolved {
    /// It is the output of this program.
    NeedsCommand(Vec<String>),
    /// It cannot be read; the sentence says why and what to do, without any part of the value.
    Problem(String),
}

/// Reads a reference: variables, files, credentials. Programs are run here.
pub type Resolve = Arc<dyn Fn(&SecretReference) -> Result<String, Unresolved> + Send + Sync>;

/// The sources of secrets.
#[derive(Clone)]
pub struct SecretStore {
    resolve: Resolve,
}

impl SecretStore {
    /// Secrets read by `resolve`.
    pub fn new(resolve: Resolve) -> Self {
        Self { resolve }
    }
}

impl Default for SecretStore {
    fn default() -> Self {
        Self::new(Arc::new(|_| Err(Unresolved::Problem("this server reads no secrets".to_owned()))))
    }
}

impl fmt::Debug for SecretStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SecretStore")
    }
}

/// What may be said about a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretState {
    /// Whether it can be read and is not empty.
    pub exists: bool,
    /// Where it comes from: `env`, `file`, `command` or `credential`.
    pub source: &'static str,
    /// When its file was last written (UTC), for files.
    pub changed_at: Option<Time>,
    /// Why it cannot be read.
    pub problem: Option<String>,
}

impl World {
    /// The value of a secret, to be given to a child of this operation.
    pub async fn secret(&self, permit: &Permit, name: &SecretName) -> Result<Secret, WorldError> {
        let _ = permit;
        self.reader().secret_value(name).await
    }
}

impl Reader<'_> {
    /// Whether a secret exists; never its value.
    pub async fn secret_exists(&self, name: &SecretName) -> Result<SecretState, WorldError> {
        let reference = self.secret_reference(name)?;
        let changed_at = match reference {
            SecretReference::File { path } => {
                fs::metadata(path).ok().map(|m| Time::from_millis(m.mtime().saturating_mul(1000)))
            }
            _ => None,
        };
        let problem = self.secret_value(name).await.err().map(|error| error.problem);
        Ok(SecretState { exists: problem.is_none(), source: reference.source(), changed_at, problem })
    }

    /// A fingerprint of the value under a key that only this installation has: it changes when the value does, and tells
    /// nothing else.
    pub async fn secret_fingerprint(&self, name: &SecretName) -> Result<Digest, WorldError> {
        let value = self.secret_value(name).await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.installation_key()?).map_err(|error| {
            WorldError::new(
                Code::WorldFailed,
                "fingerprint a secret",
                "the installation key cannot be used",
                "Remove the file fingerprint.key from the data directory; a new one is made.",
            )
            .because(error.to_string())
        })?;
        mac.update(name.as_str().as_bytes());
        mac.update(&[0]);
        mac.update(value.expose().as_bytes());
        Ok(Digest::from_bytes(mac.finalize().into_bytes().into()))
    }

    /// Every secret that can be read, for the redactor, and the names of those that cannot. SSH keys in files are secrets too.
    pub async fn all_for_redaction(&self) -> (Vec<Secret>, Vec<SecretName>) {
        let (mut known, mut unread) = (Vec::new(), Vec::new());
        for name in self.inventory().secrets.keys() {
            match self.secret_value(name).await {
                Ok(secret) => known.push(secret),
                Err(_) => unread.push(name.clone()),
            }
        }
        known.extend(ssh::keys_in_files(*self));
        (known, unread)
    }

    pub(super) async fn secret_value(&self, name: &SecretName) -> Result<Secret, WorldError> {
        let doing = || format!("read secret {name}");
        let missing = |problem: String| {
            WorldError::new(Code::SecretMissing, doing(), problem, "Set the secret where deploy-ops.toml says it is.")
        };
        match (self.world.secrets.resolve)(self.secret_reference(name)?) {
            Ok(value) => Ok(Secret::new(name.as_str(), value)),
            Err(Unresolved::Problem(problem)) => Err(missing(problem)),
            Err(Unresolved::NeedsCommand(argv)) => {
                let invocation = Invocation::of(&argv, &std::env::temp_dir(), COMMAND_TIMEOUT)?;
                let (invocation, mut output) = with_private_output(invocation)?;
                let finished = process::run(invocation).await?;
                if !finished.ending.is_success() {
                    return Err(missing(format!("its program ended by {}", finished.ending.describe())));
                }
                let mut value = String::new();
                output
                    .rewind()
                    .and_then(|()| (&mut output).take(64 * 1024 + 1).read_to_string(&mut value))
                    .map_err(|_| missing("its program did not write UTF-8 text".to_owned()))?;
                let value = value.strip_suffix('\n').unwrap_or(&value);
                let value = value.strip_suffix('\r').unwrap_or(value);
                if value.is_empty() || value.len() > 64 * 1024 {
                    return Err(missing("its program wrote nothing, or more than 64 KiB".to_owned()));
                }
                Ok(Secret::new(name.as_str(), value))
            }
        }
    }

    fn secret_reference(&self, name: &SecretName) -> Result<&SecretReference, WorldError> {
        self.inventory().secrets.get(name).ok_or_else(|| {
            WorldError::new(
                Code::SecretMissing,
                format!("read secret {name}"),
                "deploy-ops.toml does not say where it comes from",
                "Add it to [secrets] as a reference: env:, file:, command: or credential:.",
            )
        })
    }

    /// A name for this installation that says nothing about its key.
    pub(crate) fn installation(self) -> Result<String, WorldError> {
        Ok(Digest::of_domain("deployops/installation/v1", &self.installation_key()?).short())
    }

    /// The key of this installation, made at the first use.
    fn installation_key(self) -> Result<Vec<u8>, WorldError> {
        let path: PathBuf = self.world.paths.data.join("fingerprint.key");
        let io = |e| WorldError::io("use the installation key", e);
        match fs::read(&path) {
            Ok(key) if key.len() == 32 => return Ok(key),
            Ok(_) => {
                return Err(WorldError::new(
                    Code::WorldFailed,
                    "use the installation key",
                    "fingerprint.key in the data directory is damaged",
                    "Remove it; a new one is made, and open plans become stale.",
                ));
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(io(error)),
        }
        fs::create_dir_all(&self.world.paths.data).map_err(io)?;
        let mut key = [0; 32];
        getrandom::fill(&mut key).map_err(|e| io(std::io::Error::other(e.to_string())))?;
        // Written beside and linked: whoever comes second reads the first one's key, never half of one.
        let partial = path.with_extension(format!("key.{}", uuid::Uuid::new_v4().simple()));
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&partial).map_err(io)?;
        file.write_all(&key).and_then(|()| file.sync_all()).map_err(io)?;
        let linked = fs::hard_link(&partial, &path);
        let _ = fs::remove_file(&partial);
        match linked {
            Ok(()) => Ok(key.to_vec()),
            Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => fs::read(&path).map_err(io),
            Err(error) => Err(io(error)),
        }
    }
}

/// Standard output into an unnamed file of ours: a secret never passes through the buffers that keep other output.
fn with_private_output(mut invocation: Invocation) -> Result<(Invocation, fs::File), WorldError> {
    let io = |e| WorldError::io("prepare a program that prints a secret", e);
    let file = tempfile::tempfile().map_err(io)?;
    invocation.output = Some(file.try_clone().map_err(io)?);
    Ok((invocation, file))
}
