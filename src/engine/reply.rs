//! What goes back to the caller: redacted, and nothing else.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{call::Outcome, render};
use crate::{
    domain::refusal::Refusal,
    redact::{Redacted, Redactor},
    world::browser::Image,
};

/// The result of a tool call.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The text form; its first line is the status.
    pub text: Redacted<String>,
    /// The structured form: the output, or the refusal.
    pub structured: Redacted<Value>,
    /// Pictures that go with it.
    pub pictures: Vec<Image>,
    /// Whether the call was refused.
    pub is_error: bool,
}

impl Reply {
    /// A refusal as a reply, for doors that refuse before a tool is called.
    pub fn refused(redactor: &Redactor, refusal: Refusal) -> Self {
        build(redactor, Err(refusal), None)
    }
}

/// What a call brings.
#[derive(Debug, Clone)]
pub enum Given {
    /// A reply that was made for this call.
    New(Reply),
    /// A reply that others are given as well, until something happens.
    Again(Arc<Reply>),
}

impl Given {
    /// The reply, copied where others have it, too.
    pub fn into_reply(self) -> Reply {
        match self {
            Self::New(reply) => reply,
            Self::Again(reply) => Arc::unwrap_or_clone(reply),
        }
    }
}

impl From<Reply> for Given {
    fn from(reply: Reply) -> Self {
        Self::New(reply)
    }
}

/// Builds the reply. The structure is redacted once; the text is rendered from the redacted structure and checked again, because
/// putting cleaned pieces together can make a new whole.
pub(super) fn build(redactor: &Redactor, outcome: Result<Outcome, Refusal>, head: Option<&str>) -> Reply {
    let (status, mut structured, pictures, is_error) = match outcome {
        Ok(outcome) => {
            let mut output = match outcome.output {
                Value::Object(map) => map,
                other => [("result".to_owned(), other)].into_iter().collect(),
            };
            if !outcome.next.is_empty() {
                output.insert("next".to_owned(), json!(outcome.next));
            }
            (outcome.status, Value::Object(output), outcome.pictures, false)
        }
        Err(refusal) => {
            let status = format!("{}: {}", refusal.code.as_text(), refusal.message);
            (status, json!({ "error": refusal }), Vec::new(), true)
        }
    };
    if let (Value::Object(map), Some(head)) = (&mut structured, head) {
        map.insert("ledger".to_owned(), Value::String(head.to_owned()));
    }
    let structured = redactor.json(structured);
    let text = redactor.text(&render::text(&status, &structured));
    Reply { text, structured, pictures, is_error }
}
