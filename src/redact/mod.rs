//! STUB replaced by the real redactor at merge: only the API is real.
#![allow(missing_docs)]
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;
use std::{fmt, ops::Deref};

pub const MASK: &str = "[redacted]";

#[derive(Clone)]
pub struct Secret {
    name: String,
    value: SecretString,
}
impl Secret {
    pub fn new(name: impl Into<String>, value: impl Into<String>) -> Self {
        Self { name: name.into(), value: SecretString::from(value.into()) }
    }
    pub fn name(&self) -> &str {
        &self.name
    }
    pub fn expose(&self) -> &str {
        self.value.expose_secret()
    }
}
impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Secret({})", self.name)
    }
}

#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(transparent)]
pub struct Redacted<T>(T);
impl<T> Deref for Redacted<T> {
    type Target = T;
    fn deref(&self) -> &T {
        &self.0
    }
}
impl<T> Redacted<T> {
    pub fn into_inner(self) -> T {
        self.0
    }
}
impl fmt::Display for Redacted<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[derive(Clone, Default)]
pub struct Redactor(std::sync::Arc<std::sync::RwLock<Vec<Secret>>>);
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}
impl Redactor {
    pub fn add(&self, secrets: impl IntoIterator<Item = Secret>) {
        if let Ok(mut held) = self.0.write() {
            held.extend(secrets);
        }
    }
    pub fn text(&self, text: &str) -> Redacted<String> {
        let mut text = text.to_owned();
        if let Ok(held) = self.0.read() {
            for secret in held.iter() {
                text = text.replace(secret.expose(), MASK);
            }
        }
        Redacted(text)
    }
    pub fn json(&self, value: Value) -> Redacted<Value> {
        Redacted(self.walk(value))
    }
    fn walk(&self, value: Value) -> Value {
        match value {
            Value::String(text) => Value::String(self.text(&text).0),
            Value::Array(items) => Value::Array(items.into_iter().map(|v| self.walk(v)).collect()),
            Value::Object(map) => {
                Value::Object(map.into_iter().map(|(k, v)| (self.text(&k).0, self.walk(v))).collect())
            }
            other => other,
        }
    }
    /// Layer 1 alone: does the text hold a known value?
    pub fn holds_known(&self, text: &str) -> bool {
        self.text(text).0 != text
    }
    pub fn known_only<'a>(&self, json: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let mut text = String::from_utf8_lossy(json).into_owned();
        if let Ok(held) = self.0.read() {
            for secret in held.iter() {
                let escaped = serde_json::to_string(secret.expose()).unwrap_or_default();
                let escaped = escaped.trim_matches('"').to_owned();
                let twice = serde_json::to_string(&escaped).unwrap_or_default();
                for form in [twice.trim_matches('"'), &escaped, secret.expose()] {
                    text = text.replace(form, MASK);
                }
            }
        }
        if text.as_bytes() == json { std::borrow::Cow::Borrowed(json) } else { std::borrow::Cow::Owned(text.into_bytes()) }
    }
    pub fn known_bytes<'a>(&self, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        self.known_only(bytes)
    }
}
