//! From the text of a key or a certificate to the thing itself. What libraries say about a text is not repeated: it may quote it.

use std::path::Path;

use russh::keys::{Algorithm, Certificate, PrivateKey, decode_secret_key, ssh_key::certificate::CertType};

use super::{file, openssh::Envelope, refused};
use crate::{
    domain::time::Time,
    redact::Secret,
    world::{WorldError, blocking::blocking},
};

/// The key of a text in OpenSSH's format, PKCS#1, PKCS#8 or SEC 1. Decrypting takes its time, so a thread of its own does it.
pub(super) async fn key(
    doing: &str,
    what: &str,
    text: Secret,
    passphrase: Option<Secret>,
) -> Result<PrivateKey, WorldError> {
    let (doing, what) = (doing.to_owned(), what.to_owned());
    blocking(move || {
        let encrypted = is_encrypted(text.expose());
        let no_key = || {
            let fix = "Give a private key as ssh-keygen writes it; keys in other formats are converted by `ssh-keygen -p -f FILE`.";
            refused(&doing, format!("{what} is not a private key that can be read"), fix)
        };
        let key = match (encrypted, passphrase) {
            (None, _) => return Err(no_key()),
            (Some(true), None) => {
                let fix = "Add passphrase = \"SECRET\" beside it, a secret of [secrets]; a login may use an agent as well (agent_key).";
                return Err(refused(&doing, format!("{what} is encrypted, and no passphrase is given"), fix));
            }
            (Some(true), Some(passphrase)) => {
                read(text.expose(), Some(passphrase.expose())).ok_or_else(|| {
                    let problem = format!("{what} cannot be decrypted: the passphrase is wrong, or the key is damaged");
                    refused(&doing, problem, "Correct the secret that holds the passphrase.")
                })?
            }
            (Some(false), _) => read(text.expose(), None).ok_or_else(no_key)?,
        };
        match key.algorithm() {
            Algorithm::Ed25519 | Algorithm::Ecdsa { .. } | Algorithm::Rsa { .. } => Ok(key),
            _ => {
                let problem = format!("{what} is a key of a kind that is not served");
                Err(refused(&doing, problem, "Use an ed25519 key; keys of devices are used through an agent (agent_key)."))
            }
        }
    })
    .await
}

fn read(text: &str, passphrase: Option<&str>) -> Option<PrivateKey> {
    let read = decode_secret_key(text, passphrase).ok();
    read.or_else(|| Envelope::of(text).and_then(|envelope| envelope.p256(passphrase)).ok())
}

/// Whether the text is an encrypted key; `None` when it is no key, or is encrypted in a way of old that the library does not know
/// (`Proc-Type`, but for RSA with AES-128).
fn is_encrypted(text: &str) -> Option<bool> {
    if text.contains("-----BEGIN OPENSSH PRIVATE KEY-----") {
        return Envelope::of(text).ok().map(|envelope| envelope.is_encrypted());
    }
    if text.contains("Proc-Type: 4,ENCRYPTED") {
        return (text.contains("-----BEGIN RSA PRIVATE KEY-----") && text.contains("DEK-Info: AES-128-CBC,"))
            .then_some(true);
    }
    text.contains("PRIVATE KEY-----").then(|| text.contains("-----BEGIN ENCRYPTED PRIVATE KEY-----"))
}

/// The user certificate in a file, for that key, valid now.
pub(super) fn certificate(doing: &str, path: &Path, key: &PrivateKey, now: Time) -> Result<Certificate, WorldError> {
    let shown = path.display();
    let text = file::read_public(doing, path)?;
    let fix = "Let the authority sign the public key again: ssh-keygen -s AUTHORITY -I ID -n USER KEY.pub";
    let wrong = |problem: &str| refused(doing, format!("the certificate {shown} {problem}"), fix);
    let certificate = Certificate::from_openssh(text.trim()).map_err(|_| wrong("is not a certificate"))?;
    let seconds = u64::try_from(now.as_millis() / 1000).unwrap_or(0);
    if certificate.public_key() != key.public_key().key_data() {
        Err(wrong("belongs to another key"))
    } else if certificate.cert_type() != CertType::User {
        Err(wrong("is a host's, not a user's"))
    } else if certificate.algorithm().is_rsa() {
        // The client library would sign with SHA-1, which no current server accepts.
        Err(refused(
            doing,
            format!("the certificate {shown} is of an RSA key"),
            "Use an ed25519 key with a certificate.",
        ))
    } else if seconds < certificate.valid_after() || seconds >= certificate.valid_before() {
        Err(wrong("is not valid now"))
    } else {
        Ok(certificate)
    }
}
