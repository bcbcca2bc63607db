//! MCP over HTTP: Streamable HTTP at `/mcp`, the older HTTP+SSE pair at `/sse` and `/messages`, `/metrics`, and `/healthz`.
//!
//! One function, [`front::Front::admit`], stands before every route, so that no route can be added without authentication; one
//! more looks at everything that leaves. In reading order: [`settings`], [`accept`], [`front`], [`auth`], [`origin`], [`sse`].

pub mod accept;
pub mod auth;
pub mod body;
mod clean;
mod constant;
pub mod front;
pub mod metrics;
pub mod origin;
pub mod sessions;
pub mod settings;
pub mod sse;
mod strict_json;

use std::sync::Arc;

use axum::{Router, middleware, routing};
use rmcp::{
    ServerHandler,
    transport::streamable_http_server::{
        StreamableHttpServerConfig, StreamableHttpService, session::local::LocalSessionManager,
    },
};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;

pub use auth::Token;
pub use metrics::Metrics;
pub use settings::{HttpLimits, HttpSettings};

use self::{front::Front, sessions::Sessions, sse::SseSessions};
use crate::redact::Redactor;

/// Why HTTP is not served.
#[derive(Debug, thiserror::Error)]
pub enum HttpError {
    /// Anybody who reaches the port would be the owner of this process.
    #[error("refuse to listen on {0} without tokens; configure tokens, or listen on 127.0.0.1")]
    Open(std::net::SocketAddr),
    /// The port cannot be had.
    #[error("cannot listen on {address}; is another server running there?")]
    Listen {
        /// The address of the configuration.
        address: std::net::SocketAddr,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
}

/// Listens where the settings say. Refused without tokens, unless only this machine can connect.
pub async fn listen(settings: &HttpSettings) -> Result<TcpListener, HttpError> {
    settings.check()?;
    let address = settings.listen;
    TcpListener::bind(address).await.map_err(|source| HttpError::Listen { address, source })
}

/// Serves until `stop` is cancelled; then open requests get a moment to end.
///
/// `server` is cloned per session and per stateless request. The listener must come from [`listen`].
pub async fn serve<S>(
    listener: TcpListener,
    server: S,
    redactor: Redactor,
    settings: HttpSettings,
    stop: CancellationToken,
) -> Result<(), HttpError>
where
    S: ServerHandler + Clone,
{
    settings.check()?;
    let limits = settings.limits;
    let router = router(server, redactor, settings, &stop);
    accept::run(listener, router, limits, stop).await;
    Ok(())
}

/// All routes behind the front.
fn router<S>(server: S, redactor: Redactor, settings: HttpSettings, stop: &CancellationToken) -> Router
where
    S: ServerHandler + Clone,
{
    let manager = Arc::new(LocalSessionManager::default());
    let config = StreamableHttpServerConfig::default()
        .with_allowed_hosts(settings.hosts())
        .with_allowed_origins(settings.origins())
        .enforce_origin_validation()
        .with_max_request_body_bytes(settings.limits.body_bytes)
        .with_cancellation_token(stop.child_token());
    let of_session = server.clone();
    let mcp = StreamableHttpService::new(move || Ok(of_session.clone()), manager.clone(), config);
    let sse = SseSessions::new(server, settings.limits.sessions, stop.child_token());
    let numbers = settings.metrics.clone().map(metrics::route);
    let front = Arc::new(Front::new(settings, redactor, Sessions::new(manager)));
    let router = numbers.map_or_else(Router::new, |numbers| Router::new().route("/metrics", numbers));
    router
        .route("/healthz", routing::get(|| async { constant::HEALTHY }))
        .route_service("/mcp", mcp)
        .merge(sse::routes(sse))
        .fallback(|| async { constant::answer(http::StatusCode::NOT_FOUND) })
        .layer(middleware::from_fn_with_state(front, front::pass))
}
