//! Before every route: name, page, token, session, body. After every route: the last look at what leaves.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::Response,
};
use http::{HeaderMap, HeaderValue, Method, StatusCode, header};
use tokio::sync::Semaphore;

use super::{
    auth::{self, Stranger},
    body, clean, constant,
    origin::Allowed,
    sessions::Sessions,
    settings::HttpSettings,
};
use crate::{
    redact::Redactor,
    server::{gate::Gate, identity::Identity, written::Slot},
};

const SESSION: &str = "mcp-session-id";
const VERSION: &str = "mcp-protocol-version";
/// The first revision without sessions.
const SESSIONLESS: &[u8] = b"2026-07-28";

/// What stands before the routes.
#[derive(Debug)]
pub struct Front {
    settings: HttpSettings,
    allowed: Allowed,
    gate: Gate,
    sessions: Sessions,
    requests: Arc<Semaphore>,
    local: Identity,
}

/// The middleware around all routes.
pub async fn pass(State(front): State<Arc<Front>>, request: Request, next: Next) -> Response {
    let stream_time = (request.method() == Method::GET).then_some(front.settings.limits.stream_time);
    let slot = Slot::default();
    let response = match front.admit(request).await {
        Ok(mut admitted) => {
            // Only what answers the request itself knows the slot; the older transport answers on another one.
            if admitted.request.uri().path() == "/mcp" {
                admitted.request.extensions_mut().insert(slot.of_request());
            }
            front.answer(admitted, next).await
        }
        Err(refused) => *refused,
    };
    clean::clean(response, &front.gate, slot, stream_time).await
}

/// A request that may go on to its route.
#[derive(Debug)]
pub struct Admitted {
    request: Request,
    who: Option<Identity>,
}

impl Front {
    /// A front with these settings.
    pub fn new(settings: HttpSettings, redactor: Redactor, sessions: Sessions) -> Self {
        let allowed = Allowed::new(settings.hosts(), settings.origins());
        let requests = Arc::new(Semaphore::new(settings.limits.requests));
        Self { settings, allowed, gate: Gate::new(redactor), sessions, requests, local: Identity::local("http") }
    }

    /// Whether the request may go on, with its body read and its caller known. Only `/healthz` is open to everybody.
    pub async fn admit(&self, request: Request) -> Result<Admitted, Box<Response>> {
        if !self.allowed.admits(request.uri(), request.headers()) {
            return Err(Box::new(constant::closing(StatusCode::FORBIDDEN)));
        }
        if request.uri().path() == "/healthz" {
            return Ok(Admitted { request: without_body(request), who: None });
        }
        let who = self.identify(request.headers())?;
        let session = session(request.headers())?;
        if let Some(session) = &session
            && !self.sessions.owns(&who.principal, session)
        {
            return Err(Box::new(constant::closing(StatusCode::NOT_FOUND)));
        }
        let begins_session = request.method() == Method::POST
            && request.uri().path() == "/mcp"
            && session.is_none()
            && request.headers().get(VERSION).is_none_or(|version| version.as_bytes() < SESSIONLESS);
        if begins_session && !self.sessions.has_room(self.settings.limits.sessions).await {
            return Err(Box::new(constant::busy(StatusCode::SERVICE_UNAVAILABLE)));
        }
        let who = session.map_or_else(|| who.clone(), |session| who.in_session(&session));
        let (mut parts, body) = request.into_parts();
        // The token has done its work; nothing behind this line can show it.
        parts.headers.remove(header::AUTHORIZATION);
        parts.extensions.insert(who.clone());
        let body = if parts.method == Method::POST {
            let bytes = body::read(&parts.headers, body, &self.settings.limits)
                .await
                .map_err(|status| Box::new(constant::closing(status)))?;
            Body::from(bytes)
        } else {
            Body::empty()
        };
        Ok(Admitted { request: Request::from_parts(parts, body), who: Some(who) })
    }

    /// The route's answer; what began or ended a session is remembered.
    async fn answer(&self, admitted: Admitted, next: Next) -> Response {
        let Ok(_turn) = self.requests.try_acquire() else {
            return constant::busy(StatusCode::SERVICE_UNAVAILABLE);
        };
        let method = admitted.request.method().clone();
        let session = session(admitted.request.headers()).ok().flatten();
        let response = next.run(admitted.request).await;
        match (session, header_text(response.headers(), SESSION), admitted.who) {
            (None, Some(begun), Some(who)) => self.sessions.begin(begun, who.principal),
            (Some(session), _, _) if method == Method::DELETE && response.status().is_success() => {
                self.sessions.end(&session);
            }
            _ => {}
        }
        response
    }

    fn identify(&self, headers: &HeaderMap) -> Result<Identity, Box<Response>> {
        if self.settings.tokens.is_empty() {
            return Ok(self.local.clone());
        }
        auth::identify(headers, &self.settings.tokens).map_err(|stranger| {
            let mut response = constant::unauthorized(stranger == Stranger::WrongToken);
            response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
            Box::new(response)
        })
    }
}

/// The session that the request names; naming two is a mistake or a trick.
fn session(headers: &HeaderMap) -> Result<Option<String>, Box<Response>> {
    let mut named = headers.get_all(SESSION).iter();
    match (named.next(), named.next()) {
        (None, _) => Ok(None),
        (Some(session), None) => Ok(Some(session.to_str().unwrap_or_default().to_owned())),
        _ => Err(Box::new(constant::closing(StatusCode::BAD_REQUEST))),
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn without_body(request: Request) -> Request {
    let (parts, _) = request.into_parts();
    Request::from_parts(parts, Body::empty())
}
