//! What is kept of what a process writes.

use std::collections::VecDeque;

use sha2::{Digest as _, Sha256};

use crate::domain::digest::Digest;

/// How much is kept of the begin, and again of the end, bytes.
const KEPT: usize = 64 * 1024;

/// Takes what a process writes, piece by piece.
pub(crate) trait Sink: Send {
    /// The next piece. Must not fail and must not block for long: the process waits meanwhile.
    fn take(&mut self, bytes: &[u8]);
}

/// Output of a process: its begin and its end, the size and digest of all of it. Others wrote it: it is untrusted and not
/// redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Captured {
    /// The first part.
    pub head: Vec<u8>,
    /// The last part, when it does not follow the first part at once.
    pub tail: Vec<u8>,
    /// How much was written, bytes.
    pub bytes: u64,
    /// Whether the middle is missing.
    pub truncated: bool,
    /// SHA-256 of all that was written.
    pub digest: Digest,
}

impl Captured {
    /// The text, with a line that says what is missing. Bytes that are not UTF-8 become U+FFFD.
    pub fn text(&self) -> String {
        let head = String::from_utf8_lossy(&self.head);
        let tail = String::from_utf8_lossy(&self.tail);
        if self.truncated {
            let left_out = self.bytes.saturating_sub((self.head.len() + self.tail.len()) as u64);
            format!("{head}\n[{left_out} bytes left out]\n{tail}")
        } else {
            format!("{head}{tail}")
        }
    }

    /// The last `limit` bytes of the text, from a line's begin where there is one.
    pub fn last(&self, limit: usize) -> String {
        last_lines(&self.text(), limit)
    }
}

/// The last `limit` bytes of a text, from a line's begin where there is one.
pub(crate) fn last_lines(text: &str, limit: usize) -> String {
    if text.len() <= limit {
        return text.to_owned();
    }
    let mut from = text.len() - limit;
    while !text.is_char_boundary(from) {
        from += 1;
    }
    let rest = text.get(from..).unwrap_or_default();
    let rest = rest.split_once('\n').map_or(rest, |(_, after)| if after.is_empty() { rest } else { after });
    format!("[earlier output left out]\n{rest}")
}

/// Collects a [`Captured`].
#[derive(Default)]
pub(crate) struct Capture {
    head: Vec<u8>,
    tail: VecDeque<u8>,
    bytes: u64,
    hash: Sha256,
}

impl Capture {
    pub(crate) fn finish(self) -> Captured {
        let kept = (self.head.len() + self.tail.len()) as u64;
        Captured {
            head: self.head,
            tail: self.tail.into(),
            bytes: self.bytes,
            truncated: self.bytes > kept,
            digest: Digest::from_bytes(self.hash.finalize().into()),
        }
    }
}

impl Sink for Capture {
    fn take(&mut self, bytes: &[u8]) {
        self.bytes += bytes.len() as u64;
        self.hash.update(bytes);
        let (first, rest) = bytes.split_at((KEPT - self.head.len()).min(bytes.len()));
        self.head.extend_from_slice(first);
        let rest = rest.get(rest.len().saturating_sub(KEPT)..).unwrap_or_default();
        let excess = (self.tail.len() + rest.len()).saturating_sub(KEPT);
        self.tail.drain(..excess);
        self.tail.extend(rest);
    }
}
