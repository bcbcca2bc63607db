//! The DevTools protocol over the browser's pipe: JSON messages that end with a zero byte. No port is open for it. Dialogs that pages
//! open are refused here.

use std::{collections::VecDeque, io};

use serde::Deserialize;
use serde_json::{Value, json};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::unix::pipe::{Receiver, Sender},
};

/// A longer message ends the connection, bytes. A picture of the largest size is one message.
const LONGEST: usize = 192 * 1024 * 1024;

/// Why the browser did not do what it was told.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// It has ended, or closed the pipe.
    #[error("the browser ended")]
    Ended(#[source] Option<io::Error>),
    /// It sent what is no message.
    #[error("the browser sent what cannot be read")]
    Unreadable,
    /// It refused a command. Its words may hold parts of the page.
    #[error("the browser refused {0}")]
    Refused(&'static str),
}

impl From<io::Error> for Fault {
    fn from(error: io::Error) -> Self {
        Self::Ended(Some(error))
    }
}

/// What happened in the browser.
#[derive(Debug)]
pub(super) struct Event {
    /// In which session.
    pub(super) session: String,
    /// Which event.
    pub(super) method: String,
    /// Its details.
    pub(super) params: Value,
}

#[derive(Deserialize)]
struct Message {
    id: Option<u64>,
    #[serde(default)]
    result: Value,
    error: Option<serde::de::IgnoredAny>,
    method: Option<String>,
    #[serde(default)]
    params: Value,
    #[serde(default, rename = "sessionId")]
    session: String,
}

/// The connection. One command at a time; events that come meanwhile wait.
#[derive(Debug)]
pub(super) struct Wire {
    to: Sender,
    from: Receiver,
    read: Vec<u8>,
    /// How much of `read` is known to hold no end of a message.
    searched: usize,
    last: u64,
    events: VecDeque<Event>,
}

impl Wire {
    pub(super) fn new(to: Sender, from: Receiver) -> Self {
        Self { to, from, read: Vec::new(), searched: 0, last: 0, events: VecDeque::new() }
    }

    /// Gives a command to a session, or to the browser itself when that is empty, and waits for its result.
    pub(super) async fn call(&mut self, session: &str, method: &'static str, params: Value) -> Result<Value, Fault> {
        let id = self.send(session, method, params).await?;
        loop {
            let message = self.receive().await?;
            if message.id == Some(id) {
                return if message.error.is_some() { Err(Fault::Refused(method)) } else { Ok(message.result) };
            }
            self.keep(message).await?;
        }
    }

    /// Gives a command and does not wait for its result. Returns its number.
    pub(super) async fn send(&mut self, session: &str, method: &'static str, params: Value) -> Result<u64, Fault> {
        self.last += 1;
        let mut message = json!({ "id": self.last, "method": method, "params": params });
        if let (false, Some(message)) = (session.is_empty(), message.as_object_mut()) {
            message.insert("sessionId".to_owned(), session.into());
        }
        let mut bytes = message.to_string().into_bytes();
        bytes.push(0);
        self.to.write_all(&bytes).await?;
        Ok(self.last)
    }

    /// The next event. May be given up at any time.
    pub(super) async fn event(&mut self) -> Result<Event, Fault> {
        loop {
            if let Some(event) = self.events.pop_front() {
                return Ok(event);
            }
            let message = self.receive().await?;
            self.keep(message).await?;
        }
    }

    /// Keeps an event. The answer of a command that nobody waits for any more is dropped.
    async fn keep(&mut self, message: Message) -> Result<(), Fault> {
        let Message { method: Some(method), session, params, .. } = message else { return Ok(()) };
        if method == "Page.javascriptDialogOpening" {
            // The page stands still, and with it every command to it, until somebody answers.
            self.send(&session, "Page.handleJavaScriptDialog", json!({ "accept": false })).await?;
        }
        self.events.push_back(Event { session, method, params });
        Ok(())
    }

    /// The events that have come already.
    pub(super) fn waiting(&mut self) -> impl Iterator<Item = Event> + '_ {
        self.events.drain(..)
    }

    async fn receive(&mut self) -> Result<Message, Fault> {
        loop {
            let unsearched = self.read.get(self.searched..).unwrap_or_default();
            if let Some(end) = memchr::memchr(0, unsearched) {
                let end = self.searched + end;
                let message = serde_json::from_slice(self.read.get(..end).unwrap_or_default());
                self.read.drain(..=end);
                self.searched = 0;
                return message.map_err(|_| Fault::Unreadable);
            }
            self.searched = self.read.len();
            if self.searched > LONGEST {
                return Err(Fault::Unreadable);
            }
            self.read.reserve(256 * 1024);
            if self.from.read_buf(&mut self.read).await? == 0 {
                return Err(Fault::Ended(None));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pair() -> (Wire, Sender, Receiver) {
        let pipe = || tokio::net::unix::pipe::pipe().unwrap();
        let ((to, theirs), (from, ours)) = (pipe(), pipe());
        (Wire::new(to, ours), from, theirs)
    }

    #[tokio::test]
    async fn an_answer_is_that_of_the_command_and_events_wait() {
        let (mut wire, mut browser, _commands) = pair();
        let said = "{\"method\":\"A.b\",\"params\":{\"n\":1},\"sessionId\":\"s\"}\0{\"id\":7,\"result\":{\"of\":\"another\"}}\0\
                    {\"id\":1,\"result\":{\"of\":\"it\"}}\0{\"method\":\"C.d\"}\0{\"id\":2,\"error\":{\"message\":\"hunter2\"}}\0";
        // Cut anywhere.
        let speak = async {
            for piece in said.as_bytes().chunks(7) {
                browser.write_all(piece).await.unwrap();
                tokio::task::yield_now().await;
            }
        };
        let listen = async {
            assert_eq!(wire.call("s", "X.y", json!({})).await.unwrap()["of"], "it");
            let refused = wire.call("s", "X.z", json!({})).await.unwrap_err();
            assert_eq!(format!("{refused} {refused:?}"), "the browser refused X.z Refused(\"X.z\")");
            let first = wire.event().await.unwrap();
            assert_eq!((first.session.as_str(), first.method.as_str()), ("s", "A.b"));
            assert_eq!(wire.waiting().map(|event| event.method).collect::<Vec<_>>(), ["C.d"]);
        };
        tokio::join!(speak, listen);
        drop(browser);
        assert!(matches!(wire.event().await, Err(Fault::Ended(None))));
    }

    #[tokio::test]
    async fn what_is_no_message_ends_the_connection() {
        let (mut wire, mut browser, _commands) = pair();
        browser.write_all(b"<html>\0").await.unwrap();
        assert!(matches!(wire.event().await, Err(Fault::Unreadable)));
    }
}
