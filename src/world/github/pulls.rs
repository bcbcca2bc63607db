//! Pull requests, who reviewed them, and who may.

use serde::Deserialize;

use super::{GitHubError, Listed, Repository};
use crate::domain::time::Time;

/// What a repository is.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct About {
    pub(in crate::world) id: u64,
    pub(in crate::world) default_branch: String,
}

/// A pull request. Its title and its body are what its author says, and are not read.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct Pull {
    pub(in crate::world) number: u64,
    #[serde(default)]
    pub(in crate::world) user: Option<Account>,
    #[serde(default)]
    pub(in crate::world) merged_at: Option<Time>,
    #[serde(default)]
    pub(in crate::world) merge_commit_sha: Option<String>,
    pub(in crate::world) head: Head,
    pub(in crate::world) base: Base,
    /// How many commits it has; only where one pull request alone is asked for.
    #[serde(default)]
    pub(in crate::world) commits: Option<u64>,
    /// How many files it changes; the same.
    #[serde(default)]
    pub(in crate::world) changed_files: Option<u64>,
}

/// What is to be merged.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct Head {
    pub(in crate::world) sha: String,
}

/// Where it is merged to.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct Base {
    #[serde(rename = "ref")]
    pub(in crate::world) branch: String,
    pub(in crate::world) sha: String,
    pub(in crate::world) repo: BaseRepository,
}

/// The repository of a branch.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct BaseRepository {
    pub(in crate::world) id: u64,
}

/// Somebody. Empty where GitHub knows nobody of that address.
#[derive(Debug, Clone, Default, Deserialize)]
pub(in crate::world) struct Account {
    #[serde(default)]
    pub(in crate::world) login: Option<String>,
    #[serde(default, rename = "type")]
    pub(in crate::world) kind: Option<String>,
}

/// A review. Its body is what its author says, and is not read.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct Review {
    pub(in crate::world) id: u64,
    #[serde(default)]
    pub(in crate::world) user: Option<Account>,
    pub(in crate::world) state: String,
    /// The head that was looked at.
    #[serde(default)]
    pub(in crate::world) commit_id: Option<String>,
    #[serde(default)]
    pub(in crate::world) submitted_at: Option<Time>,
}

/// A commit of a pull request.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct PullCommit {
    #[serde(default)]
    pub(in crate::world) author: Option<Account>,
    #[serde(default)]
    pub(in crate::world) committer: Option<Account>,
}

/// A file that a pull request changes.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct ChangedFile {
    pub(in crate::world) filename: String,
    /// What it was called before.
    #[serde(default)]
    pub(in crate::world) previous_filename: Option<String>,
}

#[derive(Deserialize)]
struct Access {
    #[serde(default)]
    permission: String,
}

impl Account {
    /// The login in lower case, as it is compared.
    pub(in crate::world) fn key(&self) -> Option<String> {
        self.login.as_ref().filter(|login| !login.is_empty()).map(|login| login.to_lowercase())
    }

    /// Whether it is a person, and no App.
    pub(in crate::world) fn is_person(&self) -> bool {
        self.kind.as_deref() == Some("User")
    }
}

impl Repository<'_> {
    /// What the repository is.
    pub(in crate::world) async fn about(&self) -> Result<About, GitHubError> {
        self.get("look at the repository", "").await
    }

    /// The pull requests that a commit is part of, in whatever state.
    pub(in crate::world) async fn pulls_with(&self, commit: &str) -> Result<Vec<Pull>, GitHubError> {
        let below = format!("/commits/{commit}/pulls");
        self.list("find the pull request that brought the commit", &below, Listed::Plain).await
    }

    /// One pull request.
    pub(in crate::world) async fn pull(&self, number: u64) -> Result<Pull, GitHubError> {
        self.get("look at the pull request", &format!("/pulls/{number}")).await
    }

    /// The reviews of a pull request.
    pub(in crate::world) async fn reviews(&self, number: u64) -> Result<Vec<Review>, GitHubError> {
        let below = format!("/pulls/{number}/reviews");
        self.list("list the reviews of the pull request", &below, Listed::Plain).await
    }

    /// The commits of a pull request; GitHub gives 250 at most.
    pub(in crate::world) async fn pull_commits(&self, number: u64) -> Result<Vec<PullCommit>, GitHubError> {
        let below = format!("/pulls/{number}/commits");
        self.list("list the commits of the pull request", &below, Listed::Plain).await
    }

    /// The files that a pull request changes; GitHub gives 3,000 at most.
    pub(in crate::world) async fn pull_files(&self, number: u64) -> Result<Vec<ChangedFile>, GitHubError> {
        let below = format!("/pulls/{number}/files");
        self.list("list the files that the pull request changes", &below, Listed::Plain).await
    }

    /// Whether somebody may write to the repository: only then does their approval mean anything.
    pub(in crate::world) async fn may_write(&self, login: &str) -> Result<bool, GitHubError> {
        if !is_name(login) {
            return Ok(false);
        }
        let below = format!("/collaborators/{login}/permission");
        let access: Access = self.get("look at what a reviewer may do", &below).await?;
        Ok(matches!(access.permission.as_str(), "admin" | "write"))
    }

    /// The members of a team and of those below it, by their logins in lower case. None when there can be no such team.
    pub(in crate::world) async fn team(
        &self,
        organization: &str,
        slug: &str,
    ) -> Result<Option<Vec<String>>, GitHubError> {
        if !is_name(organization) || !is_name(slug) {
            return Ok(None);
        }
        let path = format!("/orgs/{organization}/teams/{slug}/members");
        let members: Vec<Account> = self.list_at("list the members of a team", &path, Listed::Plain).await?;
        Ok(Some(members.iter().filter_map(Account::key).collect()))
    }
}

/// Whether it can stand in a path as it is.
fn is_name(text: &str) -> bool {
    let plain = |b: u8| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.');
    (1..=100).contains(&text.len()) && !matches!(text, "." | "..") && text.bytes().all(plain)
}
