//! Manifests carry a signature: a snapshot that somebody else put into the directory is not restored, and not even opened.
//!
//! Ed25519 (RFC 8032) over `deployops/snapshot/v1`, NUL and the manifest's canonical JSON. The key is made at the first snapshot
//! and lies in the data directory.

use std::{fs, io, path::PathBuf};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use ring::{
    rand::SystemRandom,
    signature::{ED25519, Ed25519KeyPair, KeyPair, UnparsedPublicKey},
};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{canonical, refusal::Code, snapshot::SnapshotManifest},
    world::{Paths, WorldError, detached::write_durably},
};

/// What a manifest's file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) manifest: SnapshotManifest,
    signature: String,
}

impl Signed {
    /// Signs with this installation's key, which is made when there is none.
    pub(super) fn new(manifest: SnapshotManifest, paths: &Paths) -> Result<Self, WorldError> {
        let key = match key(paths)? {
            Some(key) => key,
            None => create(paths)?,
        };
        let signature = BASE64_STANDARD.encode(key.sign(&message(&manifest)?));
        Ok(Self { manifest, signature })
    }

    /// Whether this installation signed it.
    pub(super) fn is_ours(&self, paths: &Paths) -> bool {
        let (Ok(Some(key)), Ok(message)) = (key(paths), message(&self.manifest)) else { return false };
        let Ok(signature) = BASE64_STANDARD.decode(&self.signature) else { return false };
        UnparsedPublicKey::new(&ED25519, key.public_key().as_ref()).verify(&message, &signature).is_ok()
    }
}

fn message(manifest: &SnapshotManifest) -> Result<Vec<u8>, WorldError> {
    let text = canonical::to_text("snapshot manifest", manifest)
        .map_err(|e| WorldError::io("sign the manifest of a snapshot", io::Error::other(e)))?;
    Ok([b"deployops/snapshot/v1\0", text.as_bytes()].concat())
}

fn path(paths: &Paths) -> PathBuf {
    paths.data.join("snapshot-signing.key")
}

fn key(paths: &Paths) -> Result<Option<Ed25519KeyPair>, WorldError> {
    match fs::read(path(paths)) {
        Ok(bytes) => Ed25519KeyPair::from_pkcs8(&bytes).map(Some).map_err(|error| {
            WorldError::new(
                Code::WorldFailed,
                "read the key that signs snapshots",
                "it is damaged",
                "Restore snapshot-signing.key in the data directory from your own backup; without it no snapshot counts.",
            )
            .because(error.to_string())
        }),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(WorldError::io("read the key that signs snapshots", error)),
    }
}

/// Two servers may create it at once: whoever is first wins, and both use what is there.
fn create(paths: &Paths) -> Result<Ed25519KeyPair, WorldError> {
    let failed = |problem: &str| {
        WorldError::new(Code::WorldFailed, "make the key that signs snapshots", problem, "Look at the server's log.")
    };
    let document = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).map_err(|_| failed("no random numbers"))?;
    let fresh = paths.data.join(format!("snapshot-signing.{}", std::process::id()));
    write_durably(&fresh, document.as_ref())?;
    let linked = fs::hard_link(&fresh, path(paths));
    let _ = fs::remove_file(&fresh);
    match linked {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => {
            Err(WorldError::io("make the key that signs snapshots", error))
        }
        _ => key(paths)?.ok_or_else(|| failed("it vanished")),
    }
}
