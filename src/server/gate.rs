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

/// What stands between the id of an answer and the answer itself. Inside a string its quotes would be escaped, so the first of them is
/// that of the envelope; and because no form of a value goes on across these letters, each side can be looked at alone.
const BORDER: &[u8] = b",\"result\":{";
/// The border stands within this many bytes, or the message is looked at as a whole.
const HEAD: usize = 256;
/// Answers that are worth remembering, bytes.
const WORTH: std::ops::Range<usize> = 512..256 * 1024;
/// How many are remembered.
const REMEMBERED: usize = 8;

/// The gate of one way out. Clones share what they remember.
#[derive(Clone)]
pub struct Gate {
    redactor: Redactor,
    seen: Arc<Mutex<VecDeque<Seen>>>,
}

/// An answer in which nothing was found. The same one to another request differs in its envelope alone.
struct Seen {
    /// How many secrets were searched for.
    secrets: usize,
    answer: Box<[u8]>,
}

impl Gate {
    /// A gate that has seen nothing yet.
    pub fn new(redactor: Redactor) -> Self {
        Self { redactor, seen: Arc::default() }
    }

    /// One serialised JSON document, as it may leave.
    pub fn json<'a>(&self, document: &'a [u8]) -> Cow<'a, [u8]> {
        let secrets = self.redactor.secrets();
        let parts = parts(document);
        if let Some((envelope, answer)) = parts
            && self.was_seen(answer, secrets)
            && self.is_clean(envelope)
        {
            return Cow::Borrowed(document);
        }
        match self.redactor.known_only(document) {
            Cow::Borrowed(clean) => {
                if let Some((_, answer)) = parts {
                    self.remember(answer, secrets);
                }
                Cow::Borrowed(clean)
            }
            Cow::Owned(masked) => Cow::Owned(rewritten(&self.redactor, document, masked)),
        }
    }

    /// Bytes that are not JSON.
    pub fn text<'a>(&self, bytes: &'a [u8]) -> Cow<'a, [u8]> {
        self.redactor.known_bytes(bytes)
    }

    fn is_clean(&self, bytes: &[u8]) -> bool {
        matches!(self.redactor.known_only(bytes), Cow::Borrowed(_))
    }

    fn was_seen(&self, answer: &[u8], secrets: usize) -> bool {
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.iter().any(|seen| seen.secrets == secrets && *seen.answer == *answer)
    }

    fn remember(&self, answer: &[u8], secrets: usize) {
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        seen.truncate(REMEMBERED - 1);
        seen.push_front(Seen { secrets, answer: answer.into() });
    }
}

/// The envelope of a response, border included, and the answer in it, where that is worth remembering.
fn parts(document: &[u8]) -> Option<(&[u8], &[u8])> {
    let head = document.get(..HEAD).filter(|_| WORTH.contains(&document.len()))?;
    document.split_at_checked(memchr::memmem::find(head, BORDER)? + BORDER.len())
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
        json!({"id": id, "jsonrpc": "2.0", "result": {"text": format!("{text}{filler}")}}).to_string()
    }

    fn is_clean(gate: &Gate, id: &str, text: &str) -> bool {
        let sent = message(id, text);
        let left = gate.json(sent.as_bytes());
        assert!(!String::from_utf8_lossy(&left).contains(VALUE), "{id} {text}");
        matches!(left, Cow::Borrowed(_))
    }

    fn was_seen(gate: &Gate, document: &str) -> bool {
        parts(document.as_bytes()).is_some_and(|(_, answer)| gate.was_seen(answer, gate.redactor.secrets()))
    }

    #[test]
    fn what_was_seen_once_is_searched_where_it_is_new() {
        let gate = Gate::new(Redactor::new([Secret::new("KEY", VALUE.to_owned())]).0);
        assert!(is_clean(&gate, "1", ""));
        assert!(was_seen(&gate, &message("2", "")), "it was remembered");
        assert!(is_clean(&gate, "2", ""));
        assert!(!is_clean(&gate, VALUE, ""), "a value in the id");
        assert!(!is_clean(&gate, "3", VALUE), "a value in an answer that was not seen");
        assert!(is_clean(&gate, "4", ""));
    }

    /// Whatever stands in the id: an answer that was seen leaves as it would have left at first.
    #[test]
    fn an_id_cannot_move_the_border() {
        let (first, second) = VALUE.split_at(8);
        let border = String::from_utf8(BORDER.to_vec()).unwrap();
        for id in
            ["1", VALUE, first, &border, &format!("{border}{first}"), &format!("{VALUE}{border}"), &"9".repeat(HEAD)]
        {
            for text in ["", second, &format!("{border}{second}"), VALUE] {
                let fresh = Gate::new(Redactor::new([Secret::new("KEY", VALUE.to_owned())]).0);
                let used = Gate::new(fresh.redactor.clone());
                used.json(message("1", text).as_bytes());
                let sent = message(id, text);
                assert_eq!(used.json(sent.as_bytes()), fresh.json(sent.as_bytes()), "{id} {text}");
            }
        }
    }

    #[test]
    fn a_message_without_a_border_is_searched_as_a_whole() {
        let gate = Gate::new(Redactor::new([Secret::new("KEY", VALUE.to_owned())]).0);
        let (first, second) = VALUE.split_at(8);
        let sent = |before: &str| {
            let begin = format!("{:.<248}{before}", "{\"id\":1,\"result\":\"");
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
        let sent = json!({"id": 1, "result": {"text": format!("{filler}{held}{filler}")}}).to_string();
        for _ in 0..2 {
            assert!(matches!(gate.json(sent.as_bytes()), Cow::Borrowed(_)));
        }
        assert!(was_seen(&gate, &sent));
        redactor.add([Secret::new("KEY", VALUE.to_owned())]);
        assert!(!String::from_utf8_lossy(&gate.json(sent.as_bytes())).contains(VALUE));
    }
}
