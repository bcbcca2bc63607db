//! The HTTP+SSE transport of 2024-11-05, for clients that know no other: `GET /sse` opens a stream whose first event names the
//! address to post messages to; answers come through the stream.

use std::{
    collections::HashMap,
    convert::Infallible,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{Query, State, rejection::QueryRejection},
    response::{
        IntoResponse, Response,
        sse::{Event, KeepAlive, Sse},
    },
    routing,
};
use futures::StreamExt;
use http::StatusCode;
use rmcp::{
    RoleServer, ServerHandler, ServiceExt,
    model::{ClientJsonRpcMessage, GetExtensions, JsonRpcMessage, ServerJsonRpcMessage},
    service::{RxJsonRpcMessage, TxJsonRpcMessage},
    transport::Transport,
};
use tokio::sync::mpsc;
use tokio_stream::wrappers::ReceiverStream;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use super::constant;
use crate::{domain::principal::Principal, server::identity::Identity};

/// Messages that wait in each direction.
const QUEUE: usize = 16;
/// How long a message waits for a session that does not take it.
const PATIENCE: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The open streams.
#[derive(Debug)]
pub struct SseSessions<S> {
    server: S,
    most: usize,
    stop: CancellationToken,
    open: Mutex<HashMap<Uuid, Entry>>,
}

#[derive(Debug)]
struct Entry {
    owner: Principal,
    inbox: mpsc::Sender<ClientJsonRpcMessage>,
}

impl<S> SseSessions<S> {
    /// None open yet, and never more than `most`.
    pub fn new(server: S, most: usize, stop: CancellationToken) -> Arc<Self> {
        Arc::new(Self { server, most, stop, open: Mutex::default() })
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<Uuid, Entry>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The inbox of a session, for its owner only.
    fn inbox(&self, session: Uuid, owner: &Principal) -> Option<mpsc::Sender<ClientJsonRpcMessage>> {
        self.lock().get(&session).filter(|entry| entry.owner == *owner).map(|entry| entry.inbox.clone())
    }
}

/// The two routes.
pub(crate) fn routes<S: ServerHandler + Clone>(sessions: Arc<SseSessions<S>>) -> Router {
    Router::new()
        .route("/sse", routing::get(open::<S>))
        .route("/messages", routing::post(message::<S>))
        .with_state(sessions)
}

async fn open<S: ServerHandler + Clone>(
    State(sessions): State<Arc<SseSessions<S>>>,
    Extension(who): Extension<Identity>,
) -> Response {
    let session = Uuid::new_v4();
    let (inbox, received) = mpsc::channel(QUEUE);
    let (answers, outbox) = mpsc::channel::<ServerJsonRpcMessage>(QUEUE);
    {
        let mut open = sessions.lock();
        if open.len() >= sessions.most {
            return constant::busy(StatusCode::SERVICE_UNAVAILABLE);
        }
        open.insert(session, Entry { owner: who.principal, inbox });
    }
    let ended = Ended { sessions: sessions.clone(), session };
    let service = sessions.server.clone();
    let stop = sessions.stop.child_token();
    tokio::spawn(async move {
        if let Ok(running) = service.serve_with_ct(SseTransport { received, answers }, stop).await {
            let _ = running.waiting().await;
        }
    });
    let address = Event::default().event("endpoint").data(format!("/messages?sessionId={session}"));
    let messages = ReceiverStream::new(outbox).filter_map(move |message| {
        // The session ends with its stream.
        let _ = &ended;
        let event = serde_json::to_string(&message).ok().map(|text| Event::default().event("message").data(text));
        std::future::ready(event.map(Ok::<_, Infallible>))
    });
    let events = futures::stream::once(std::future::ready(Ok(address))).chain(messages);
    Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE)).into_response()
}

#[derive(Debug, serde::Deserialize)]
struct Address {
    #[serde(rename = "sessionId")]
    session: SessionId,
}

/// A session id as it stands in an address.
#[derive(Debug, serde::Deserialize)]
#[serde(try_from = "String")]
struct SessionId(Uuid);

impl TryFrom<String> for SessionId {
    type Error = uuid::Error;
    fn try_from(text: String) -> Result<Self, uuid::Error> {
        Uuid::try_parse(&text).map(Self)
    }
}

async fn message<S: ServerHandler + Clone>(
    State(sessions): State<Arc<SseSessions<S>>>,
    Extension(who): Extension<Identity>,
    address: Result<Query<Address>, QueryRejection>,
    body: Bytes,
) -> Response {
    let Ok(Query(Address { session: SessionId(session) })) = address else {
        return constant::answer(StatusCode::BAD_REQUEST);
    };
    let Some(inbox) = sessions.inbox(session, &who.principal) else {
        return constant::answer(StatusCode::NOT_FOUND);
    };
    let Ok(mut message) = serde_json::from_slice::<ClientJsonRpcMessage>(&body) else {
        return constant::answer(StatusCode::BAD_REQUEST);
    };
    if let JsonRpcMessage::Request(request) = &mut message {
        request.request.extensions_mut().insert(who.in_session(&session.to_string()));
    }
    match inbox.send_timeout(message, PATIENCE).await {
        Ok(()) => StatusCode::ACCEPTED.into_response(),
        Err(mpsc::error::SendTimeoutError::Timeout(_)) => constant::busy(StatusCode::SERVICE_UNAVAILABLE),
        Err(mpsc::error::SendTimeoutError::Closed(_)) => constant::answer(StatusCode::GONE),
    }
}

/// Forgets the session when its stream is gone; with its inbox closed, the service behind it ends.
struct Ended<S> {
    sessions: Arc<SseSessions<S>>,
    session: Uuid,
}

impl<S> Drop for Ended<S> {
    fn drop(&mut self) {
        self.sessions.lock().remove(&self.session);
    }
}

/// One session as rmcp sees it.
struct SseTransport {
    received: mpsc::Receiver<ClientJsonRpcMessage>,
    answers: mpsc::Sender<ServerJsonRpcMessage>,
}

impl Transport<RoleServer> for SseTransport {
    type Error = mpsc::error::SendError<()>;

    fn send(
        &mut self,
        message: TxJsonRpcMessage<RoleServer>,
    ) -> impl Future<Output = Result<(), Self::Error>> + Send + 'static {
        let answers = self.answers.clone();
        async move { answers.send(message).await.map_err(|_| mpsc::error::SendError(())) }
    }

    fn receive(&mut self) -> impl Future<Output = Option<RxJsonRpcMessage<RoleServer>>> + Send {
        self.received.recv()
    }

    async fn close(&mut self) -> Result<(), Self::Error> {
        self.received.close();
        Ok(())
    }
}
