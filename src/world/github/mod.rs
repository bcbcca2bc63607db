//! GitHub over its REST API (<https://docs.github.com/rest>, version 2022-11-28).
//!
//! [`call`] asks once and keeps to the limits, [`pages`] never loses a page, [`cache`] asks again without a cost, [`token`] says
//! who we are, [`error`] tells what is wrong apart. Whoever needs something of GitHub has a file beside these.

pub mod alerts;
mod approval;
mod artifacts;
mod cache;
mod call;
pub(in crate::world) mod checks;
mod deployments;
mod download;
pub(in crate::world) mod error;
mod issues;
mod limits;
mod once;
mod pages;
mod progress;
pub(in crate::world) mod pulls;
pub mod secrets;
mod signed_comments;
mod standing;
mod tags;
mod token;
mod words;

use octocrab::Octocrab;
use tokio::sync::OnceCell;

pub use approval::{Answer, Place};
pub use artifacts::Offer;
pub use deployments::DeploymentTold;
pub use error::{GitHubError, Trouble};
pub use issues::{Commented, Issue, IssueState};
pub(in crate::world) use pages::Listed;
pub use signed_comments::{Said, Uncounted};
pub use standing::RepositoryStanding;
pub(in crate::world) use tags::TagObject;
pub use tags::{TagThere, Tagged};

use super::{Reader, World, WorldError};
use crate::{
    domain::{
        inventory::{GitHubAccess, RepositoryName, Service},
        refusal::Code,
    },
    policy::Permit,
};

/// How many calls are on their way at once: GitHub allows a hundred, others share the account, and sixty calls take two turns.
const AT_ONCE: usize = 32;

/// What all calls share.
#[derive(Debug)]
pub(in crate::world) struct GitHub {
    client: OnceCell<Octocrab>,
    cache: cache::Cache,
    limits: limits::Limits,
    token: token::Held,
    slots: tokio::sync::Semaphore,
}

impl Default for GitHub {
    fn default() -> Self {
        Self {
            client: OnceCell::new(),
            cache: cache::Cache::default(),
            limits: limits::Limits::default(),
            token: token::Held::default(),
            slots: tokio::sync::Semaphore::new(AT_ONCE),
        }
    }
}

/// A repository on GitHub, to be asked.
#[derive(Debug, Clone, Copy)]
pub struct Repository<'w> {
    reader: Reader<'w>,
    access: &'w GitHubAccess,
    name: &'w RepositoryName,
}

/// A repository on GitHub, to be changed.
#[derive(Debug, Clone, Copy)]
pub struct Writer<'w>(Repository<'w>);

impl<'w> Reader<'w> {
    /// The repository of a service on GitHub.
    ///
    /// # Errors
    /// The inventory does not say how GitHub is reached, or which repository it is.
    pub fn github(&self, service: &'w Service) -> Result<Repository<'w>, WorldError> {
        let doing = || format!("ask GitHub about service {}", service.name);
        let Some(access) = &self.world.inventory.github else {
            return Err(WorldError::new(
                Code::Unconfigured,
                doing(),
                "deploy-ops.toml does not say how GitHub is reached",
                "Add [github], and name its token: an entry of [secrets].",
            ));
        };
        let Some(name) = &service.github else {
            return Err(WorldError::new(
                Code::Unconfigured,
                doing(),
                "deploy-ops.toml does not say which repository it is there",
                format!("Add github = \"owner/name\" to [services.{}].", service.name),
            ));
        };
        Ok(Repository { reader: *self, access, name })
    }
}

impl World {
    /// The repository of a service on GitHub, to be changed.
    pub fn github<'w>(&'w self, permit: &Permit, service: &'w Service) -> Result<Writer<'w>, WorldError> {
        let _ = permit;
        Ok(Writer(self.reader().github(service)?))
    }
}

impl<'w> Repository<'w> {
    /// Its name in the inventory. Renamed repositories answer to it too.
    pub fn name(&self) -> &'w RepositoryName {
        self.name
    }
    /// The path of something below the repository.
    fn path(&self, below: &str) -> String {
        format!("/repos/{}/{}{below}", self.name.owner(), self.name.name())
    }
}
