//! Calls of JSON interfaces that are neither GitHub's nor a service's: one call, bounded in time and length, that follows no redirect.

use std::{io::Read as _, time::Duration};

use futures::StreamExt as _;
use http::{HeaderMap, HeaderValue, header};
use serde::de::DeserializeOwned;
use url::Url;

use super::{Reader, WorldError, chain::Refused};
use crate::domain::inventory::Way;

/// One call.
#[derive(Debug)]
pub(in crate::world) struct Call<'a> {
    pub(in crate::world) url: &'a Url,
    /// How it is reached, where the inventory says so.
    pub(in crate::world) way: Option<&'a Way>,
    /// Who we are, and what else the interface wants to know.
    pub(in crate::world) headers: HeaderMap,
    /// A POST of this JSON; a GET without one.
    pub(in crate::world) body: Option<Vec<u8>>,
    /// How long everything may take.
    pub(in crate::world) timeout: Duration,
    /// How much of the answer is read, bytes, also behind its compression.
    pub(in crate::world) most: usize,
}

/// An answer of any status.
#[derive(Debug)]
pub(in crate::world) struct Answer {
    pub(in crate::world) status: u16,
    pub(in crate::world) headers: HeaderMap,
    pub(in crate::world) body: Vec<u8>,
}

/// Why there is no answer that can be used, in words of ours.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::world) enum Fault {
    /// There is no connection.
    #[error("it cannot be reached")]
    Unreachable,
    /// There is no connection, and this is why.
    #[error("{0}")]
    NoWay(String),
    /// It took too long.
    #[error("it did not answer within {0} ms")]
    Late(u128),
    /// It ended before its end.
    #[error("its answer ended early")]
    Cut,
    /// There is more of it than can be read.
    #[error("its answer is larger than {0} KiB")]
    TooLarge(usize),
    /// 401, 403.
    #[error("it refuses our credential (HTTP {0})")]
    Refused(u16),
    /// 3xx: a credential is not sent on.
    #[error("it answers with a redirect, which is not followed (HTTP {0})")]
    Moved(u16),
    /// 429.
    #[error("it limits our calls{}", .0.map(|wait| format!(" for {wait} s")).unwrap_or_default())]
    Limited(Option<u64>),
    /// Any other status that is no success.
    #[error("it answers HTTP {0}")]
    Status(u16),
    /// It is not what the interface promises.
    #[error("its answer cannot be read")]
    Unreadable,
    /// The credential could not be read; how that comes.
    #[error("{0}")]
    NoCredential(String),
}

impl Fault {
    /// Whether asking again may help.
    pub(in crate::world) fn passes(&self) -> bool {
        matches!(self, Self::Unreachable | Self::Late(_) | Self::Cut | Self::Limited(_) | Self::Status(500..=599))
    }
}

impl Fault {
    /// Of what is needed before a connection can be made: the authorities, the host on the way.
    fn of_way(error: WorldError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a call cannot be made");
        Self::NoWay(format!("it cannot be reached: could not {}: {}", error.doing, error.problem))
    }
}

impl From<WorldError> for Fault {
    /// Of what is needed before anything is asked: the credential.
    fn from(error: WorldError) -> Self {
        tracing::warn!(error = &error as &dyn std::error::Error, "a call cannot be made");
        Self::NoCredential(format!("could not {}: {}", error.doing, error.problem))
    }
}

impl Answer {
    /// What its status means, unless it is a success.
    pub(in crate::world) fn success(self) -> Result<Self, Fault> {
        match self.status {
            200..=299 => Ok(self),
            301..=308 => Err(Fault::Moved(self.status)),
            401 | 403 => Err(Fault::Refused(self.status)),
            429 => Err(Fault::Limited(self.number("retry-after"))),
            status => Err(Fault::Status(status)),
        }
    }

    /// The body as what the interface promises.
    pub(in crate::world) fn json<T: DeserializeOwned>(&self) -> Result<T, Fault> {
        serde_json::from_slice(&self.body).map_err(|error| {
            // Where and of which kind is for the log; what it says is not.
            tracing::warn!(kind = ?error.classify(), line = error.line(), column = error.column(), "an answer is not as promised");
            Fault::Unreadable
        })
    }

    /// A header that is a number.
    pub(in crate::world) fn number(&self, name: &str) -> Option<u64> {
        self.headers.get(name)?.to_str().ok()?.trim().parse().ok()
    }
}

impl Reader<'_> {
    /// Asks once.
    pub(in crate::world) async fn call_api(&self, call: Call<'_>) -> Result<Answer, Fault> {
        match tokio::time::timeout(call.timeout, ask(*self, &call)).await {
            Ok(answer) => answer,
            Err(_) => Err(Fault::Late(call.timeout.as_millis())),
        }
    }
}

async fn ask(reader: Reader<'_>, call: &Call<'_>) -> Result<Answer, Fault> {
    let (via, ca) = call.way.map_or((None, None), |way| (way.via.as_ref(), way.ca.as_deref()));
    let origin = reader.origin(via, true, ca).map_err(Fault::of_way)?;
    // The tunnel is there for as long as its watch.
    let (client, watch) = origin.client(&reader.world.http, call.url, ca).await.map_err(Fault::of_way)?;
    let request = match &call.body {
        None => client.get(call.url.clone()),
        Some(body) => client.post(call.url.clone()).header(header::CONTENT_TYPE, "application/json").body(body.clone()),
    };
    let request = request.headers(call.headers.clone()).header(header::ACCEPT, "application/json");
    let response = request.send().await.map_err(|error| {
        let fault = if let Some(refused) = Refused::of(&error) {
            Fault::NoWay(refused.describe())
        } else if let Some(why) = watch.why() {
            Fault::NoWay(format!("it cannot be reached through the host: {}", why.problem))
        } else if error.is_connect() || error.is_timeout() {
            Fault::Unreachable
        } else {
            Fault::Cut
        };
        // Its URL may be a secret.
        tracing::warn!(error = &error.without_url() as &dyn std::error::Error, "a call got no answer");
        fault
    })?;
    let (status, headers) = (response.status().as_u16(), response.headers().clone());
    let mut body = Vec::new();
    let mut stream = response.bytes_stream();
    while let Some(piece) = stream.next().await {
        let piece = piece.map_err(|_| Fault::Cut)?;
        if body.len() + piece.len() > call.most {
            return Err(Fault::TooLarge(call.most / 1024));
        }
        body.extend_from_slice(&piece);
    }
    if headers.get(header::CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes().eq_ignore_ascii_case(b"gzip")) {
        body = unpacked(&body, call.most)?;
    }
    Ok(Answer { status, headers, body })
}

/// What is in a gzip, when it is no more than `most`.
fn unpacked(packed: &[u8], most: usize) -> Result<Vec<u8>, Fault> {
    let mut body = Vec::new();
    let limit = u64::try_from(most).unwrap_or(u64::MAX).saturating_add(1);
    flate2::read::MultiGzDecoder::new(packed).take(limit).read_to_end(&mut body).map_err(|_| Fault::Cut)?;
    if body.len() > most { Err(Fault::TooLarge(most / 1024)) } else { Ok(body) }
}

/// A header whose value no log shows.
pub(in crate::world) fn sensitive(text: &str) -> Result<HeaderValue, Fault> {
    let mut value = HeaderValue::from_str(text)
        .map_err(|_| Fault::NoCredential("the credential holds characters that no header can carry".to_owned()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// A URL below the base of an interface, whose path may be a prefix.
pub(in crate::world) fn below(base: &Url, path: &str) -> Url {
    let mut url = base.clone();
    url.set_path(&format!("{}/{path}", base.path().trim_end_matches('/')));
    url
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bomb_is_not_unpacked() {
        use std::io::Write;
        let packed = |length: usize| {
            let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
            gzip.write_all(&vec![b'x'; length]).unwrap();
            gzip.finish().unwrap()
        };
        assert_eq!(unpacked(&packed(1024), 1024).unwrap().len(), 1024);
        assert_eq!(unpacked(&packed(10_000_000), 1024), Err(Fault::TooLarge(1)));
        let whole = packed(1024);
        assert_eq!(unpacked(&whole[..whole.len() - 4], 2048), Err(Fault::Cut));
    }

    #[test]
    fn a_prefix_stays() {
        for (base, wanted) in [
            ("https://a.example.org", "https://a.example.org/api/v2/alerts"),
            ("https://a.example.org/", "https://a.example.org/api/v2/alerts"),
            ("https://a.example.org/am/", "https://a.example.org/am/api/v2/alerts"),
        ] {
            assert_eq!(below(&base.parse().unwrap(), "api/v2/alerts").as_str(), wanted);
        }
    }
}
