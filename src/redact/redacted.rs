//! Proof that a value went through the redactor.

use std::fmt;
use std::ops::Deref;

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A value in which nothing known to be secret is left. Only a [`Redactor`](super::Redactor) makes one.
///
/// It can be read and serialised but not changed, and it cannot be deserialised: what comes in from outside proves nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Redacted<T>(T);

impl<T> Redacted<T> {
    pub(super) fn new(value: T) -> Self {
        Self(value)
    }

    pub fn into_inner(self) -> T {
        self.0
    }
}

impl Redacted<String> {
    /// A text of the program itself.
    pub fn constant(text: &'static str) -> Self {
        Self(text.to_owned())
    }
}

impl Redacted<Value> {
    /// The compact JSON text.
    pub fn to_json(&self) -> String {
        self.0.to_string()
    }
}

impl<T> Deref for Redacted<T> {
    type Target = T;

    fn deref(&self) -> &T {
        &self.0
    }
}

impl AsRef<str> for Redacted<String> {
    fn as_ref(&self) -> &str {
        &self.0
    }
}

impl AsRef<Value> for Redacted<Value> {
    fn as_ref(&self) -> &Value {
        &self.0
    }
}

impl fmt::Display for Redacted<String> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Display for Redacted<Value> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl<T: Serialize> Serialize for Redacted<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}
