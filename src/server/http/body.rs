//! Bodies that come in: bounded in size, time and shape, read whole before anybody sees them.

use axum::body::Body;
use bytes::Bytes;
use http::{HeaderMap, StatusCode, header};
use http_body_util::{BodyExt, LengthLimitError, Limited};

use super::{settings::HttpLimits, strict_json};

/// Reads a request body. The error is the status to answer with; the rest of the body stays unread.
pub async fn read(headers: &HeaderMap, body: Body, limits: &HttpLimits) -> Result<Bytes, StatusCode> {
    if announced(headers).is_some_and(|length| length > limits.body_bytes as u64) {
        return Err(StatusCode::PAYLOAD_TOO_LARGE);
    }
    let collected = tokio::time::timeout(limits.body_time, Limited::new(body, limits.body_bytes).collect())
        .await
        .map_err(|_| StatusCode::REQUEST_TIMEOUT)?
        .map_err(|error| {
            if error.is::<LengthLimitError>() { StatusCode::PAYLOAD_TOO_LARGE } else { StatusCode::BAD_REQUEST }
        })?;
    let bytes = collected.to_bytes();
    if strict_json::is_strict(&bytes, limits.json_depth) { Ok(bytes) } else { Err(StatusCode::BAD_REQUEST) }
}

fn announced(headers: &HeaderMap) -> Option<u64> {
    headers.get(header::CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}
