//! What leaves over HTTP: looked at as a whole, or event by event.

use std::{
    borrow::Cow,
    pin::Pin,
    task::{Context, Poll},
    time::Duration,
};

use axum::{body::Body, response::Response};
use bytes::{Bytes, BytesMut};
use http::{HeaderMap, HeaderValue, header};
use http_body::Frame;
use http_body_util::BodyExt;
use tokio::time::Sleep;

use super::constant;
use crate::server::{gate::Gate, written::Slot};

/// The response as it may leave: documents whole, event streams event by event, other errors as constant texts. An answer that
/// was left in the slot of the request is put in its place.
pub(crate) async fn clean(response: Response, gate: &Gate, slot: Slot, stream_time: Option<Duration>) -> Response {
    let (mut parts, body) = response.into_parts();
    let kind = kind(&parts.headers);
    if kind == Kind::Events {
        let deadline = stream_time.map(|time| Box::pin(tokio::time::sleep(time)));
        let body = CleanEvents { inner: body, gate: gate.clone(), slot, partial: BytesMut::new(), deadline };
        return Response::from_parts(parts, Body::new(body));
    }
    if kind == Kind::Other && (parts.status.is_client_error() || parts.status.is_server_error()) {
        let mut response = constant::answer(parts.status);
        for kept in [header::WWW_AUTHENTICATE, header::RETRY_AFTER, header::ALLOW, header::CONNECTION] {
            if let Some(value) = parts.headers.remove(&kept) {
                response.headers_mut().insert(kept, value);
            }
        }
        return response;
    }
    let Ok(collected) = body.collect().await else {
        return constant::closing(http::StatusCode::INTERNAL_SERVER_ERROR);
    };
    let bytes = collected.to_bytes();
    let bytes = match slot.deliver(&bytes) {
        Cow::Borrowed(_) => bytes,
        Cow::Owned(answer) => Bytes::from(answer),
    };
    let looked = if kind == Kind::Json { gate.json(&bytes) } else { gate.text(&bytes) };
    let bytes = match looked {
        Cow::Borrowed(_) => bytes,
        Cow::Owned(masked) => Bytes::from(masked),
    };
    parts.headers.remove(header::CONTENT_LENGTH);
    Response::from_parts(parts, Body::from(bytes))
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    Json,
    Events,
    Other,
}

fn kind(headers: &HeaderMap) -> Kind {
    let kind = headers.get(header::CONTENT_TYPE).map_or(&b""[..], HeaderValue::as_bytes);
    if kind.starts_with(b"text/event-stream") {
        Kind::Events
    } else if kind.starts_with(b"application/json") {
        Kind::Json
    } else {
        Kind::Other
    }
}

/// An event stream that lets complete lines out, each looked at. It ends at its deadline; the client opens another.
struct CleanEvents {
    inner: Body,
    gate: Gate,
    slot: Slot,
    /// What does not end in a newline yet.
    partial: BytesMut,
    deadline: Option<Pin<Box<Sleep>>>,
}

impl CleanEvents {
    fn lines(&mut self, data: Bytes) -> Option<Bytes> {
        let whole = if self.partial.is_empty() && data.ends_with(b"\n") {
            data
        } else {
            self.partial.extend_from_slice(&data);
            let end = memchr::memrchr(b'\n', &self.partial)? + 1;
            self.partial.split_to(end).freeze()
        };
        let mut out: Option<Vec<u8>> = None;
        let mut done = 0;
        for line in whole.split_inclusive(|byte| *byte == b'\n') {
            if let Cow::Owned(clean) = self.line(line) {
                out.get_or_insert_with(|| whole.iter().take(done).copied().collect()).extend_from_slice(&clean);
            } else if let Some(out) = &mut out {
                out.extend_from_slice(line);
            }
            done += line.len();
        }
        Some(out.map_or(whole, Bytes::from))
    }

    fn line<'a>(&self, line: &'a [u8]) -> Cow<'a, [u8]> {
        let Some(data) = line.strip_prefix(b"data:") else {
            return self.gate.text(line);
        };
        let document = self.slot.deliver(data.trim_ascii());
        match (self.gate.json(&document), &document) {
            (Cow::Borrowed(_), Cow::Borrowed(_)) => Cow::Borrowed(line),
            (clean, _) => Cow::Owned([&b"data: "[..], &clean, b"\n"].concat()),
        }
    }
}

impl http_body::Body for CleanEvents {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        if self.deadline.as_mut().is_some_and(|deadline| deadline.as_mut().poll(context).is_ready()) {
            return Poll::Ready(None);
        }
        loop {
            match std::task::ready!(Pin::new(&mut self.inner).poll_frame(context)) {
                Some(Ok(frame)) => {
                    // Trailers are none of ours: nobody here writes any.
                    let Ok(data) = frame.into_data() else { continue };
                    if let Some(lines) = self.lines(data) {
                        return Poll::Ready(Some(Ok(Frame::data(lines))));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Some(Err(error))),
                None if self.partial.is_empty() => return Poll::Ready(None),
                None => {
                    let rest = self.partial.split().freeze();
                    let clean = self.line(&rest).into_owned();
                    return Poll::Ready(Some(Ok(Frame::data(Bytes::from(clean)))));
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.partial.is_empty() && self.inner.is_end_stream()
    }
}
