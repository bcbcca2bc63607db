//! The last look at every outgoing message.
//!
//! Answers are redacted before they get here. This gate looks at the bytes that leave, whoever made them: the handler, rmcp, or
//! an error path that nobody thought of. It searches for the values that the server holds; only when it finds one does it read
//! and rewrite the message.

use std::borrow::Cow;

use serde_json::{Value, json};

use crate::redact::Redactor;

/// One serialised JSON document, as it may leave.
pub fn json<'a>(redactor: &Redactor, document: &'a [u8]) -> Cow<'a, [u8]> {
    match redactor.known_only(document) {
        Cow::Borrowed(clean) => Cow::Borrowed(clean),
        Cow::Owned(masked) => Cow::Owned(rewritten(redactor, document, masked)),
    }
}

/// Bytes that are not JSON.
pub fn text<'a>(redactor: &Redactor, bytes: &'a [u8]) -> Cow<'a, [u8]> {
    redactor.known_bytes(bytes)
}

/// The document with every string redacted by both layers. What cannot be read, or still holds a value, leaves as an error.
fn rewritten(redactor: &Redactor, document: &[u8], masked: Vec<u8>) -> Vec<u8> {
    let Ok(value) = serde_json::from_slice::<Value>(document) else {
        return masked;
    };
    let id = value.get("id").filter(|id| id.is_number()).cloned().unwrap_or(Value::Null);
    // The progress token is the client's own number; its key only looks like that of a secret.
    let progress = value.pointer("/params/progressToken").filter(|token| token.is_number()).cloned();
    let mut clean = redactor.json(value).into_inner();
    if let (Some(number), Some(place)) = (progress, clean.pointer_mut("/params/progressToken")) {
        *place = number;
    }
    let clean = serde_json::to_vec(&clean).unwrap_or_default();
    if !clean.is_empty() && matches!(redactor.known_only(&clean), Cow::Borrowed(_)) {
        return clean;
    }
    json!({"jsonrpc": "2.0", "id": id, "error": {"code": -32603, "message": "The answer was withheld."}})
        .to_string()
        .into_bytes()
}
