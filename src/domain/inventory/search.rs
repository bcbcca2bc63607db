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
    /// How many pages are shown, 1 to 20.
    pub results: u32,
    /// The language of pages, as the service names it: `de`, `pt-br`; any, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// Where pages come from: two letters; anywhere, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
}
