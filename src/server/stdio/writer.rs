//! Everything that leaves through stdout passes here, line by line.
//!
//! rmcp writes and flushes every message by itself. This writer looks at each complete line (see [`crate::server::gate`]) and
//! hands it to one task, which writes whatever has collected in one go: with many calls in flight that saves most system calls.

use std::{
    borrow::Cow,
    future::Future,
    io,
    pin::Pin,
    task::{Context, Poll, ready},
};

use memchr::memrchr;
use tokio::{
    io::{AsyncWrite, AsyncWriteExt},
    sync::mpsc,
    task::JoinHandle,
};
use tokio_util::sync::PollSender;

use crate::{redact::Redactor, server::gate::Gate};

/// Messages that may wait for a slow client before handlers wait too.
const QUEUE: usize = 64;

/// The writing end that rmcp gets.
#[derive(Debug)]
pub struct GateWriter {
    outbox: Outbox,
    /// What does not end in a newline yet.
    line: Vec<u8>,
    queue: PollSender<Vec<u8>>,
}

/// The way out for a message that is written already.
#[derive(Debug, Clone)]
pub(super) struct Outbox {
    gate: Gate,
    queue: mpsc::Sender<Vec<u8>>,
}

impl Outbox {
    /// Looks at the message and sends it; waits only when the client is slow.
    pub(super) fn send(&self, message: Vec<u8>) -> impl Future<Output = io::Result<()>> + Send + 'static {
        let mut line = match self.gate.json(&message) {
            Cow::Borrowed(_) => message,
            Cow::Owned(masked) => masked,
        };
        line.push(b'\n');
        let full = match self.queue.try_send(line) {
            Ok(()) => None,
            Err(unsent) => Some((self.queue.clone(), unsent.into_inner())),
        };
        async move {
            match full {
                Some((queue, line)) => queue.send(line).await.map_err(|_| closed()),
                None => Ok(()),
            }
        }
    }
}

/// A gate in front of `out`, and the task behind it, which ends when the gate is dropped and everything is written.
pub fn gate<W>(mut out: W, redactor: Redactor) -> (GateWriter, JoinHandle<io::Result<()>>)
where
    W: AsyncWrite + Unpin + Send + 'static,
{
    let (queue, mut waiting) = mpsc::channel::<Vec<u8>>(QUEUE);
    let task = tokio::spawn(async move {
        let mut batch = Vec::new();
        let mut messages = Vec::new();
        while waiting.recv_many(&mut messages, QUEUE).await > 0 {
            batch.clear();
            match &mut *messages {
                [only] => std::mem::swap(&mut batch, only),
                many => many.iter().for_each(|message| batch.extend_from_slice(message)),
            }
            messages.clear();
            out.write_all(&batch).await?;
            out.flush().await?;
        }
        Ok(())
    });
    let outbox = Outbox { gate: Gate::new(redactor), queue: queue.clone() };
    (GateWriter { outbox, line: Vec::new(), queue: PollSender::new(queue) }, task)
}

impl GateWriter {
    /// The same way out for messages that rmcp does not write.
    pub(super) fn outbox(&self) -> Outbox {
        self.outbox.clone()
    }

    /// The complete lines so far, as they may leave.
    fn lines(&mut self) -> Option<Vec<u8>> {
        let end = memrchr(b'\n', &self.line)? + 1;
        let rest = self.line.split_off(end);
        let complete = std::mem::replace(&mut self.line, rest);
        let mut clean = None;
        let mut done = 0;
        for line in complete.split_inclusive(|byte| *byte == b'\n') {
            if let Cow::Owned(masked) = self.outbox.gate.json(line.strip_suffix(b"\n").unwrap_or(line)) {
                let out: &mut Vec<u8> = clean.get_or_insert_with(|| complete.iter().take(done).copied().collect());
                out.extend_from_slice(&masked);
                out.push(b'\n');
            } else if let Some(out) = &mut clean {
                out.extend_from_slice(line);
            }
            done += line.len();
        }
        Some(clean.unwrap_or(complete))
    }

    fn poll_send(&mut self, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        if memrchr(b'\n', &self.line).is_none() {
            return Poll::Ready(Ok(()));
        }
        ready!(self.queue.poll_reserve(context)).map_err(|_| closed())?;
        if let Some(lines) = self.lines() {
            self.queue.send_item(lines).map_err(|_| closed())?;
        }
        Poll::Ready(Ok(()))
    }
}

fn closed() -> io::Error {
    io::Error::new(io::ErrorKind::BrokenPipe, "the client does not read any more")
}

impl AsyncWrite for GateWriter {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        ready!(self.poll_send(context))?;
        self.line.extend_from_slice(bytes);
        Poll::Ready(Ok(bytes.len()))
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        self.poll_send(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(self.poll_send(context))?;
        self.queue.close();
        Poll::Ready(Ok(()))
    }
}
