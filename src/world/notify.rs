//! Telling people, by webhook. The address is a secret: no error, log or answer holds it.

use std::time::Duration;

use hmac::{Hmac, KeyInit, Mac};
use http::{HeaderMap, HeaderValue};
use sha2::Sha256;
use url::{Host, Url};

use super::{
    Reader, World, WorldError,
    api::{Answer, Call, Fault},
};
use crate::{
    domain::{
        inventory::{Channel, ChannelKind},
        name::{ChannelName, SecretName},
        notice::Notify,
        refusal::Code,
    },
    policy::Permit,
};

/// How long one delivery may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How much of an answer is read, bytes; it says nothing that is needed.
const BODY: usize = 64 * 1024;
/// How often is tried.
const ATTEMPTS: u32 = 3;
/// The pause before the second attempt, ms; each further one is three times as long.
const PAUSE_MS: u64 = 300;
/// A receiver that wants a longer one is not waited for, s.
const PATIENCE_S: u64 = 5;

/// Nobody took a notice.
#[derive(Debug)]
pub struct Undelivered {
    /// Why.
    pub error: WorldError,
    /// Whether somebody may take it later.
    pub passes: bool,
}

impl From<WorldError> for Undelivered {
    /// Of what is needed before anything is sent.
    fn from(error: WorldError) -> Self {
        Self { error, passes: false }
    }
}

impl Reader<'_> {
    /// Where a channel leads, without a delivery.
    ///
    /// # Errors
    /// Its secret cannot be read, or holds no address that may be written to.
    pub async fn channel_address(&self, channel: &Channel) -> Result<(), WorldError> {
        self.address(channel).await.map(|_| ())
    }

    /// Whether somebody listens where a channel leads. Nothing is said to them.
    ///
    /// # Errors
    /// As [`Reader::channel_address`], or nobody is there.
    pub async fn channel_answers(&self, channel: &Channel) -> Result<(), WorldError> {
        let url = self.address(channel).await?;
        let late = || format!("nobody was there within {} ms", TIMEOUT.as_millis());
        let contact = tokio::time::timeout(TIMEOUT, self.contact(&url, &channel.way, None)).await;
        let (problem, fix) = match contact {
            Ok(Ok(_)) => return Ok(()),
            Ok(Err(error)) => (error.problem, error.fix),
            Err(_) => (late(), "Check that it runs.".to_owned()),
        };
        let fix = fix.replace("its URL in deploy-ops.toml", &format!("the address in {}", channel.url));
        Err(WorldError::new(Code::WorldFailed, doing(&channel.name), problem, fix))
    }

    async fn address(&self, channel: &Channel) -> Result<Url, WorldError> {
        let secret = self.secret_value(&channel.url).await?;
        secret.expose().trim().parse::<Url>().ok().filter(may_be_written_to).ok_or_else(|| {
            WorldError::new(
                Code::Unconfigured,
                doing(&channel.name),
                "its secret holds no address that may be written to",
                format!("Set {} to an https URL without user and password.", channel.url),
            )
        })
    }
}

impl World {
    /// Delivers, and tries again where that may help; says at which attempt it was taken. Whoever got it twice can tell so by its
    /// `Idempotency-Key`.
    ///
    /// # Errors
    /// Nobody took it. After a lost answer it may have come all the same.
    pub async fn notify(&self, permit: &Permit, notice: &Notify) -> Result<u32, Undelivered> {
        let _ = permit;
        let reader = self.reader();
        let Some(channel) = self.inventory.channels.get(&notice.channel) else {
            return Err(Undelivered::from(WorldError::new(
                Code::UnknownName,
                doing(&notice.channel),
                "it is not in the inventory any more",
                "Add it to [notify], or choose another channel.",
            )));
        };
        let url = reader.address(channel).await?;
        let mut attempt = 1;
        let mut pause = Duration::from_millis(PAUSE_MS);
        loop {
            let call = Call {
                url: &url,
                way: Some(&channel.way),
                headers: self.headers_of(channel, notice).await?,
                body: Some(notice.body.clone().into_bytes()),
                timeout: TIMEOUT,
                most: BODY,
            };
            let fault = match reader.call_api(call).await.and_then(Answer::success) {
                Ok(_) => return Ok(attempt),
                // It was taken; what else is said does not matter.
                Err(Fault::TooLarge(_)) => return Ok(attempt),
                Err(fault) => fault,
            };
            let wait = match &fault {
                Fault::Limited(Some(wait_s)) if *wait_s > PATIENCE_S => None,
                Fault::Limited(Some(wait_s)) => Some(Duration::from_secs(*wait_s)),
                fault => fault.passes().then_some(pause),
            };
            match wait.filter(|_| attempt < ATTEMPTS) {
                Some(wait) => tokio::time::sleep(wait).await,
                None => return Err(Undelivered { error: refused(channel, &fault), passes: fault.passes() }),
            }
            attempt += 1;
            pause *= 3;
        }
    }

    async fn headers_of(&self, channel: &Channel, notice: &Notify) -> Result<HeaderMap, WorldError> {
        let mut headers = HeaderMap::new();
        let unwritable = |_| {
            WorldError::new(
                Code::WorldFailed,
                doing(&channel.name),
                "a header cannot be written",
                "Report this as a defect.",
            )
        };
        headers.insert("idempotency-key", HeaderValue::from_str(&notice.key).map_err(unwritable)?);
        if let Some(key) = &channel.signing_key {
            let timestamp = self.now().as_millis() / 1000;
            let signature = self.signature(key, timestamp, &notice.body).await?;
            headers.insert("x-deploy-ops-timestamp", HeaderValue::from(timestamp));
            headers.insert("x-deploy-ops-signature", HeaderValue::from_str(&signature).map_err(unwritable)?);
        }
        Ok(headers)
    }

    /// `v1=` and HMAC-SHA256 over the timestamp, a dot and the body, in hex.
    async fn signature(&self, key: &SecretName, timestamp: i64, body: &str) -> Result<String, WorldError> {
        let key = self.reader().secret_value(key).await?;
        let mut mac = Hmac::<Sha256>::new_from_slice(key.expose().as_bytes()).map_err(|error| {
            WorldError::new(Code::WorldFailed, "sign a message", "the key cannot be used", "Set another key.")
                .because(error.to_string())
        })?;
        mac.update(format!("{timestamp}.{body}").as_bytes());
        let hex: String = mac.finalize().into_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(format!("v1={hex}"))
    }
}

fn doing(channel: &ChannelName) -> String {
    format!("tell channel {channel}")
}

/// Over TLS, or without leaving this machine.
fn may_be_written_to(url: &Url) -> bool {
    let loopback = match url.host() {
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    };
    let scheme = url.scheme() == "https" || (url.scheme() == "http" && loopback);
    scheme && url.host().is_some() && url.username().is_empty() && url.password().is_none()
}

fn refused(channel: &Channel, fault: &Fault) -> WorldError {
    let (problem, fix) = match (channel.kind, fault) {
        (ChannelKind::N8n, Fault::Status(404)) => (
            "no workflow listens there (HTTP 404)".to_owned(),
            "Activate the workflow, let its webhook take POST, and use its production URL, not the one for tests."
                .to_owned(),
        ),
        (_, Fault::Status(404 | 410)) => {
            (fault.to_string(), format!("Its webhook is gone: make a new one and set {}.", channel.url))
        }
        (_, Fault::Refused(_)) => {
            (fault.to_string(), format!("Its webhook wants another address or key: set {}.", channel.url))
        }
        (_, Fault::Late(_) | Fault::Cut) => (
            format!("{fault}, so it may have come or not"),
            "Ask whoever listens there, or call again: the key stays the same.".to_owned(),
        ),
        _ => (fault.to_string(), "Call again later: the key stays the same.".to_owned()),
    };
    WorldError::new(Code::WorldFailed, doing(&channel.name), problem, fix)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_one_that_nobody_else_reads_along() {
        for (text, wanted) in [
            ("https://n8n.example.org/webhook/x?y=z", true),
            ("http://127.0.0.1:5678/webhook/x", true),
            ("http://[::1]:5678/x", true),
            ("http://localhost/x", true),
            ("http://n8n.example.org/webhook/x", false),
            ("http://localhost.example.org/x", false),
            ("https://user:word@example.org/x", false),
            ("ftp://example.org/x", false),
            ("mailto:team@example.org", false),
        ] {
            assert_eq!(may_be_written_to(&text.parse().unwrap()), wanted, "{text}");
        }
    }
}
