//! One question to the API, as a route sees it.

use std::collections::BTreeMap;

use serde_json::Value;
use url::form_urlencoded;

/// A question that has found its route.
#[derive(Debug)]
pub(super) struct Call {
    /// The path below the prefix.
    pub(super) path: String,
    pub(super) parameters: BTreeMap<&'static str, String>,
    pub(super) query: Vec<(String, String)>,
    pub(super) body: Value,
    /// What it came with; empty without a token.
    pub(super) token: String,
    /// Whose token it came with.
    pub(super) login: String,
    /// The media type that the client wants.
    pub(super) accept: String,
}

impl Call {
    /// A part of the path that the template names.
    pub(super) fn part(&self, name: &str) -> &str {
        &self.parameters[name]
    }

    /// The same where it is a number; what is none finds nothing.
    pub(super) fn number(&self, name: &str) -> u64 {
        self.part(name).parse().unwrap_or(0)
    }

    pub(super) fn asked(&self, name: &str) -> Option<&str> {
        self.query.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// Whether a value is among those that the query wants, which are all if it says none.
    pub(super) fn wants(&self, name: &str, value: &Value) -> bool {
        let value = value.as_str().unwrap_or_default();
        self.asked(name).is_none_or(|wanted| wanted.split(',').any(|it| it == value))
    }
}

/// A query as it is written in an address.
pub(super) fn write_query(query: &[(String, String)]) -> String {
    form_urlencoded::Serializer::new(String::new()).extend_pairs(query).finish()
}

pub(super) fn read_query(text: &str) -> Vec<(String, String)> {
    form_urlencoded::parse(text.as_bytes()).into_owned().collect()
}
