//! Answers with constant texts: nothing of the request comes back.

use axum::response::{IntoResponse, Response};
use http::{HeaderValue, StatusCode, header};

/// What `/healthz` says: that the process answers, nothing about it.
pub(crate) const HEALTHY: &str = "ok\n";

/// The answer for a status.
pub(crate) fn answer(status: StatusCode) -> Response {
    (status, text(status)).into_response()
}

/// Later, please.
pub(crate) fn busy(status: StatusCode) -> Response {
    let mut response = answer(status);
    response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

/// No, and what is wanted.
pub(crate) fn unauthorized(given: bool) -> Response {
    let challenge =
        if given { "Bearer realm=\"deploy-ops\", error=\"invalid_token\"" } else { "Bearer realm=\"deploy-ops\"" };
    let mut response = answer(StatusCode::UNAUTHORIZED);
    response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge));
    response
}

/// The answer, after which the connection closes: what is left of the request is not read.
pub(crate) fn closing(status: StatusCode) -> Response {
    let mut response = answer(status);
    response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

pub(crate) fn text(status: StatusCode) -> &'static str {
    match status {
        StatusCode::BAD_REQUEST => "Bad request: not a JSON-RPC message of MCP, or its headers do not fit.\n",
        StatusCode::UNAUTHORIZED => "Unauthorized: send a bearer token.\n",
        StatusCode::FORBIDDEN => "Forbidden: the Host or Origin is not one of this server's.\n",
        StatusCode::NOT_FOUND => "Not found: the path or the session does not exist.\n",
        StatusCode::METHOD_NOT_ALLOWED => "Method not allowed.\n",
        StatusCode::NOT_ACCEPTABLE => "Not acceptable: accept application/json and text/event-stream.\n",
        StatusCode::REQUEST_TIMEOUT => "Request timeout.\n",
        StatusCode::CONFLICT => "Conflict: the session has such a stream already.\n",
        StatusCode::GONE => "Gone: the session has ended.\n",
        StatusCode::PAYLOAD_TOO_LARGE => "Payload too large.\n",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            "Unsupported media type: send one JSON-RPC message as application/json.\n"
        }
        StatusCode::UNPROCESSABLE_ENTITY => "Unprocessable: the session must begin with initialize.\n",
        StatusCode::SERVICE_UNAVAILABLE => "BUSY: try again later.\n",
        _ => "The request failed.\n",
    }
}
