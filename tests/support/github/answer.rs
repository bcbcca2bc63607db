//! What a route answers with, before it is made into HTTP.

use std::sync::Arc;

use serde_json::{Value, json};

/// The answer of a route.
#[derive(Debug)]
pub(super) enum Answer {
    One(u16, Value),
    /// A list that goes by pages.
    List(Vec<Arc<Value>>),
    /// The same below a key, beside `total_count` and other fields.
    Listed(&'static str, Vec<Arc<Value>>, Value),
    /// A list that goes by cursors.
    Cursor(Vec<Arc<Value>>),
    /// Done, and nothing to say.
    Done,
    /// What is asked for is somewhere else.
    Elsewhere(String),
    /// The server says why not.
    Refused(u16, String),
}

impl Answer {
    pub(super) fn found(thing: Option<&Arc<Value>>) -> Self {
        thing.map_or_else(Self::not_found, |thing| Self::One(200, thing.as_ref().clone()))
    }

    pub(super) fn listed(key: &'static str, items: Vec<Arc<Value>>) -> Self {
        Self::Listed(key, items, json!({}))
    }

    pub(super) fn not_found() -> Self {
        Self::Refused(404, "Not Found".to_owned())
    }

    pub(super) fn invalid(why: &str) -> Self {
        Self::Refused(422, format!("Validation Failed: {why}"))
    }
}

/// The body of an error.
pub(super) fn refusal(status: u16, message: &str) -> Value {
    json!({ "message": message, "documentation_url": "https://docs.example.org/rest", "status": status.to_string() })
}
