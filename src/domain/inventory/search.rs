//! How the web is searched.

use serde::Serialize;
use url::Url;

use super::super::name::SecretName;

/// How the web is searched: by the interface of Brave Search.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SearchAccess {
    /// The base URL of the interface.
    pub api: Url,
    /// The subscription's token.
    pub token: SecretName,
}
