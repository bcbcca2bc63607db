//! `/metrics`: the numbers of all operations, for whoever may read.

use std::{fmt, sync::Arc};

use axum::{Extension, response::IntoResponse, routing};
use futures::future::BoxFuture;
use http::{StatusCode, header};

use super::constant;
use crate::{domain::principal::Scope, redact::Redacted, server::identity::Identity};

/// The media type of the text.
const TEXT: &str = "text/plain; version=0.0.4; charset=utf-8";

type Tell = dyn Fn() -> BoxFuture<'static, Option<Redacted<String>>> + Send + Sync;

/// Where the numbers come from; nothing when they cannot be had now.
#[derive(Clone)]
pub struct Metrics(Arc<Tell>);

impl Metrics {
    /// Numbers that this function tells.
    pub fn new(tell: impl Fn() -> BoxFuture<'static, Option<Redacted<String>>> + Send + Sync + 'static) -> Self {
        Self(Arc::new(tell))
    }
}

impl fmt::Debug for Metrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Metrics")
    }
}

/// The route.
pub(super) fn route(metrics: Metrics) -> routing::MethodRouter {
    routing::get(async move |Extension(who): Extension<Identity>| {
        if !who.scopes.contains(&Scope::Read) {
            return constant::answer(StatusCode::FORBIDDEN);
        }
        match metrics.0().await {
            Some(text) => ([(header::CONTENT_TYPE, TEXT)], text.into_inner()).into_response(),
            None => constant::answer(StatusCode::SERVICE_UNAVAILABLE),
        }
    })
}
