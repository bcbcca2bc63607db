//! What GitHub says of a repository and of who asks: for `doctor`.

use serde::Deserialize;

use super::{
    super::{Reader, WorldError},
    Repository,
    call::Ask,
    error::GitHubError,
};
use crate::domain::inventory::Service;

/// How a repository stands to us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RepositoryStanding {
    /// What it is called now, when that is not what the inventory says.
    pub renamed: Option<String>,
    /// Whether who asks may administer it.
    pub administers: bool,
    /// The scopes of a classic token; none of the other kinds.
    pub scopes: Vec<String>,
}

/// What is read of a repository.
#[derive(Deserialize)]
struct About {
    full_name: String,
    #[serde(default)]
    permissions: Permissions,
}

#[derive(Default, Deserialize)]
struct Permissions {
    #[serde(default)]
    admin: bool,
}

impl Reader<'_> {
    /// How a service's repository stands to us.
    pub async fn repository_standing(&self, service: &Service) -> Result<RepositoryStanding, WorldError> {
        Ok(self.github(service)?.standing().await?)
    }
}

impl Repository<'_> {
    async fn standing(&self) -> Result<RepositoryStanding, GitHubError> {
        let doing = format!("look at {} on GitHub", self.name);
        let answer = self.ask(Ask::get(&doing, self.path(""))).await?;
        let about: About = answer.json(&doing)?;
        let called: Option<crate::domain::inventory::RepositoryName> = about.full_name.parse().ok();
        let called = called.map(|name| name.to_string());
        let renamed = called.filter(|name| !name.eq_ignore_ascii_case(&self.name.to_string()));
        let plain = |scope: &&str| {
            !scope.is_empty()
                && scope.len() <= 40
                && scope.bytes().all(|b| b.is_ascii_lowercase() || b":_-".contains(&b))
        };
        let scopes = answer.scopes.as_deref().unwrap_or_default();
        let scopes = scopes.split(',').map(str::trim).filter(plain).map(str::to_owned).collect();
        Ok(RepositoryStanding { renamed, administers: about.permissions.admin, scopes })
    }
}
