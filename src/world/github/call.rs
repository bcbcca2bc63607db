//! One call of the REST API: who asks, how long it may take, how much is read, and what the answer means.

use std::time::Duration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Uri, header};
use http_body_util::{BodyExt as _, Limited};
use octocrab::{OctoBody, Octocrab};
use serde::de::DeserializeOwned;
use serde_json::Value;

use super::{
    super::Reader,
    GitHub, Repository, Writer,
    cache::Kept,
    error::{GitHubError, Trouble},
    limits::Advice,
};
use crate::domain::inventory::GitHubAccess;

/// How long one call may take.
const TIMEOUT: Duration = Duration::from_secs(15);
/// How much of an answer is read, bytes.
const BODY: usize = 8 * 1024 * 1024;
/// How often a question is asked again after an answer that says nothing.
pub(super) const AGAIN: u32 = 2;
/// The version of the API that is spoken.
pub(super) const VERSION: (&str, &str) = ("x-github-api-version", "2022-11-28");
/// The scopes of a classic token.
const SCOPES: header::HeaderName = header::HeaderName::from_static("x-oauth-scopes");
/// How many redirects are followed: a repository was renamed, or moved.
const HOPS: u32 = 3;

/// One call.
#[derive(Debug, Clone)]
pub(super) struct Ask<'a> {
    doing: &'a str,
    method: Method,
    /// Below the base URL, or a whole URL that GitHub gave.
    place: String,
    body: Option<String>,
}

/// Who asks.
#[derive(Debug, Clone)]
pub(super) enum Credentials {
    /// The token of the inventory.
    Ours,
    /// This header.
    These(HeaderValue),
}

/// An answer that can be used: 2xx.
#[derive(Debug, Clone)]
pub(super) struct Answer {
    pub(super) body: Bytes,
    pub(super) link: Option<String>,
    /// What a classic token may do (`X-OAuth-Scopes`).
    pub(super) scopes: Option<String>,
}

/// An answer as it came.
struct Raw {
    status: u16,
    headers: HeaderMap,
    body: Bytes,
}

impl<'a> Ask<'a> {
    pub(super) fn get(doing: &'a str, place: impl Into<String>) -> Self {
        Self { doing, method: Method::GET, place: place.into(), body: None }
    }

    pub(super) fn post(doing: &'a str, place: &str, body: &Value) -> Result<Self, GitHubError> {
        Self::with(Method::POST, doing, place, body)
    }

    fn with(method: Method, doing: &'a str, place: &str, body: &Value) -> Result<Self, GitHubError> {
        let body = serde_json::to_string(body)
            .map_err(|error| Trouble::Unreadable { what: "the request is not JSON" }.because(doing, error))?;
        Ok(Self { doing, method, place: place.to_owned(), body: Some(body) })
    }

    /// Asks; what only reads is asked again after a stumble.
    pub(super) async fn send(
        mut self,
        reader: Reader<'_>,
        access: &GitHubAccess,
        who: Credentials,
    ) -> Result<Answer, GitHubError> {
        let github = &reader.world.github;
        let repeatable = self.method == Method::GET;
        let (mut again, mut hops, mut waited, mut renewed) = (0, 0, false, false);
        loop {
            if let Some(wait_s) = github.limits.closed_for(reader.now()) {
                return Err(Trouble::Limited { wait_s }.at(self.doing));
            }
            let uri = within(&access.api, &self.place).and_then(|url| url.as_str().parse::<Uri>().ok());
            let uri = uri.ok_or_else(|| Trouble::Failing { status: 302 }.at(self.doing))?;
            let key = format!("{} {uri}", access.credential.secret());
            let kept = if repeatable { github.cache.get(&key) } else { None };
            let raw = match self.once(reader, access, &who, &uri, kept.as_ref()).await {
                Err(error) if repeatable && again < AGAIN && stumbles(&error.trouble) => {
                    again += 1;
                    pause(again).await;
                    continue;
                }
                other => other?,
            };
            match raw.status {
                304 => match kept {
                    Some(kept) => return Ok(Answer { body: kept.body, link: kept.link, scopes: None }),
                    None => return Err(Trouble::Unreadable { what: "it confirms what was not asked" }.at(self.doing)),
                },
                200..=299 => {
                    let text = |name: header::HeaderName| {
                        raw.headers.get(name).and_then(|v| v.to_str().ok()).map(str::to_owned)
                    };
                    let link = text(header::LINK);
                    // What cannot be read now must not be confirmed later.
                    let whole = || serde_json::from_slice::<serde::de::IgnoredAny>(&raw.body).is_ok();
                    if let Some(etag) = text(header::ETAG).filter(|_| repeatable && whole()) {
                        github.cache.put(key, Kept { etag, body: raw.body.clone(), link: link.clone() });
                    }
                    let scopes = text(SCOPES);
                    return Ok(Answer { body: raw.body, link, scopes });
                }
                // A renamed repository. Writes are not sent on: what they are about must be certain.
                301 | 302 | 307 | 308 if repeatable && hops < HOPS => {
                    let location = raw.headers.get(header::LOCATION).and_then(|value| value.to_str().ok());
                    self.place = location
                        .map(str::to_owned)
                        .ok_or_else(|| Trouble::Failing { status: raw.status }.at(self.doing))?;
                    hops += 1;
                }
                // The secret may have been replaced since it was read.
                401 if !renewed && matches!(who, Credentials::Ours) => {
                    github.token.forget().await;
                    renewed = true;
                }
                500..=599 if repeatable && again < AGAIN => {
                    again += 1;
                    pause(again).await;
                }
                status => match github.limits.note(status, &raw.headers, reader.now()) {
                    Some(Advice::Wait(seconds)) if repeatable && !waited => {
                        waited = true;
                        tokio::time::sleep(Duration::from_secs(seconds)).await;
                    }
                    Some(Advice::Wait(wait_s) | Advice::GiveUp(wait_s)) => {
                        return Err(Trouble::Limited { wait_s }.at(self.doing));
                    }
                    None => return Err(meaning(status, &raw.headers).at(self.doing)),
                },
            }
        }
    }

    async fn once(
        &self,
        reader: Reader<'_>,
        access: &GitHubAccess,
        who: &Credentials,
        uri: &Uri,
        kept: Option<&Kept>,
    ) -> Result<Raw, GitHubError> {
        let github = &reader.world.github;
        let authorization = match who {
            Credentials::Ours => github.token.header(reader, access, self.doing).await?,
            Credentials::These(header) => header.clone(),
        };
        let _slot = github.slots.acquire().await.map_err(|error| Trouble::Unreachable.because(self.doing, error))?;
        let client = github.client(self.doing).await?;
        let mut request = Request::builder()
            .method(self.method.clone())
            .uri(uri.clone())
            .header(header::AUTHORIZATION, authorization)
            .header(header::ACCEPT, "application/vnd.github+json")
            .header(VERSION.0, VERSION.1)
            .header(header::USER_AGENT, concat!("deploy-ops/", env!("CARGO_PKG_VERSION")));
        if let Some(kept) = kept {
            request = request.header(header::IF_NONE_MATCH, &kept.etag);
        }
        let body = match &self.body {
            Some(body) => {
                request = request.header(header::CONTENT_TYPE, "application/json");
                OctoBody::from(body.clone())
            }
            None => OctoBody::empty(),
        };
        let request = request.body(body).map_err(|error| {
            Trouble::Unreadable { what: "the request cannot be written" }.because(self.doing, error)
        })?;
        match tokio::time::timeout(TIMEOUT, whole(client, request, self.doing)).await {
            Ok(answer) => answer,
            Err(late) => Err(Trouble::Unreachable.because(self.doing, late)),
        }
    }
}

async fn whole(client: &Octocrab, request: Request<OctoBody>, doing: &str) -> Result<Raw, GitHubError> {
    let response = client.execute(request).await.map_err(|error| Trouble::Unreachable.because(doing, error))?;
    let (parts, body) = response.into_parts();
    let body = Limited::new(body, BODY).collect().await;
    let body = body.map_err(|error| Trouble::Unreadable { what: "it was cut, or has no end" }.because(doing, error))?;
    Ok(Raw { status: parts.status.as_u16(), headers: parts.headers, body: body.to_bytes() })
}

impl GitHub {
    async fn client(&self, doing: &str) -> Result<&Octocrab, GitHubError> {
        let made = self.client.get_or_try_init(|| async {
            let _ = rustls::crypto::ring::default_provider().install_default();
            Octocrab::builder()
                .set_connect_timeout(Some(Duration::from_secs(10)))
                .set_read_timeout(Some(TIMEOUT))
                .build()
        });
        made.await.map_err(|error| Trouble::Unreachable.because(doing, error))
    }
}

impl Answer {
    pub(super) fn json<T: DeserializeOwned>(&self, doing: &str) -> Result<T, GitHubError> {
        serde_json::from_slice(&self.body).map_err(|error| unlike(doing, &error))
    }
}

/// An answer that is not what the description promises. Where and of which kind is kept; what it says is not.
pub(super) fn unlike(doing: &str, error: &serde_json::Error) -> GitHubError {
    let place = format!("{:?} at line {} column {}", error.classify(), error.line(), error.column());
    Trouble::Unreadable { what: "it is not what the description of the API promises" }.because(doing, place)
}

impl Repository<'_> {
    /// Asks for one thing below the repository; `below` begins with a slash or is empty.
    pub(in crate::world) async fn get<T: DeserializeOwned>(&self, doing: &str, below: &str) -> Result<T, GitHubError> {
        self.get_at(doing, &self.path(below)).await
    }

    /// Asks for one thing anywhere in the API.
    pub(in crate::world) async fn get_at<T: DeserializeOwned>(
        &self,
        doing: &str,
        path: &str,
    ) -> Result<T, GitHubError> {
        self.ask(Ask::get(doing, path)).await?.json(doing)
    }

    pub(super) async fn ask(&self, ask: Ask<'_>) -> Result<Answer, GitHubError> {
        ask.send(self.reader, self.access, Credentials::Ours).await
    }
}

impl<'w> Writer<'w> {
    /// The same repository, to be asked.
    pub(in crate::world) fn reading(&self) -> &Repository<'w> {
        &self.0
    }

    /// Makes something new below the repository. Never repeated by itself: after an error it may be there or not.
    pub(in crate::world) async fn post<T: DeserializeOwned>(
        &self,
        doing: &str,
        below: &str,
        body: &Value,
    ) -> Result<T, GitHubError> {
        self.0.ask(Ask::post(doing, &self.0.path(below), body)?).await?.json(doing)
    }

    /// Changes something below the repository.
    pub(in crate::world) async fn patch<T: DeserializeOwned>(
        &self,
        doing: &str,
        below: &str,
        body: &Value,
    ) -> Result<T, GitHubError> {
        self.0.ask(Ask::with(Method::PATCH, doing, &self.0.path(below), body)?).await?.json(doing)
    }
}

/// The place as a URL of this API and nowhere else: the token goes there.
pub(super) fn within(api: &url::Url, place: &str) -> Option<url::Url> {
    let base = api.as_str().trim_end_matches('/');
    let text = if place.starts_with('/') { format!("{base}{place}") } else { place.to_owned() };
    let url = url::Url::parse(&text).ok()?;
    let below = url.path().strip_prefix(api.path().trim_end_matches('/')).is_some_and(|rest| rest.starts_with('/'));
    (url.origin() == api.origin() && url.username().is_empty() && below).then_some(url)
}

fn stumbles(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Unreachable | Trouble::Unreadable { .. })
}

pub(super) async fn pause(turn: u32) {
    tokio::time::sleep(Duration::from_millis(100 * u64::from(turn * turn))).await;
}

pub(super) fn meaning(status: u16, headers: &HeaderMap) -> Trouble {
    match status {
        401 => Trouble::TokenRefused,
        403 => {
            let wanted = headers.get("x-accepted-github-permissions").and_then(|value| value.to_str().ok());
            let plain = |text: &&str| {
                text.len() <= 200 && text.bytes().all(|b| b.is_ascii_alphanumeric() || b"=_,; -".contains(&b))
            };
            Trouble::Forbidden { permission: wanted.filter(plain).map(str::to_owned) }
        }
        404 => Trouble::NotFound,
        400..=499 => Trouble::Conflict { status },
        _ => Trouble::Failing { status },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_answer_leads_the_token_elsewhere() {
        let api = |text: &str| url::Url::parse(text).unwrap();
        let github = api("https://api.github.com");
        let uri = |api: &url::Url, place: &str| within(api, place).map(|uri| uri.to_string());
        assert_eq!(uri(&github, "/repos/a/b?page=2").unwrap(), "https://api.github.com/repos/a/b?page=2");
        assert_eq!(
            uri(&github, "https://api.github.com/repositories/1").unwrap(),
            "https://api.github.com/repositories/1"
        );
        for other in [
            "https://api.github.com.example.org/x",
            "http://api.github.com/x",
            "https://api.github.com:8443/x",
            "https://user@api.github.com/x",
            "ftp://api.github.com/x",
            "x",
        ] {
            assert_eq!(uri(&github, other), None, "{other}");
        }
        assert_eq!(uri(&github, "//example.org/x").unwrap(), "https://api.github.com//example.org/x");
        let enterprise = api("https://github.example.org/api/v3/");
        assert_eq!(uri(&enterprise, "/repos/a/b").unwrap(), "https://github.example.org/api/v3/repos/a/b");
        for outside in [
            "https://github.example.org/repos",
            "https://github.example.org/api/v3/../../x",
            "https://github.example.org/api/v30/x",
        ] {
            assert_eq!(uri(&enterprise, outside), None, "{outside}");
        }
    }
}
