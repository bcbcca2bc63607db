//! What the server was asked, for a test to look at afterwards.

use std::collections::BTreeMap;

use http::HeaderMap;
use serde_json::Value;

/// One question and how it was answered. The token itself is left out.
#[derive(Debug, Clone)]
pub(crate) struct Asked {
    pub(crate) method: String,
    /// Below the prefix.
    pub(crate) path: String,
    /// As the description writes it: `GET /user`. Empty for what is not served.
    pub(crate) operation: &'static str,
    pub(crate) query: Vec<(String, String)>,
    /// By lower-case names, without `authorization`.
    pub(crate) headers: BTreeMap<String, String>,
    /// Whose token it came with; empty without one.
    pub(crate) login: String,
    /// Null where there was none.
    pub(crate) body: Value,
    /// 0 where no answer was given.
    pub(crate) status: u16,
}

impl Asked {
    /// What the query says, if it says it.
    pub(crate) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }
}

pub(super) fn readable(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = headers.iter().filter(|(name, _)| *name != http::header::AUTHORIZATION);
    shown.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into_owned())).collect()
}
