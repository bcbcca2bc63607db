//! An answer as HTTP, and what faults make of it.

use std::io;

use axum::body::Body;
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::{HeaderMap, HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

use super::fault::Fault;

#[derive(Debug, Clone)]
pub(super) struct Reply {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) body: Bytes,
}

impl Reply {
    pub(super) fn new(status: u16) -> Self {
        Self { status, headers: HeaderMap::new(), body: Bytes::new() }
    }

    pub(super) fn json(status: u16, body: &Value) -> Self {
        let mut reply = Self::new(status);
        reply.say("content-type", "application/json; charset=utf-8");
        reply.body = serde_json::to_vec(body).unwrap().into();
        reply
    }

    pub(super) fn say(&mut self, name: &'static str, value: &str) {
        self.headers.insert(name, HeaderValue::from_str(value).unwrap());
    }

    /// What a fault makes of an answer that is there.
    pub(super) fn spoil(&mut self, fault: &Fault) {
        match fault {
            Fault::InvalidJson => self.body = Bytes::from_static(b"{\"message\": tru"),
            Fault::Html => {
                self.say("content-type", "text/html");
                self.headers.remove(header::ETAG);
                self.body = Bytes::from_static(b"<html><body><h1>Sign in to the guest network</h1></body></html>");
            }
            Fault::EmptyPage => {
                let mut body: Value = serde_json::from_slice(&self.body).unwrap();
                match &mut body {
                    Value::Array(items) => items.clear(),
                    other => other
                        .as_object_mut()
                        .unwrap()
                        .values_mut()
                        .filter(|it| it.is_array())
                        .for_each(|it| *it = json!([])),
                }
                self.body = serde_json::to_vec(&body).unwrap().into();
                self.without_more();
            }
            Fault::NoNextPage => self.without_more(),
            _ => {}
        }
    }

    /// Says nothing of other pages, as another answer than the whole one.
    fn without_more(&mut self) {
        self.headers.remove(header::LINK);
        self.say("etag", "W/\"less\"");
    }

    pub(super) fn into_response(self, fault: Option<&Fault>) -> Response<Body> {
        let length = self.body.len();
        let body = match fault {
            Some(Fault::Cut) => {
                let half = self.body.slice(..length / 2);
                let end = stream::once(async {
                    // The half is sent before the end comes.
                    tokio::task::yield_now().await;
                    Err(io::Error::other("cut"))
                });
                Body::from_stream(stream::once(async { Ok::<_, io::Error>(half) }).chain(end))
            }
            Some(Fault::Endless) => {
                let begin = self.body.slice(..length.saturating_sub(1));
                let blanks = stream::repeat(Bytes::from_static(&[b' '; 4096]));
                Body::from_stream(stream::once(async { begin }).chain(blanks).map(Ok::<_, io::Error>))
            }
            _ => Body::from(self.body),
        };
        let mut response = Response::new(body);
        *response.status_mut() = StatusCode::from_u16(self.status).unwrap();
        *response.headers_mut() = self.headers;
        if matches!(fault, Some(Fault::Cut)) {
            response.headers_mut().insert(header::CONTENT_LENGTH, length.into());
        }
        response
    }
}
