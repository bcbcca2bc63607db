//! A webhook: can it be reached? Nothing is posted, and by default not a word is said.

use std::time::Duration;

use tokio::time::timeout;
use url::Url;

use super::{Found, Timed};
use crate::{
    domain::{
        inventory::{Way, WebhookAsk, WebhookCheck, WebhookPlace},
        name::SecretName,
    },
    world::{
        Reader,
        http::{HttpMethod, HttpRequest},
    },
};

pub(super) async fn attempt(reader: &Reader<'_>, check: &WebhookCheck, limit: Duration) -> Timed {
    let url = match url(reader, check).await {
        Ok(url) => url,
        Err(found) => return found.at_once(),
    };
    let request = HttpRequest {
        method: if check.ask == WebhookAsk::Head { HttpMethod::Head } else { HttpMethod::Options },
        private_network: check.private_network,
        keep: 0,
        ..HttpRequest::get(url, limit)
    };
    let address = match reader.http_address(&request).await {
        Ok(address) => address,
        Err(error) => return Found::fail(format!("Not reached: {}.", error.problem)).at_once(),
    };
    let _turn = reader.world.pace.question(address).await;
    Timed::of(async {
        let found = match (check.ask, address) {
            (WebhookAsk::Connect, Some(address)) => {
                match timeout(limit, reader.contact(&request.url, &Way::default(), Some(address))).await {
                    Ok(connected) => connected.map(|_| Found::pass("Reachable ✓; nothing was said to it.".to_owned())),
                    Err(_) => Ok(Found::fail(format!("Not reached within {} ms.", limit.as_millis()))),
                }
            }
            _ => reader.http_check(&request).await.map(|answer| match answer.status {
                status @ (404 | 410 | 500..) => {
                    Found { status: Some(status), ..Found::fail(format!("HTTP {status}: nothing is there.")) }
                }
                // Most webhooks take nothing but POST, and say so.
                status => Found { status: Some(status), ..Found::pass(format!("Reachable ✓ (HTTP {status}).")) },
            }),
        };
        found.unwrap_or_else(|error| Found::fail(format!("Not reached: {}.", error.problem)))
    })
    .await
}

impl Reader<'_> {
    /// Whether the webhook in a secret can be reached, and the sentence about it. Nothing is said to it.
    pub(in crate::world) async fn reach_webhook(
        &self,
        secret: &SecretName,
        private_network: bool,
        limit: Duration,
    ) -> (bool, String) {
        let at = WebhookPlace::Secret(secret.clone());
        let found = attempt(self, &WebhookCheck { at, ask: WebhookAsk::Connect, private_network }, limit).await.found;
        (found.passed(), found.detail)
    }
}

/// Its URL. Of one in a secret nothing is told.
async fn url(reader: &Reader<'_>, check: &WebhookCheck) -> Result<Url, Found> {
    let name = match &check.at {
        WebhookPlace::Url(url) => return Ok(url.clone()),
        WebhookPlace::Secret(name) => name,
    };
    let value = reader.secret_value(name).await.map_err(|error| Found::error(&error))?;
    reader.world.redactor.add([value.clone()]);
    let url = value.expose().trim().parse::<Url>().ok();
    let url = url.filter(|url| matches!(url.scheme(), "http" | "https") && url.host_str().is_some());
    url.ok_or_else(|| Found::fail(format!("The secret {name} is not an http or https URL.")))
}
