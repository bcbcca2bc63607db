//! What proves to a host that it is us: exactly one key, from a file, from a secret, or in an agent.

mod agent;
mod file;
mod openssh;
mod parse;
#[cfg(test)]
mod tests;

use std::{fmt, sync::Arc};

use russh::{
    AgentAuthError,
    client::{AuthResult, Handle},
    keys::{
        Certificate, HashAlg, PrivateKey, PrivateKeyWithHashAlg,
        agent::{AgentIdentity, client::AgentClient},
    },
};
use tokio::net::UnixStream;

use super::connection::Client;
use crate::{
    domain::{
        inventory::{SshIdentity, SshLogin},
        name::{HostName, SecretName},
        refusal::Code,
    },
    redact::Secret,
    world::{Reader, WorldError},
};

/// A key, ready to be used.
pub(in crate::world) enum Identity {
    /// For `authenticate_publickey`.
    Key(Arc<PrivateKey>),
    /// For `authenticate_openssh_cert`.
    Certificate {
        /// The key.
        key: Arc<PrivateKey>,
        /// Its certificate.
        certificate: Box<Certificate>,
    },
    /// For `authenticate_publickey_with` and `authenticate_certificate_with`.
    Agent {
        /// A connection to the agent.
        agent: AgentClient<UnixStream>,
        /// The one key that is used, under each name that the agent holds it by: its certificates first, then the key itself.
        identities: Vec<AgentIdentity>,
    },
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Key(_) => "Key(…)",
            Self::Certificate { .. } => "Certificate(…)",
            Self::Agent { .. } => "Agent(…)",
        })
    }
}

impl Identity {
    /// Whether an RSA key signs.
    fn is_rsa(&self) -> bool {
        match self {
            Self::Key(key) | Self::Certificate { key, .. } => key.algorithm().is_rsa(),
            Self::Agent { identities, .. } => identities.iter().any(|held| held.public_key().algorithm().is_rsa()),
        }
    }

    /// The hash to sign with, given what `best_supported_rsa_hash` says of the server. Never SHA-1.
    fn hash(&self, supported: Option<HashAlg>) -> Option<HashAlg> {
        self.is_rsa().then(|| supported.unwrap_or(HashAlg::Sha512))
    }

    /// Logs in.
    pub(in crate::world) async fn authenticate(
        self,
        user: &str,
        handle: &mut Handle<Client>,
    ) -> Result<AuthResult, LoginFault> {
        let supported = if self.is_rsa() { handle.best_supported_rsa_hash().await?.flatten() } else { None };
        let hash = self.hash(supported);
        let (mut agent, identities) = match self {
            Self::Key(key) => {
                return Ok(handle.authenticate_publickey(user, PrivateKeyWithHashAlg::new(key, hash)).await?);
            }
            Self::Certificate { key, certificate } => {
                return Ok(handle.authenticate_openssh_cert(user, key, *certificate).await?);
            }
            Self::Agent { agent, identities } => (agent, identities),
        };
        let mut last = AuthResult::Failure { remaining_methods: russh::MethodSet::empty(), partial_success: false };
        for held in identities {
            last = match held {
                AgentIdentity::PublicKey { key, .. } => {
                    handle.authenticate_publickey_with(user, key, hash, &mut agent).await?
                }
                AgentIdentity::Certificate { certificate, .. } => {
                    handle.authenticate_certificate_with(user, certificate, hash, &mut agent).await?
                }
            };
            if !matches!(last, AuthResult::Failure { partial_success: false, .. }) {
                break;
            }
        }
        Ok(last)
    }
}

/// Why a login could not be tried to its end.
#[derive(Debug)]
pub(in crate::world) enum LoginFault {
    /// The connection ended.
    Connection(russh::Error),
    /// The agent refused to sign.
    Agent(russh::keys::Error),
}

impl From<russh::Error> for LoginFault {
    fn from(error: russh::Error) -> Self {
        Self::Connection(error)
    }
}

impl From<AgentAuthError> for LoginFault {
    fn from(error: AgentAuthError) -> Self {
        match error {
            AgentAuthError::Send(_) => Self::Connection(russh::Error::SendError),
            AgentAuthError::Key(error) => Self::Agent(error),
        }
    }
}

/// The key of a login. Its text is a secret of the redactor before anything is done with it.
///
/// # Errors
/// It is missing, cannot be read by us or can be read by others, is no key, is locked, or does not belong to its certificate.
pub(in crate::world) async fn load(
    reader: Reader<'_>,
    host: &HostName,
    login: &SshLogin,
) -> Result<Identity, WorldError> {
    let doing = format!("log in to host {host} as {}", login.user);
    match &login.identity {
        SshIdentity::File { path, passphrase, certificate } => {
            let text = file::read_key(&doing, host, path)?;
            reader.world.redactor.add([text.clone()]);
            let what = format!("the key {}", path.display());
            let key = key(reader, &doing, &what, text, passphrase.as_ref()).await?;
            match certificate {
                None => Ok(Identity::Key(key)),
                Some(path) => {
                    let certificate = parse::certificate(&doing, path, &key, reader.now())?;
                    Ok(Identity::Certificate { key, certificate: Box::new(certificate) })
                }
            }
        }
        SshIdentity::Secret { key: name, passphrase } => {
            Ok(Identity::Key(key_in_secret(reader, &doing, name, passphrase.as_ref()).await?))
        }
        SshIdentity::Agent { socket, fingerprint } => agent::connect(&doing, socket, fingerprint).await,
    }
}

/// The private key in a secret, for whatever is signed with it.
///
/// # Errors
/// It is missing, is no key, or is locked.
pub(in crate::world) async fn key_in_secret(
    reader: Reader<'_>,
    doing: &str,
    name: &SecretName,
    passphrase: Option<&SecretName>,
) -> Result<Arc<PrivateKey>, WorldError> {
    let text = reader.secret_value(name).await?;
    key(reader, doing, &format!("the secret {name}"), text, passphrase).await
}

/// The private keys of all logins that lie in files, for the redactor. Those that cannot be read are nobody's secret here.
pub(in crate::world) fn keys_in_files(reader: Reader<'_>) -> Vec<Secret> {
    let hosts = reader.inventory().hosts.values();
    let logins = hosts.flat_map(|host| host.logins().map(|login| (&host.name, &login.identity)));
    logins
        .filter_map(|(host, identity)| match identity {
            SshIdentity::File { path, .. } => file::read_key("read keys", host, path).ok(),
            SshIdentity::Secret { .. } | SshIdentity::Agent { .. } => None,
        })
        .collect()
}

async fn key(
    reader: Reader<'_>,
    doing: &str,
    what: &str,
    text: Secret,
    passphrase: Option<&SecretName>,
) -> Result<Arc<PrivateKey>, WorldError> {
    let passphrase = match passphrase {
        Some(name) => Some(reader.secret_value(name).await?),
        None => None,
    };
    parse::key(doing, what, text, passphrase).await.map(Arc::new)
}

fn refused(doing: &str, problem: impl Into<String>, fix: impl Into<String>) -> WorldError {
    WorldError::new(Code::SecretMissing, doing, problem, fix)
}
