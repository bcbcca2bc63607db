//! Manifests carry a signature: a snapshot that somebody else put into the directory is not restored, and not even opened.
//!
//! Ed25519 (RFC 8032) over `deployops/snapshot/v1`, NUL and the manifest's canonical JSON.

use std::io;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde::{Deserialize, Serialize};

use crate::{
    domain::{canonical, snapshot::SnapshotManifest},
    world::{Paths, WorldError, signing},
};

/// What is signed begins with it.
const PURPOSE: &str = "deployops/snapshot/v1";

/// What a manifest's file holds.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Signed {
    pub(super) manifest: SnapshotManifest,
    signature: String,
}

impl Signed {
    /// Signs with this installation's key, which is made when there is none.
    pub(super) fn new(manifest: SnapshotManifest, paths: &Paths) -> Result<Self, WorldError> {
        let signature = signing::sign(paths, PURPOSE, &text(&manifest)?)?;
        Ok(Self { manifest, signature: BASE64_STANDARD.encode(signature) })
    }

    /// Whether this installation signed it.
    pub(super) fn is_ours(&self, paths: &Paths) -> bool {
        let (Ok(text), Ok(signature)) = (text(&self.manifest), BASE64_STANDARD.decode(&self.signature)) else {
            return false;
        };
        signing::is_ours(paths, PURPOSE, &text, &signature)
    }
}

fn text(manifest: &SnapshotManifest) -> Result<String, WorldError> {
    canonical::to_text("snapshot manifest", manifest)
        .map_err(|e| WorldError::io("sign the manifest of a snapshot", io::Error::other(e)))
}
