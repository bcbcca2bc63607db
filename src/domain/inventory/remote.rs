//! Where tags are fetched from.

use serde::Serialize;
use url::Url;

use super::super::name::SecretName;

/// The remote of a service's repository.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Remote {
    /// `https` or `file`, without user and password; `http` on the loopback alone.
    pub url: Url,
    /// The secret that holds the token for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub token: Option<SecretName>,
    /// How long it may take to answer, or to give a tag, s.
    pub timeout_s: u32,
}
