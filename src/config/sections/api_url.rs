//! Base URLs of interfaces that get a credential of ours.

use super::way::is_loopback;
use crate::config::raw::Item;

/// The base URL of an interface that a credential is sent to: a plain `http` is good for the loopback alone. `example` is a good one.
pub(super) fn read(item: &Item<'_>, example: &str) -> Option<url::Url> {
    let url = item.web_url()?;
    let host = url.host_str().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    if url.scheme() != "https" && !is_loopback(host) {
        item.error("must be https: a credential is sent there", format!("write it as {example}"));
        return None;
    }
    Some(url)
}
