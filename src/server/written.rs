//! Answers that leave as they were written before.
//!
//! rmcp takes a result as a tree of values, so it would need a copy of the tree for every call, to write and to free. A reply that
//! is given again is written once. Its handler leaves the text in the [`Slot`] of the request and gives rmcp a stand-in; what
//! sends the response puts the text into the stand-in's place. Who has no slot, or whose slot is gone, gets the tree.

use std::{
    borrow::Cow,
    collections::{HashMap, hash_map},
    sync::{Arc, Mutex, OnceLock, PoisonError, Weak},
};

use rmcp::{
    RoleServer,
    model::{
        CallToolResult, ClientNotification, ClientRequest, ContentBlock, GetExtensions, JsonRpcMessage, RequestId,
        ServerResult,
    },
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
};

use super::handler::result;
use crate::engine::Reply;

/// What goes through rmcp instead of an answer. Nobody sees it, unless a client gives one id to two calls at once, or takes up a
/// stream again in the very moment between the answer and its sending.
pub(crate) fn stand_in() -> CallToolResult {
    CallToolResult::error(vec![ContentBlock::text(
        "The answer was lost on its way. Call again, each time with a new id.",
    )])
}

/// A result as it stands in a response, and so its stand-in.
#[derive(Debug)]
pub(crate) struct Written {
    result: Vec<u8>,
    stand_in: Vec<u8>,
}

impl Written {
    fn new(reply: &Reply, modern: bool) -> Option<Self> {
        Some(Self { result: write(result(reply.clone()), modern)?, stand_in: write(stand_in(), modern)? })
    }

    /// The response to the request with this id.
    pub(crate) fn response(&self, id: &RequestId) -> Option<Vec<u8>> {
        let mut response = Vec::with_capacity(self.result.len() + 128);
        response.extend_from_slice(b"{\"jsonrpc\":\"2.0\",\"id\":");
        serde_json::to_writer(&mut response, id).ok()?;
        response.extend_from_slice(b",\"result\":");
        response.extend_from_slice(&self.result);
        response.push(b'}');
        Some(response)
    }
}

/// A result as rmcp writes it for this revision of the protocol.
fn write(result: CallToolResult, modern: bool) -> Option<Vec<u8>> {
    let mut result = ServerResult::CallToolResult(result);
    if !modern {
        result.strip_result_type_for_legacy_peer();
        result.strip_non_object_output_for_legacy_peer();
    }
    serde_json::to_vec(&result).ok()
}

/// What was written of the replies that are still given.
#[derive(Debug, Default)]
pub(crate) struct WrittenReplies(Mutex<Vec<Entry>>);

#[derive(Debug)]
struct Entry {
    of: Weak<Reply>,
    modern: bool,
    written: Arc<Written>,
}

impl WrittenReplies {
    /// The reply as it was written, or is now. `modern` is 2026-07-28 and later.
    pub(crate) fn of(&self, reply: &Arc<Reply>, modern: bool) -> Option<Arc<Written>> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let same = |entry: &&Entry| entry.modern == modern && entry.of.as_ptr() == Arc::as_ptr(reply);
        if let Some(entry) = known.iter().find(same) {
            return Some(entry.written.clone());
        }
        let written = Arc::new(Written::new(reply, modern)?);
        known.retain(|entry| entry.of.strong_count() > 0);
        known.push(Entry { of: Arc::downgrade(reply), modern, written: written.clone() });
        Some(written)
    }
}

/// Where whoever sends the response to a request finds what its handler left.
#[derive(Debug, Default)]
pub(crate) struct Slot(Arc<OnceLock<Arc<Written>>>);

/// The handler's end of a [`Slot`], an extension of the request.
#[derive(Debug, Clone)]
pub(crate) struct SlotOf(Weak<OnceLock<Arc<Written>>>);

impl Slot {
    /// The end that goes with the request.
    pub(crate) fn of_request(&self) -> SlotOf {
        SlotOf(Arc::downgrade(&self.0))
    }

    /// This message, or what was left instead of it.
    pub(crate) fn deliver<'a>(&self, message: &'a [u8]) -> Cow<'a, [u8]> {
        let instead = self.0.get().and_then(|written| {
            let envelope = message.strip_suffix(b"}")?.strip_suffix(&*written.stand_in)?;
            Some([envelope, &written.result, b"}"].concat())
        });
        instead.map_or(Cow::Borrowed(message), Cow::Owned)
    }
}

impl SlotOf {
    /// Leaves the answer. False when nobody will look for it.
    pub(crate) fn leave(&self, written: Arc<Written>) -> bool {
        self.0.upgrade().is_some_and(|slot| slot.set(written).is_ok())
    }
}

/// The slots of the tool calls that are under way on one connection.
#[derive(Debug, Default)]
pub(crate) struct Slots(HashMap<RequestId, Slot>);

impl Slots {
    /// Gives a tool call its slot, and takes that of a cancelled one, which gets no answer. A second call with the same id has none.
    pub(crate) fn received(&mut self, message: &mut RxJsonRpcMessage<RoleServer>) {
        match message {
            JsonRpcMessage::Request(call) if matches!(call.request, ClientRequest::CallToolRequest(_)) => {
                if let hash_map::Entry::Vacant(free) = self.0.entry(call.id.clone()) {
                    call.request.extensions_mut().insert(free.insert(Slot::default()).of_request());
                }
            }
            JsonRpcMessage::Notification(told) => {
                if let ClientNotification::CancelledNotification(cancelled) = &told.notification
                    && let Some(id) = &cancelled.params.request_id
                {
                    self.0.remove(id);
                }
            }
            _ => {}
        }
    }

    /// The response that was left for this message to be replaced with. Whatever answers a request takes its slot.
    pub(crate) fn instead_of(&mut self, message: &TxJsonRpcMessage<RoleServer>) -> Option<Vec<u8>> {
        let id = match message {
            JsonRpcMessage::Response(response) => &response.id,
            JsonRpcMessage::Error(error) => error.id.as_ref()?,
            _ => return None,
        };
        self.0.remove(id)?.0.get()?.response(id)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::redact::Redactor;

    fn reply(text: &str) -> Arc<Reply> {
        let redactor = Redactor::default();
        let structured = redactor.json(json!({ "text": text, "list": [1, null, { "deep": "\u{1}\n\"" }] }));
        Arc::new(Reply { text: redactor.text(text), structured, pictures: Vec::new(), is_error: false })
    }

    /// As rmcp would send it.
    fn sent(id: &RequestId, result: CallToolResult, modern: bool) -> Vec<u8> {
        let mut result = ServerResult::CallToolResult(result);
        if !modern {
            result.strip_result_type_for_legacy_peer();
        }
        serde_json::to_vec(&TxJsonRpcMessage::<RoleServer>::response(result, id.clone())).unwrap()
    }

    fn ids() -> [RequestId; 4] {
        [
            RequestId::Number(7),
            RequestId::Number(-1),
            RequestId::String("a\"}\u{7}é".into()),
            RequestId::String("".into()),
        ]
    }

    #[test]
    fn what_was_written_is_what_rmcp_would_have_written() {
        let (replies, reply) = (WrittenReplies::default(), reply("All \"good\".\n"));
        for (id, modern) in ids().into_iter().flat_map(|id| [(id.clone(), false), (id, true)]) {
            let written = replies.of(&reply, modern).unwrap();
            let expected = sent(&id, result((*reply).clone()), modern);
            assert_eq!(written.response(&id).unwrap(), expected);
            let slot = Slot::default();
            assert!(slot.of_request().leave(written.clone()));
            assert_eq!(slot.deliver(&sent(&id, stand_in(), modern)), expected);
            assert!(Arc::ptr_eq(&written, &replies.of(&reply, modern).unwrap()), "it is written once");
        }
    }

    #[test]
    fn only_the_stand_in_is_replaced_and_only_by_what_was_left() {
        let (replies, id) = (WrittenReplies::default(), RequestId::Number(1));
        let written = replies.of(&reply("kept"), false).unwrap();
        let says_so = String::from_utf8(written.stand_in.clone()).unwrap();
        let (slot, empty) = (Slot::default(), Slot::default());
        slot.of_request().leave(written);
        // A text of others that reads like the stand-in is a text.
        let imitation = sent(&id, result((*reply(&says_so)).clone()), false);
        assert_eq!(slot.deliver(&imitation), imitation);
        let stand_in = sent(&id, stand_in(), false);
        assert_eq!(empty.deliver(&stand_in), stand_in);
        let gone = slot.of_request();
        drop(slot);
        assert!(!gone.leave(replies.of(&reply("late"), false).unwrap()));
    }

    #[test]
    fn what_is_no_longer_given_is_forgotten() {
        let replies = WrittenReplies::default();
        for n in 0..100 {
            replies.of(&reply(&n.to_string()), n % 2 == 0).unwrap();
        }
        assert_eq!(replies.0.lock().unwrap().len(), 1);
    }

    fn request(id: i64) -> RxJsonRpcMessage<RoleServer> {
        let call = json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": { "name": "list_services" } });
        serde_json::from_value(call).unwrap()
    }

    fn slot_of(message: &RxJsonRpcMessage<RoleServer>) -> Option<SlotOf> {
        match message {
            JsonRpcMessage::Request(call) => call.request.extensions().get::<SlotOf>().cloned(),
            _ => None,
        }
    }

    #[test]
    fn a_slot_lives_as_long_as_its_call() {
        let (mut slots, replies) = (Slots::default(), WrittenReplies::default());
        let written = replies.of(&reply("kept"), false).unwrap();
        let [mut first, mut twin, mut other] = [request(1), request(1), request(2)];
        for message in [&mut first, &mut twin, &mut other] {
            slots.received(message);
        }
        assert!(slot_of(&twin).is_none(), "its answer might take the place of the other");
        assert!(slot_of(&first).unwrap().leave(written.clone()));
        let answer = |id| {
            TxJsonRpcMessage::<RoleServer>::response(ServerResult::CallToolResult(stand_in()), RequestId::Number(id))
        };
        assert_eq!(slots.instead_of(&answer(1)), written.response(&RequestId::Number(1)));
        assert_eq!(slots.instead_of(&answer(1)), None);
        let cancelled = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": { "requestId": 2 } });
        slots.received(&mut serde_json::from_value(cancelled).unwrap());
        assert!(!slot_of(&other).unwrap().leave(written));
        assert!(slots.0.is_empty());
    }
}
