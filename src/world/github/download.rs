//! Bytes that GitHub keeps elsewhere: it answers with where they are, and the token does not go there.

use std::{path::Path, time::Duration};

use futures::StreamExt as _;
use http::header;
use reqwest::Response;
use sha2::{Digest as _, Sha256};
use tokio::io::AsyncWriteExt as _;
use url::Url;

use super::{
    Repository,
    call::{AGAIN, VERSION, meaning, pause, within},
    error::{GitHubError, Trouble},
};
use crate::domain::digest::Digest;

/// How long a download may take.
const WHOLE: Duration = Duration::from_mins(15);
/// How long it may stand still.
const SILENCE: Duration = Duration::from_secs(30);
/// How many redirects are followed.
const HOPS: u32 = 5;

/// How GitHub keeps something, which decides what has to be accepted to get it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) enum Form {
    /// A file as somebody uploaded it.
    File,
    /// An archive that GitHub made.
    Archive,
}

impl Form {
    fn accepted(self) -> &'static str {
        match self {
            Self::File => "application/octet-stream",
            Self::Archive => "application/vnd.github+json",
        }
    }
}

/// What an attempt came to.
enum Came {
    Bytes(Response),
    /// What is to be asked next.
    Elsewhere(Url),
    /// The token was not accepted; there may be a newer one.
    TokenOld,
}

impl Repository<'_> {
    /// Writes the bytes of something below the repository to a file, and gives their digest. What is in the file after an error says
    /// nothing.
    pub(in crate::world) async fn download(
        &self,
        doing: &str,
        (form, below): (Form, &str),
        limit: u64,
        file: &Path,
    ) -> Result<Digest, GitHubError> {
        let mut again = 0;
        loop {
            let attempt = tokio::time::timeout(WHOLE, Box::pin(self.attempt(doing, (form, below), limit, file))).await;
            let done = attempt.unwrap_or_else(|late| Err(Trouble::Unreachable.because(doing, late)));
            match done {
                Err(error) if again < AGAIN && passes(&error.trouble) => {
                    again += 1;
                    pause(again).await;
                }
                done => return done,
            }
        }
    }

    async fn attempt(
        &self,
        doing: &str,
        (form, below): (Form, &str),
        limit: u64,
        file: &Path,
    ) -> Result<Digest, GitHubError> {
        let api = &self.access.api;
        let nowhere = || Trouble::Failing { status: 302 }.at(doing);
        let mut place = within(api, &self.path(below)).ok_or_else(nowhere)?;
        let mut renewed = false;
        for _ in 0..=HOPS {
            match self.hop(doing, form, &place).await? {
                Came::Bytes(response) => return kept(doing, response, limit, file).await,
                Came::Elsewhere(next) if follows(api, &next) => place = next,
                Came::TokenOld if !renewed => {
                    self.reader.world.github.token.forget().await;
                    renewed = true;
                }
                Came::TokenOld => return Err(Trouble::TokenRefused.at(doing)),
                Came::Elsewhere(_) => return Err(nowhere()),
            }
        }
        Err(nowhere())
    }

    async fn hop(&self, doing: &str, form: Form, place: &Url) -> Result<Came, GitHubError> {
        let github = &self.reader.world.github;
        // The token goes to the API and nowhere else.
        let ours = within(&self.access.api, place.as_str()).is_some();
        if let Some(wait_s) = github.limits.closed_for(self.reader.now()).filter(|_| ours) {
            return Err(Trouble::Limited { wait_s }.at(doing));
        }
        let client = self.reader.world.http.client().map_err(|error| Trouble::Unreachable.because(doing, error))?;
        let mut request = client.get(place.clone()).header(header::ACCEPT, form.accepted());
        let _slot = if ours {
            let authorization = github.token.header(self.reader, self.access, doing).await?;
            request = request.header(header::AUTHORIZATION, authorization).header(VERSION.0, VERSION.1);
            Some(github.slots.acquire().await.map_err(|error| Trouble::Unreachable.because(doing, error))?)
        } else {
            None
        };
        let unreachable = |error: reqwest::Error| Trouble::Unreachable.because(doing, error.without_url());
        let response = tokio::time::timeout(SILENCE, request.send()).await;
        let response = response.map_err(|late| Trouble::Unreachable.because(doing, late))?.map_err(unreachable)?;
        match response.status().as_u16() {
            200 => Ok(Came::Bytes(response)),
            status @ (301 | 302 | 303 | 307 | 308) => {
                let location = response.headers().get(header::LOCATION).and_then(|value| value.to_str().ok());
                let next = location.and_then(|location| place.join(location).ok());
                next.map(Came::Elsewhere).ok_or_else(|| Trouble::Failing { status }.at(doing))
            }
            401 if ours => Ok(Came::TokenOld),
            status if ours => match github.limits.note(status, response.headers(), self.reader.now()) {
                Some(advice) => Err(Trouble::Limited { wait_s: advice.seconds() }.at(doing)),
                None => Err(meaning(status, response.headers()).at(doing)),
            },
            // What stores files knows nothing of our token's permissions.
            status => Err(Trouble::Failing { status }.at(doing)),
        }
    }
}

async fn kept(doing: &str, response: Response, limit: u64, file: &Path) -> Result<Digest, GitHubError> {
    let here = |error: std::io::Error| Trouble::Unreadable { what: "it cannot be written here" }.because(doing, error);
    let mut file = tokio::fs::File::create(file).await.map_err(here)?;
    let (mut hash, mut length) = (Sha256::new(), 0_u64);
    let mut pieces = response.bytes_stream();
    loop {
        let piece = tokio::time::timeout(SILENCE, pieces.next()).await;
        let Some(piece) = piece.map_err(|late| Trouble::Unreachable.because(doing, late))? else { break };
        let piece = piece.map_err(|error| Trouble::Unreachable.because(doing, error.without_url()))?;
        length = length.saturating_add(u64::try_from(piece.len()).unwrap_or(u64::MAX));
        if length > limit {
            return Err(Trouble::Unreadable { what: "it is larger than is taken" }.at(doing));
        }
        hash.update(&piece);
        file.write_all(&piece).await.map_err(here)?;
    }
    file.flush().await.map_err(here)?;
    Ok(Digest::from_bytes(hash.finalize().into()))
}

/// Whether a redirect is followed: to TLS, and on this machine where the API itself is.
fn follows(api: &Url, next: &Url) -> bool {
    let here = |url: &Url| match url.host() {
        Some(url::Host::Ipv4(address)) => address.is_loopback(),
        Some(url::Host::Ipv6(address)) => address.is_loopback(),
        _ => false,
    };
    let plain = next.username().is_empty() && next.password().is_none();
    let safe = next.scheme() == "https" || (next.scheme() == "http" && here(next) && here(api));
    plain && safe && (here(api) || !here(next))
}

/// Whether the same may be different a moment later.
fn passes(trouble: &Trouble) -> bool {
    matches!(trouble, Trouble::Unreachable | Trouble::Failing { status: 500.. })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_redirect_leads_to_tls_and_never_to_this_machine() {
        let url = |text: &str| Url::parse(text).unwrap();
        let (github, here) = (url("https://api.github.com"), url("http://127.0.0.1:8000"));
        assert!(follows(&github, &url("https://blobs.example.org/x?sig=1")));
        for to in ["http://blobs.example.org/x", "http://127.0.0.1/x", "https://127.0.0.1/x", "https://[::1]/x"] {
            assert!(!follows(&github, &url(to)), "{to}");
        }
        for to in ["https://a:b@blobs.example.org/x", "ftp://blobs.example.org/x", "file:///etc/passwd"] {
            assert!(!follows(&github, &url(to)) && !follows(&here, &url(to)), "{to}");
        }
        assert!(follows(&here, &url("http://127.0.0.1:9000/x")) && !follows(&here, &url("http://example.org/x")));
    }
}
