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
pub struct Redactor(std::sync::Arc<std::sync::RwLock<(Vec<Secret>, Option<aho_corasick::AhoCorasick>)>>);
impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Redactor")
    }
}
impl Redactor {
    pub fn add(&self, secrets: impl IntoIterator<Item = Secret>) {
        if let Ok(mut held) = self.0.write() {
            held.0.extend(secrets);
            let mut forms = Vec::new();
            for secret in &held.0 {
                let once = serde_json::to_string(secret.expose()).unwrap_or_default().trim_matches('"').to_owned();
                let twice = serde_json::to_string(&once).unwrap_or_default().trim_matches('"').to_owned();
                forms.extend([twice, once, secret.expose().to_owned()]);
            }
            held.1 = aho_corasick::AhoCorasick::builder()
                .match_kind(aho_corasick::MatchKind::LeftmostLongest)
                .build(forms)
                .ok();
        }
    }
    pub fn text(&self, text: &str) -> Redacted<String> {
        match self.known_only(text.as_bytes()) {
            std::borrow::Cow::Borrowed(_) => Redacted(text.to_owned()),
            std::borrow::Cow::Owned(masked) => Redacted(String::from_utf8_lossy(&masked).into_owned()),
        }
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
    pub fn holds_known(&self, text: &str) -> bool {
        matches!(self.known_only(text.as_bytes()), std::borrow::Cow::Owned(_))
    }
    pub fn known_only<'a>(&self, json: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        let Ok(held) = self.0.read() else { return std::borrow::Cow::Borrowed(json) };
        match &held.1 {
            Some(all) if all.find_iter(json).next().is_some() => {
                let masks: Vec<&[u8]> = (0..all.patterns_len()).map(|_| MASK.as_bytes()).collect();
                std::borrow::Cow::Owned(all.replace_all_bytes(json, &masks))
            }
            _ => std::borrow::Cow::Borrowed(json),
        }
    }
    pub fn known_bytes<'a>(&self, bytes: &'a [u8]) -> std::borrow::Cow<'a, [u8]> {
        self.known_only(bytes)
    }
}
