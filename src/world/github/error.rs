//! What may be wrong with an answer of GitHub, told apart and without its words.

use super::super::WorldError;
use crate::domain::refusal::{Code, Refusal};

/// A call of GitHub that gave no answer that can be used.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {trouble}")]
pub struct GitHubError {
    /// What was being done, for example `list the check runs of example/shop`.
    pub doing: String,
    /// What is wrong.
    pub trouble: Trouble,
    /// For the log, never for a reply.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

/// What is wrong with an answer of GitHub.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Trouble {
    /// 401: the token is wrong, expired or revoked.
    #[error("GitHub does not accept the token")]
    TokenRefused,
    /// The secret behind the token cannot be read.
    #[error("the token cannot be read")]
    TokenMissing,
    /// 403: the token is good, and may not do this.
    #[error("the token lacks a permission{}", .permission.as_deref().map(|p| format!(" ({p})")).unwrap_or_default())]
    Forbidden {
        /// The permissions that GitHub says it wants, for example `checks=read`.
        permission: Option<String>,
    },
    /// 404: it is not there, or the token may not see it; GitHub does not say which.
    #[error("GitHub knows no such thing, or the token may not see it")]
    NotFound,
    /// 409, 410, 422: what was asked contradicts what is there.
    #[error("GitHub refused it as it stands (HTTP {status})")]
    Conflict {
        /// The status.
        status: u16,
    },
    /// 403 or 429: too many calls.
    #[error("GitHub's limit on calls is used up for {wait_s} s")]
    Limited {
        /// When it may be asked again, seconds from now.
        wait_s: u64,
    },
    /// No connection, or no answer in time.
    #[error("GitHub cannot be reached")]
    Unreachable,
    /// 5xx, or a redirect to another place.
    #[error("GitHub answers HTTP {status}")]
    Failing {
        /// The status.
        status: u16,
    },
    /// Cut, too large, or not what the description promises.
    #[error("the answer of GitHub cannot be read: {what}")]
    Unreadable {
        /// In which way.
        what: &'static str,
    },
    /// It keeps other bytes than those that were signed.
    #[error("GitHub does not keep the tag as it was signed")]
    Altered,
    /// It gave other numbers of things than it said there are.
    #[error("GitHub says there are {said}, and gave {given}: a page is missing")]
    Incomplete {
        /// How many it says there are.
        said: u64,
        /// How many it gave.
        given: u64,
    },
}

impl Trouble {
    /// What is wrong without what changes by the second: the same trouble reads the same.
    pub fn lasting(&self) -> String {
        match self {
            Self::Limited { .. } => "GitHub's limit on calls is used up".to_owned(),
            Self::Incomplete { .. } => "a page of GitHub's answer is missing".to_owned(),
            other => other.to_string(),
        }
    }

    pub(super) fn at(self, doing: &str) -> GitHubError {
        GitHubError { doing: doing.to_owned(), trouble: self, source: None }
    }

    pub(super) fn because(
        self,
        doing: &str,
        source: impl Into<Box<dyn std::error::Error + Send + Sync>>,
    ) -> GitHubError {
        GitHubError { doing: doing.to_owned(), trouble: self, source: Some(source.into()) }
    }

    fn code_and_fix(&self) -> (Code, &'static str) {
        match self {
            Self::TokenRefused => (Code::GitHubRefused, "Make a new token and set the secret of [github]."),
            Self::TokenMissing => (Code::SecretMissing, "Set the secret of [github] where deploy-ops.toml says it is."),
            Self::Forbidden { .. } => {
                (Code::GitHubRefused, "Give the token that permission; docs/github.md lists all that are wanted.")
            }
            Self::NotFound => (Code::GitHubRefused, "Check the name, and that the token may see the repository."),
            Self::Conflict { .. } => (Code::GitHubRefused, "Look at it on GitHub: its state does not allow this."),
            Self::Limited { .. } => (Code::GitHubUnavailable, "Wait, then call again."),
            Self::Unreachable | Self::Failing { .. } => {
                (Code::GitHubUnavailable, "Call again later; nothing that needs GitHub counts as green meanwhile.")
            }
            Self::Altered => {
                (Code::TagRefused, "Sign the tag with git, push it, and fetch it into the repository here.")
            }
            Self::Unreadable { .. } | Self::Incomplete { .. } => {
                (Code::GitHubUnavailable, "Call again; if it stays, look at the server's log.")
            }
        }
    }
}

impl From<GitHubError> for WorldError {
    fn from(error: GitHubError) -> Self {
        let (code, fix) = error.trouble.code_and_fix();
        let world = WorldError::new(code, error.doing, error.trouble.to_string(), fix);
        match error.source {
            Some(source) => world.because(source),
            None => world,
        }
    }
}

impl From<GitHubError> for Refusal {
    fn from(error: GitHubError) -> Self {
        WorldError::from(error).into()
    }
}
