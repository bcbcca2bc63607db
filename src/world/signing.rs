//! The key of this installation: what it signed can be told from what somebody else wrote.
//!
//! Ed25519 (RFC 8032) over a purpose, NUL and a text, so that no signature serves two purposes. The key is made when it is first needed
//! and lies in the data directory.

use std::{fs, io, path::PathBuf};

use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};

use super::{Paths, WorldError, detached::write_durably};
use crate::domain::refusal::Code;

/// Signs with this installation's key, which is made when there is none.
pub(in crate::world) fn sign(paths: &Paths, purpose: &str, text: &str) -> Result<Vec<u8>, WorldError> {
    let key = match key(paths)? {
        Some(key) => key,
        None => create(paths)?,
    };
    Ok(key.sign(&message(purpose, text)).as_ref().to_vec())
}

/// Whether this installation signed it.
pub(in crate::world) fn is_ours(paths: &Paths, purpose: &str, text: &str, signature: &[u8]) -> bool {
    let Ok(Some(key)) = key(paths) else { return false };
    let public = UnparsedPublicKey::new(&ED25519, key.public_key().as_ref());
    public.verify(&message(purpose, text), signature).is_ok()
}

fn message(purpose: &str, text: &str) -> Vec<u8> {
    [purpose.as_bytes(), b"\0", text.as_bytes()].concat()
}

fn path(paths: &Paths) -> PathBuf {
    paths.data.join("snapshot-signing.key")
}

fn key(paths: &Paths) -> Result<Option<Ed25519KeyPair>, WorldError> {
    match fs::read(path(paths)) {
        Ok(bytes) => Ed25519KeyPair::from_pkcs8(&bytes).map(Some).map_err(|error| {
            WorldError::new(
                Code::WorldFailed,
                "read the key that signs snapshots and reports",
                "it is damaged",
                "Restore snapshot-signing.key in the data directory from your own backup; without it no snapshot counts.",
            )
            .because(error.to_string())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WorldError::io("read the key that signs snapshots and reports", error)),
    }
}

/// Two servers may create it at once: whoever is first wins, and both use what is there.
fn create(paths: &Paths) -> Result<Ed25519KeyPair, WorldError> {
    let failed = |problem: &str| {
        WorldError::new(
            Code::WorldFailed,
            "make the key that signs snapshots and reports",
            problem,
            "Look at the server's log.",
        )
    };
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| failed("no random numbers"))?;
    let fresh = paths.data.join(format!("snapshot-signing.{}", std::process::id()));
    write_durably(&fresh, document.as_ref())?;
    let linked = fs::hard_link(&fresh, path(paths));
    let _ = fs::remove_file(&fresh);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(WorldError::io("make the key that signs snapshots and reports", error))
        }
        _ => key(paths)?.ok_or_else(|| failed("it vanished")),
    }
}
