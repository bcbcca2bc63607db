//! How snapshots are kept.

use serde::Serialize;

use super::super::name::SecretName;

/// How snapshots are kept.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct SnapshotStorage {
    /// Whom stored snapshots are encrypted to (`age1…`); to nobody when there is none.
    pub recipients: Vec<String>,
    /// The secret with the identity (`AGE-SECRET-KEY-…`) that decrypts them: without it they could neither be verified nor
    /// restored.
    pub identity: Option<SecretName>,
}
