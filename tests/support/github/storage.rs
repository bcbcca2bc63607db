//! Where files are downloaded from: another origin, which must never see a token.

use bytes::Bytes;
use http::{HeaderMap, header};

use super::{reply::Reply, state::State};

/// What its faults go by.
pub(super) const OPERATION: &str = "GET /storage";

/// The bytes of a file: `/<repository>/<file>`.
pub(super) fn serve(state: &mut State, path: &str, headers: &HeaderMap) -> Reply {
    if headers.contains_key(header::AUTHORIZATION) {
        state.violations.push(format!("{path}: a token was sent to where files are stored"));
    }
    let ids = path.trim_start_matches('/').split_once('/').and_then(|(a, b)| Some((a.parse().ok()?, b.parse().ok()?)));
    let bytes = ids.and_then(|(repository, file)| state.world.by_id(repository)?.stored.get(&file).cloned());
    let mut reply = Reply::new(if bytes.is_some() { 200 } else { 404 });
    reply.say("content-type", "application/octet-stream");
    reply.body = Bytes::from(bytes.unwrap_or_default());
    reply
}
