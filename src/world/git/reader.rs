//! What tools may ask of a service's repository.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::{Exported, FileAt, Tag, export};
use crate::{
    domain::{
        inventory::{RelativePath, Service},
        refusal::Code,
        version::{Revision, Version},
        workflow,
    },
    world::{Reader, WorldError},
};

impl Reader<'_> {
    /// The commit and tree of a version. An unknown one is refused with the nearest tags.
    pub async fn resolve_version(&self, service: &Service, version: &Version) -> Result<Revision, WorldError> {
        self.repository(service).resolve(version).await
    }

    /// The same; nothing when the repository does not have it.
    pub async fn find_version(&self, service: &Service, version: &Version) -> Result<Option<Revision>, WorldError> {
        self.repository(service).find(version).await
    }

    /// The newest tags of a service's repository, newest first.
    pub async fn tags(&self, service: &Service, limit: usize) -> Result<Vec<Tag>, WorldError> {
        self.repository(service).tags(limit).await
    }

    /// What is checked out in the service's repository.
    pub async fn head(&self, service: &Service) -> Result<Revision, WorldError> {
        self.repository(service).head().await
    }

    /// The newest tag in the history of a commit, without the commit itself.
    pub async fn previous_tag(&self, service: &Service, commit: &str) -> Result<Option<Tag>, WorldError> {
        self.repository(service).previous_tag(commit).await
    }

    /// A file as a commit holds it; `None` when the commit does not hold it.
    pub async fn file_at(
        &self,
        service: &Service,
        commit: &str,
        path: &RelativePath,
    ) -> Result<Option<FileAt>, WorldError> {
        self.repository(service).file(commit, path).await
    }

    /// The workflow files of a commit: their names, and the secrets and variables that each names.
    pub async fn workflow_names(
        &self,
        service: &Service,
        commit: &str,
    ) -> Result<BTreeMap<String, BTreeSet<String>>, WorldError> {
        let directory = ".github/workflows".parse().map_err(|error| {
            WorldError::new(
                Code::PathRefused,
                "read the workflow files",
                "their path is none",
                "Report this as a defect.",
            )
            .because(format!("{error}"))
        })?;
        let files = self.repository(service).files_in(commit, &directory).await?;
        let workflows = files.into_iter().filter_map(|(path, text)| {
            let name = path.rsplit('/').next()?.to_owned();
            let is_one = name.ends_with(".yml") || name.ends_with(".yaml");
            is_one.then(|| (name, workflow::names(&String::from_utf8_lossy(&text))))
        });
        Ok(workflows.collect())
    }

    /// The shell scripts of a commit that git does not mark as executable.
    pub async fn scripts_not_executable(&self, service: &Service, commit: &str) -> Result<Vec<String>, WorldError> {
        self.repository(service).not_executable(commit, ".sh").await
    }

    /// The files of a commit, in a directory of our own that does not exist yet.
    pub(crate) async fn export_to(
        &self,
        service: &Service,
        commit: &str,
        tree: Option<&str>,
        directory: &Path,
    ) -> Result<Exported, WorldError> {
        export(&self.repository(service), commit, tree, directory).await
    }
}
