//! The last look at every outgoing message.
//!
//! Answers are redacted before they get here. This gate looks at the bytes that leave, whoever made them: the handler, rmcp, or
//! an error path that nobody thought of. It searches for the values that the server holds; only when it finds one does it read
//! and rewrite the message.

use std::{
    borrow::Cow,
    collections::VecDeque,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use serde_json::{Value, json};

use crate::redact::Redactor;

/// Where messages with the same answer differ: their id stands within this many bytes.
const HEAD: usize = 128;
/// How far around a place the redactor looks, bytes.
const REACH: usize = 2 * 1024;
/// Documents that are worth remembering, bytes.
const WORTH: std::ops::Range<usize> = 4 * REACH..256 * 1024;
/// How many are remembered.
const REMEMBERED: usize = 4;

/// The gate of one way out. Clones share what they remember.
#[derive(Clone)]
pub struct Gate {
    redactor: Redactor,
    seen: Arc<Mutex<VecDeque<Seen>>>,
}

/// The end of a long document in which nothing was found. The same answer to another request ends in the same way.
struct Seen {
    /// How many secrets were searched for.
    secrets: usize,
    tail: Box<[u8]>,
}

impl Gate {
    /// A gate that has seen nothing yet.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, seen: Arc::default() }
    }

    /// One serialised JSON document, as it may leave.
    pub fn json<'a>(&self, document: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = self.redactor.secrets();
        let unseen = self.unseen(document, secrets);
        if unseen < document.len() && !self.holds(document.get(..unseen).unwrap_or(document)) {
            return Cow::Borrowed(document);
        }
        match self.redactor.known_only(document) {
            Cow::Borrowed(clean) => {
                self.remember(clean, secrets);
                Cow::Borrowed(clean)
            }
            Cow::Owned(masked) => Cow::Owned(rewritten(&self.redactor, document, masked)),
        }
    }

    /// Bytes that are not JSON.
    pub fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.redactor.known_bytes(bytes)
    }

    fn holds(&self, bytes: &[u8]) -> bool {
        matches!(self.redactor.known_only(bytes), Cow::Owned(_))
    }

    /// How much of the document has to be looked at: what was not seen before, and as much more as a value could reach into.
    fn unseen(&self, document: &[u8], secrets: usize) -> usize {
        if !WORTH.contains(&document.len()) {
            return document.len();
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        let same = seen.iter().find(|seen| seen.secrets == secrets && document.ends_with(&seen.tail));
        same.map_or(document.len(), |seen| document.len() - seen.tail.len() + REACH)
    }

    fn remember(&self, document: &[u8], secrets: usize) {
        if let Some(tail) = document.get(HEAD..).filter(|_| WORTH.contains(&document.len())) {
            let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
            seen.truncate(REMEMBERED - 1);
            seen.push_front(Seen { secrets, tail: tail.into() });
        }
    }
}

impl fmt::Debug for Gate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gate").finish_non_exhaustive()
    }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::redact::Secret;

    const VALUE: &str = "Zq8Lw3RtYk5vHd2P";

    fn message(id: &str, text: &str) -> String {
        let filler = "all is well; ".repeat(1000);
        json!({"id": id, "jsonrpc": "2.0", "result": format!("{text}{filler}")}).to_string()
    }

    fn is_clean(gate: &Gate, id: &str, text: &str) -> bool {
        let sent = message(id, text);
        let left = gate.json(sent.as_bytes());
        assert!(!String::from_utf8_lossy(&left).contains(VALUE), "{id} {text}");
        matches!(left, Cow::Borrowed(_))
    }

    #[test]
    fn what_was_seen_once_is_searched_where_it_is_new() {
        let gate = Gate::new(Redactor::new([Secret::new("KEY", VALUE.to_owned())]).0);
        assert!(is_clean(&gate, "1", ""));
        assert!(gate.unseen(message("2", "").as_bytes(), 1) < 3 * REACH, "it was remembered");
        assert!(is_clean(&gate, "2", ""));
        assert!(!is_clean(&gate, VALUE, ""), "a value in the id");
        assert!(!is_clean(&gate, "3", VALUE), "a value before what is the same");
        assert!(is_clean(&gate, "4", ""));
    }

    #[test]
    fn a_value_is_found_across_the_border_of_what_was_seen() {
        let gate = Gate::new(Redactor::new([Secret::new("KEY", VALUE.to_owned())]).0);
        let (first, second) = VALUE.split_at(8);
        let sent = |before: &str| {
            let begin = format!("{:.<120}{before}", "{\"id\":1,\"result\":\"");
            assert_eq!(begin.len(), HEAD);
            format!("{begin}{second} {}\"}}", "all is well; ".repeat(1000))
        };
        assert!(matches!(gate.json(sent("--------").as_bytes()), Cow::Borrowed(_)));
        assert!(!String::from_utf8_lossy(&gate.json(sent(first).as_bytes())).contains(VALUE));
    }

    #[test]
    fn a_secret_that_comes_later_is_searched_for_everywhere() {
        let redactor = Redactor::default();
        let gate = Gate::new(redactor.clone());
        let (filler, held) = ("all is well; ".repeat(1000), format!("{VALUE} "));
        let sent = json!({"id": 1, "result": format!("{filler}{held}{filler}")}).to_string();
        for _ in 0..2 {
            assert!(matches!(gate.json(sent.as_bytes()), Cow::Borrowed(_)));
        }
        redactor.add([Secret::new("KEY", VALUE.to_owned())]);
        assert!(!String::from_utf8_lossy(&gate.json(sent.as_bytes())).contains(VALUE));
    }
}
