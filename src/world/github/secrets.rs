//! Secrets and variables of GitHub Actions, by name: GitHub gives no value of a secret, and that of a variable is not read.

use serde::Deserialize;

use super::{
    super::{Reader, WorldError},
    Listed, Repository,
    error::{GitHubError, Trouble},
};
use crate::domain::{inventory::Service, name::EnvironmentName, time::Time};

/// Where GitHub keeps it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Keeper {
    /// The environment: it counts before the others.
    Environment,
    /// The repository.
    Repository,
    /// The organisation, which lets this repository use it.
    Organization,
}

/// A secret or a variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its name, in capitals.
    pub name: String,
    /// Where it is.
    pub keeper: Keeper,
    /// Whether it is a variable, whose value everybody may see who may see the repository.
    pub variable: bool,
    /// When it was last set (UTC).
    pub updated_at: Time,
}

/// What is read of an entry.
#[derive(Deserialize)]
struct Entry {
    name: String,
    updated_at: Time,
}

impl Keeper {
    /// For a human.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Environment => "environment",
            Self::Repository => "repository",
            Self::Organization => "organisation",
        }
    }
}

impl Reader<'_> {
    /// All secrets and variables that a workflow of the service's repository may use in an environment of the same name, the
    /// environment's first.
    pub async fn stored_on_github(
        &self,
        service: &Service,
        environment: &EnvironmentName,
    ) -> Result<Vec<Stored>, WorldError> {
        // Six lists at once are much to keep on the stack of whoever asks.
        Ok(Box::pin(self.github(service)?.stored(environment)).await?)
    }
}

impl Repository<'_> {
    /// All that a workflow of this repository may use in an environment, the environment's first.
    async fn stored(&self, environment: &EnvironmentName) -> Result<Vec<Stored>, GitHubError> {
        let of_environment = |what: &str| format!("/environments/{environment}/{what}");
        let (secrets, variables) = (of_environment("secrets"), of_environment("variables"));
        let lists = tokio::try_join!(
            // An environment that GitHub does not know has none.
            optional(self.entries("list the secrets of the environment", &secrets, "secrets")),
            optional(self.entries("list the variables of the environment", &variables, "variables")),
            self.entries("list the secrets of the repository", "/actions/secrets", "secrets"),
            self.entries("list the variables of the repository", "/actions/variables", "variables"),
            // A repository of a person has no organisation.
            optional(self.entries("list the organisation's secrets", "/actions/organization-secrets", "secrets")),
            optional(self.entries("list the organisation's variables", "/actions/organization-variables", "variables")),
        )?;
        let of = |keeper, variable, entries: Vec<Entry>| {
            let stored = move |Entry { name, updated_at }| Stored {
                name: name.to_ascii_uppercase(),
                keeper,
                variable,
                updated_at,
            };
            entries.into_iter().map(stored)
        };
        Ok(of(Keeper::Environment, false, lists.0)
            .chain(of(Keeper::Environment, true, lists.1))
            .chain(of(Keeper::Repository, false, lists.2))
            .chain(of(Keeper::Repository, true, lists.3))
            .chain(of(Keeper::Organization, false, lists.4))
            .chain(of(Keeper::Organization, true, lists.5))
            .collect())
    }

    async fn entries(&self, doing: &str, below: &str, key: &'static str) -> Result<Vec<Entry>, GitHubError> {
        self.list(doing, below, Listed::Under(key)).await
    }
}

async fn optional(list: impl Future<Output = Result<Vec<Entry>, GitHubError>>) -> Result<Vec<Entry>, GitHubError> {
    match list.await {
        Err(GitHubError { trouble: Trouble::NotFound, .. }) => Ok(Vec::new()),
        found => found,
    }
}
