//! Issues and what is said in them (<https://docs.github.com/rest/issues>).

use serde::Deserialize;
use serde_json::json;
use url::form_urlencoded::byte_serialize;

use super::{
    super::{World, WorldError},
    Listed, Repository,
    error::GitHubError,
    once::{Once, once, patiently},
};
use crate::{
    domain::{
        clean::clean_line,
        inventory::{GitHubCredential, Service},
        issue::{self, CommentIssue, OpenIncident},
        operation::OperationId,
        time::Time,
    },
    policy::Permit,
};

/// How much earlier than an operation its texts are looked for, s: GitHub's clock may be behind ours.
const CLOCKS_S: i64 = 24 * 60 * 60;
/// How much of a title is shown, bytes.
const TITLE: usize = 200;

/// An issue. What others wrote is cleaned, and not redacted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issue {
    /// Its number.
    pub number: u64,
    /// Its title.
    pub title: String,
    /// Whether it is open.
    pub open: bool,
    /// The names of its labels.
    pub labels: Vec<String>,
    /// Who opened it; empty when they are gone.
    pub author: String,
    /// How many comments it has.
    pub comments: u64,
    /// When it was opened (UTC).
    pub created_at: Time,
    /// When it was changed last (UTC).
    pub updated_at: Time,
    /// Whether it was opened by us, for an operation.
    pub ours: bool,
    /// The operation whose incident it is, when we opened it.
    pub incident: Option<OperationId>,
}

/// Which issues are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IssueState {
    /// Open ones.
    Open,
    /// Closed ones.
    Closed,
    /// Both.
    All,
}

/// What came of a comment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Commented {
    /// It is new.
    New,
    /// It was there and says something else now.
    Changed,
    /// It was there and said the same.
    Same,
}

#[derive(Debug, Deserialize)]
pub(super) struct Found {
    pub(super) number: u64,
    #[serde(default)]
    title: String,
    #[serde(default)]
    body: Option<String>,
    state: String,
    #[serde(default)]
    labels: Vec<Label>,
    #[serde(default)]
    user: Option<User>,
    #[serde(default)]
    comments: u64,
    created_at: Time,
    updated_at: Time,
    /// The list of issues holds the pull requests too.
    #[serde(default)]
    pull_request: Option<serde::de::IgnoredAny>,
}

#[derive(Debug, Deserialize)]
#[serde(untagged)]
enum Label {
    Name(String),
    Whole {
        #[serde(default)]
        name: Option<String>,
    },
}

#[derive(Debug, Deserialize)]
pub(super) struct User {
    login: String,
    #[serde(default, rename = "type")]
    kind: String,
}

/// Who writes what we write. Whoever else begins a text with a marker makes it no text of ours.
#[derive(Debug)]
pub(super) enum Us {
    User(String),
    App,
}

impl Us {
    pub(super) fn wrote(&self, author: Option<&User>) -> bool {
        author.is_some_and(|author| match self {
            Self::User(login) => author.login.eq_ignore_ascii_case(login),
            Self::App => author.kind == "Bot",
        })
    }
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    #[serde(default)]
    body: Option<String>,
    #[serde(default)]
    user: Option<User>,
}

impl Issue {
    fn of(found: Found, us: &Us) -> Self {
        let by_us = us.wrote(found.user.as_ref());
        let ours = by_us && found.body.as_deref().is_some_and(issue::is_ours);
        let incident = found.body.as_deref().filter(|_| by_us).and_then(issue::incident_in);
        let names = found.labels.into_iter().filter_map(|label| match label {
            Label::Name(name) => Some(name),
            Label::Whole { name } => name,
        });
        let title = clean_line(&found.title);
        Self {
            number: found.number,
            title: title.get(..title.floor_char_boundary(TITLE)).unwrap_or_default().to_owned(),
            open: found.state == "open",
            labels: names.map(|name| clean_line(&name)).collect(),
            author: found.user.map(|user| clean_line(&user.login)).unwrap_or_default(),
            comments: found.comments,
            created_at: found.created_at,
            updated_at: found.updated_at,
            ours,
            incident,
        }
    }
}

impl Repository<'_> {
    /// The issues that have all these labels, the newest first. Pull requests are left out.
    pub async fn issues(&self, state: IssueState, labels: &[String]) -> Result<Vec<Issue>, GitHubError> {
        let state = match state {
            IssueState::Open => "open",
            IssueState::Closed => "closed",
            IssueState::All => "all",
        };
        let labels: String = byte_serialize(labels.join(",").as_bytes()).collect();
        let with = if labels.is_empty() { labels } else { format!("&labels={labels}") };
        let found = self.found(&format!("?state={state}{with}")).await?;
        let us = self.us().await?;
        let plain = found.into_iter().filter(|found| found.pull_request.is_none());
        Ok(plain.map(|found| Issue::of(found, &us)).collect())
    }

    /// One issue; nothing when the number is that of a pull request.
    pub async fn issue(&self, number: u64) -> Result<Option<Issue>, GitHubError> {
        let doing = format!("read issue {number} of {}", self.name());
        let found: Found = self.get(&doing, &format!("/issues/{number}")).await?;
        let us = self.us().await?;
        Ok(found.pull_request.is_none().then(|| Issue::of(found, &us)))
    }

    /// Whether the comment is there, as it is to be. A list that lags is given time.
    pub async fn has_comment(&self, step: &CommentIssue) -> Result<bool, GitHubError> {
        let body = self.marked(&step.marker(), &step.body);
        let found = patiently(|| self.comment(step)).await?;
        Ok(found.is_some_and(|found| found.says(&body)))
    }

    /// The number of the incident's issue, when it was opened already. A list that lags is given time.
    pub async fn incident(&self, step: &OpenIncident) -> Result<Option<u64>, GitHubError> {
        patiently(|| self.marked_issue(step)).await
    }

    pub(super) async fn found(&self, query: &str) -> Result<Vec<Found>, GitHubError> {
        let doing = format!("list the issues of {}", self.name());
        self.list(&doing, &format!("/issues{query}"), Listed::Plain).await
    }

    pub(super) async fn us(&self) -> Result<Us, GitHubError> {
        match self.access.credential {
            GitHubCredential::App { .. } => Ok(Us::App),
            GitHubCredential::Token(_) => {
                let user: User = self.get_at("read whose token it is", "/user").await?;
                Ok(Us::User(user.login))
            }
        }
    }

    async fn comment(&self, step: &CommentIssue) -> Result<Option<Comment>, GitHubError> {
        let doing = format!("list the comments of issue {} of {}", step.issue, self.name());
        let below = format!("/issues/{}/comments?since={}", step.issue, since(step.about.began));
        let all: Vec<Comment> = self.list(&doing, &below, Listed::Plain).await?;
        let (us, marker) = (self.us().await?, step.marker());
        let ours = |comment: &Comment| {
            us.wrote(comment.user.as_ref())
                && comment.body.as_deref().is_some_and(|body| issue::is_marked(body, &marker))
        };
        Ok(all.into_iter().find(ours))
    }

    async fn marked_issue(&self, step: &OpenIncident) -> Result<Option<u64>, GitHubError> {
        self.first_marked(&format!("since={}", since(step.about.began)), &step.marker()).await
    }

    /// The oldest issue of ours with that marker, among those that the filter leaves.
    pub(super) async fn first_marked(&self, filter: &str, marker: &str) -> Result<Option<u64>, GitHubError> {
        // Ascending: what others open meanwhile does not shift the pages.
        let found = self.found(&format!("?state=all&sort=created&direction=asc&{filter}")).await?;
        let us = self.us().await?;
        let ours = |found: &Found| {
            us.wrote(found.user.as_ref()) && found.body.as_deref().is_some_and(|body| issue::is_marked(body, marker))
        };
        Ok(found.into_iter().find(ours).map(|found| found.number))
    }

    /// A body with its marker. What is redacted already is redacted again: this is the door.
    pub(super) fn marked(&self, marker: &str, body: &str) -> String {
        format!("{marker}\n{}", self.reader.words_for_github(body))
    }
}

impl Comment {
    /// GitHub may give line ends back as it likes them.
    fn says(&self, body: &str) -> bool {
        self.body.as_deref().is_some_and(|said| said.replace("\r\n", "\n").trim_end() == body.trim_end())
    }
}

impl World {
    /// Tells in an issue how an operation went. What was told before is changed, not repeated.
    pub async fn comment_issue(
        &self,
        permit: &Permit,
        service: &Service,
        step: &CommentIssue,
    ) -> Result<Commented, WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        let doing = format!("comment on issue {} of {}", step.issue, there.name());
        let body = there.marked(&step.marker(), &step.body);
        let (below, new) = (format!("/issues/{}/comments", step.issue), json!({ "body": body }));
        let made = once(|| there.comment(step), || writer.post::<Comment>(&doing, &below, &new)).await?;
        match made {
            Once::Made(_) => Ok(Commented::New),
            Once::Found(comment) if comment.says(&body) => Ok(Commented::Same),
            Once::Found(comment) => {
                let below = format!("/issues/comments/{}", comment.id);
                writer.patch::<Comment>(&doing, &below, &json!({ "body": body })).await?;
                Ok(Commented::Changed)
            }
        }
    }

    /// Opens an issue for an operation, unless there is one: its number, and whether it is new.
    pub async fn open_incident(
        &self,
        permit: &Permit,
        service: &Service,
        step: &OpenIncident,
    ) -> Result<(u64, bool), WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        let doing = format!("open an issue of {}", there.name());
        let issue = json!({
            "title": there.reader.title_for_github(&step.title),
            "body": there.marked(&step.marker(), &step.body),
            "labels": step.labels,
        });
        let make = || async { Ok(writer.post::<Found>(&doing, "/issues", &issue).await?.number) };
        Ok(match once(|| there.marked_issue(step), make).await? {
            Once::Made(number) => (number, true),
            Once::Found(number) => (number, false),
        })
    }

    /// Closes an issue; whether it was open.
    pub async fn close_issue(&self, permit: &Permit, service: &Service, number: u64) -> Result<bool, WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        if there.issue(number).await?.is_none_or(|issue| !issue.open) {
            return Ok(false);
        }
        let doing = format!("close issue {number} of {}", there.name());
        let closed = json!({ "state": "closed", "state_reason": "completed" });
        writer.patch::<Found>(&doing, &format!("/issues/{number}"), &closed).await?;
        Ok(true)
    }
}

/// From when on a text about an operation may have been changed last.
pub(super) fn since(began: Time) -> String {
    format!("{}T00:00:00Z", began.plus_s(-CLOCKS_S).date())
}
