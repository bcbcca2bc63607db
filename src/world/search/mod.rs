//! The web, by Brave Search (<https://api-dashboard.search.brave.com/app/documentation/web-search/query>). What is asked has been
//! cleaned; what comes back was written by anybody.

mod hit;
mod limits;

use std::{collections::BTreeSet, time::Duration};

use http::{HeaderMap, HeaderValue, header};
use serde::Deserialize;
use url::Url;

pub use hit::Hit;
pub(in crate::world) use limits::Limits;

use super::{
    Reader, WorldError,
    api::{Answer, Call, Fault, below, sensitive},
};
use crate::{
    domain::{
        inventory::SearchAccess,
        query::{Cleaned, Private, clean},
        refusal::Code,
    },
    redact::MASK,
};

/// How long a search may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, bytes.
const BODY: usize = 2 * 1024 * 1024;
/// How long is waited for the limit on bursts to pass, instead of giving up, s.
const PATIENCE_S: u64 = 2;

/// What is searched for to see whether the token is taken.
const PROBE: &str = "deployment";
/// What the service calls a token that it does not take, with status 422.
const INVALID_TOKEN: &[u8] = b"SUBSCRIPTION_TOKEN_INVALID";

/// How old what is found may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Within {
    /// A day.
    Day,
    /// A week.
    Week,
    /// A month.
    Month,
    /// A year.
    Year,
}

/// What is searched for.
#[derive(Debug, Clone, Copy)]
pub struct Search<'a> {
    /// The query, cleaned.
    pub query: &'a Cleaned,
    /// How old they may be.
    pub within: Option<Within>,
}

#[derive(Deserialize)]
struct Reply {
    /// Absent when nothing was found.
    #[serde(default)]
    web: Web,
    /// Always there, so that what is no answer of a search is told from an empty one.
    #[serde(rename = "query")]
    _query: serde::de::IgnoredAny,
}

#[derive(Default, Deserialize)]
struct Web {
    #[serde(default)]
    results: Vec<hit::Raw>,
}

impl Reader<'_> {
    /// A query as it may leave: without secrets, and without what the inventory says of this installation.
    pub fn clean_query(&self, text: &str) -> Cleaned {
        clean(&self.world.redactor.text(text), MASK, &Private::of(self.inventory()))
    }

    /// Searches the web.
    ///
    /// # Errors
    /// No search is configured, its limits are used up, or there is no answer that can be used.
    pub async fn search_web(&self, search: Search<'_>) -> Result<Vec<Hit>, WorldError> {
        let Some(access) = &self.inventory().search else {
            return Err(WorldError::new(
                Code::Unconfigured,
                DOING,
                "deploy-ops.toml does not say how",
                "Add [search], and name its token: an entry of [secrets]. docs/search.md says more.",
            ));
        };
        let reply = self.ask(access, &search).await.map_err(error)?;
        let count = usize::try_from(access.results).unwrap_or(usize::MAX);
        Ok(reply.web.results.into_iter().filter_map(|raw| raw.cleaned(*self)).take(count).collect())
    }

    /// Whether the search takes our token: by one small search, which counts like any other.
    pub(in crate::world) async fn try_search(&self, access: &SearchAccess) -> Result<(), Fault> {
        let query = Cleaned { query: PROBE.to_owned(), taken: BTreeSet::new() };
        let access = SearchAccess { results: 1, ..access.clone() };
        self.ask(&access, &Search { query: &query, within: None }).await.map(drop)
    }

    async fn ask(&self, access: &SearchAccess, search: &Search<'_>) -> Result<Reply, Fault> {
        let mut headers = HeaderMap::new();
        headers.insert("x-subscription-token", sensitive(self.secret_value(&access.token).await?.expose())?);
        headers.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
        let url = url(access, search);
        let limits = &self.world.search;
        let mut waited = false;
        loop {
            match limits.closed_for(self.now()) {
                Some(wait_s) if wait_s <= PATIENCE_S => tokio::time::sleep(Duration::from_secs(wait_s)).await,
                Some(wait_s) => return Err(Fault::Limited(Some(wait_s))),
                None => {}
            }
            let headers = headers.clone();
            let call = Call { url: &url, way: None, headers, body: None, timeout: TIMEOUT, most: BODY };
            let answer = self.call_api(call).await?;
            let wait_s = limits.note(answer.status, &answer.headers, self.now());
            if answer.status == 422 && memchr::memmem::find(&answer.body, INVALID_TOKEN).is_some() {
                return Err(Fault::Refused(answer.status));
            }
            match answer.success().and_then(|answer: Answer| answer.json()) {
                Err(Fault::Limited(_)) if !waited && wait_s.is_some_and(|wait_s| wait_s <= PATIENCE_S) => waited = true,
                Err(Fault::Limited(told)) => return Err(Fault::Limited(wait_s.or(told))),
                other => return other,
            }
        }
    }
}

/// What is being done, in errors.
const DOING: &str = "search the web";

fn url(access: &SearchAccess, search: &Search<'_>) -> Url {
    let mut url = below(&access.api, "web/search");
    let mut pairs = url.query_pairs_mut();
    pairs.append_pair("q", &search.query.query).append_pair("count", &access.results.to_string());
    pairs.append_pair("text_decorations", "false").append_pair("result_filter", "web");
    for (name, value) in [("search_lang", &access.language), ("country", &access.country)] {
        if let Some(value) = value {
            pairs.append_pair(name, value);
        }
    }
    if let Some(within) = search.within {
        let word = match within {
            Within::Day => "pd",
            Within::Week => "pw",
            Within::Month => "pm",
            Within::Year => "py",
        };
        pairs.append_pair("freshness", word);
    }
    drop(pairs);
    url
}

fn error(fault: Fault) -> WorldError {
    let (code, fix) = match &fault {
        Fault::Limited(_) => {
            (Code::RateLimited, "Wait, then search again; a plan of the search service may allow more.")
        }
        Fault::Refused(_) => (Code::WorldFailed, "Set the token of [search] to one of a subscription that is active."),
        Fault::NoCredential(_) => (Code::SecretMissing, "Set the token of [search] where deploy-ops.toml says it is."),
        Fault::Status(422) => (Code::BadArgument, "Ask in other words."),
        _ => (Code::WorldFailed, "Search again later."),
    };
    WorldError::new(code, DOING, fault.to_string().replacen("it ", "the search ", 1), fix)
}
