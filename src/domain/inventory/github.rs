//! How GitHub is reached, and which repository is whose.

use std::{collections::BTreeSet, fmt, str::FromStr};

use serde::Serialize;
use url::Url;

use super::super::name::{EnvironmentName, SecretName};

/// How GitHub is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitHubAccess {
    /// The base URL of the REST API, without a trailing slash: that of github.com, or `https://<host>/api/v3` of an
    /// Enterprise Server.
    pub api: Url,
    /// Who we are there.
    pub credential: GitHubCredential,
    /// After how many days secrets on GitHub are to be replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub rotate_after_days: Option<u32>,
    /// The label that makes an issue one of deployments.
    pub issue_label: String,
    /// The environments whose deployments and rollbacks the server tells by itself.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub tell: BTreeSet<EnvironmentName>,
    /// How often the comment about one that runs is changed at most, s.
    pub tell_every_s: u32,
    /// Who signs new tags, when they are signed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sign_tags: Option<TagSigner>,
}

/// Who signs new tags, with an SSH key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TagSigner {
    /// The secret that holds the private key.
    pub key: SecretName,
    /// The secret that holds the passphrase of that key.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub passphrase: Option<SecretName>,
    /// The name of the tagger.
    pub name: String,
    /// The mail address of the tagger.
    pub email: String,
}

impl GitHubAccess {
    /// Whether a text can be the name of a label. Lists of labels are separated by commas.
    pub fn is_label(text: &str) -> bool {
        (1..=50).contains(&text.chars().count()) && !text.contains(',') && !text.chars().any(char::is_control)
    }
}

/// Who we are on GitHub.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum GitHubCredential {
    /// A personal access token, best a fine-grained one.
    Token(SecretName),
    /// An installation of a GitHub App.
    App {
        /// The App's id.
        id: u32,
        /// The installation's id.
        installation: u32,
        /// Its private key, PEM.
        key: SecretName,
    },
}

impl GitHubCredential {
    /// The secret behind it.
    pub fn secret(&self) -> &SecretName {
        match self {
            Self::Token(name) | Self::App { key: name, .. } => name,
        }
    }
}

/// A repository on GitHub, `owner/name`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(into = "String")]
pub struct RepositoryName {
    owner: String,
    name: String,
}

impl RepositoryName {
    /// The user or organisation.
    pub fn owner(&self) -> &str {
        &self.owner
    }
    /// Its name there.
    pub fn name(&self) -> &str {
        &self.name
    }
}

/// The text is not `owner/name`. The text itself is not part of the message.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is not owner/name of a repository on GitHub")]
pub struct InvalidRepository;

impl FromStr for RepositoryName {
    type Err = InvalidRepository;
    fn from_str(text: &str) -> Result<Self, InvalidRepository> {
        let (owner, name) = text.split_once('/').ok_or(InvalidRepository)?;
        let owner_fits = !owner.is_empty()
            && owner.len() <= 39
            && !owner.starts_with('-')
            && owner.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_'));
        let name_fits = !name.is_empty()
            && name.len() <= 100
            && !matches!(name, "." | "..")
            && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
        if owner_fits && name_fits {
            Ok(Self { owner: owner.to_owned(), name: name.to_owned() })
        } else {
            Err(InvalidRepository)
        }
    }
}

impl fmt::Display for RepositoryName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.owner, self.name)
    }
}

impl From<RepositoryName> for String {
    fn from(name: RepositoryName) -> String {
        name.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repository_is_owner_and_name_and_nothing_that_changes_a_path() {
        assert_eq!("example/shop.js".parse::<RepositoryName>().unwrap().to_string(), "example/shop.js");
        for text in
            ["", "shop", "/shop", "example/", "example/..", "example/a/b", "example/a?b", "-x/a", "a b/c", "a%2f/c"]
        {
            assert_eq!(text.parse::<RepositoryName>(), Err(InvalidRepository), "{text}");
        }
    }
}
