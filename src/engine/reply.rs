//! What goes back to the caller: redacted, and nothing else.

use serde_json::Value;

use crate::redact::Redacted;

/// The result of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text form; its first line is the status.
    pub text: Redacted<String>,
    /// The structured form: the output, or the refusal.
    pub structured: Redacted<Value>,
    /// Whether the call was refused.
    pub is_error: bool,
}
