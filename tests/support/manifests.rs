//! Manifests of snapshots as an attacker who holds the installation's key would write them.

use std::path::Path;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use deploy_ops_mcp::domain::{canonical, snapshot::SnapshotManifest};
use ring::signature::Ed25519KeyPair;

/// Writes a manifest with a signature that is right, whatever the manifest says.
pub(crate) fn forge(data: &Path, manifest: &SnapshotManifest) {
    let key = Ed25519KeyPair::from_pkcs8(&std::fs::read(data.join("snapshot-signing.key")).unwrap()).unwrap();
    let text = canonical::to_text("snapshot manifest", manifest).unwrap();
    let signature = key.sign(&[b"deployops/snapshot/v1\0", text.as_bytes()].concat());
    write(data, manifest, &BASE64_STANDARD.encode(signature));
}

/// Writes a manifest with that signature.
pub(crate) fn write(data: &Path, manifest: &SnapshotManifest, signature: &str) {
    let signed = serde_json::json!({ "manifest": manifest, "signature": signature });
    std::fs::write(data.join(format!("snapshots/{}.json", manifest.id)), signed.to_string()).unwrap();
}
