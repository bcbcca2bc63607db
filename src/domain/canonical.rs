//! Canonical JSON (RFC 8785): one value has one text, so it has one digest.

use serde::Serialize;

use super::digest::Digest;

/// A value that has no canonical JSON, for example a map whose keys are not texts.
#[derive(Debug, thiserror::Error)]
#[error("cannot write the {what} as canonical JSON")]
pub struct NotCanonical {
    what: &'static str,
    #[source]
    source: serde_json::Error,
}

/// The canonical JSON of `value`; `what` names it in the error.
pub fn to_text<T: Serialize>(what: &'static str, value: &T) -> Result<String, NotCanonical> {
    serde_json_canonicalizer::to_string(value).map_err(|source| NotCanonical { what, source })
}

/// The digest of the canonical JSON of `value`, for the purpose `deployops/<what>/v1`.
pub fn digest<T: Serialize>(what: &'static str, value: &T) -> Result<Digest, NotCanonical> {
    Ok(Digest::of_domain(&format!("deployops/{what}/v1"), to_text(what, value)?.as_bytes()))
}
