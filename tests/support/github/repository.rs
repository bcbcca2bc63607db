//! A repository: what it is, and who may do what with it.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Value, json};

use super::{
    actions::Actions,
    alerts::Alerts,
    answer::Answer,
    call::Call,
    checks::Checks,
    deployments::Deployments,
    environments::Environment,
    issues::Issues,
    refs::Refs,
    releases::Releases,
    secrets::Names,
    shelf::Shelf,
    site::{Site, user},
};

/// A repository with everything in it. What its makers return may be altered field by field, as the API would show it.
#[derive(Debug)]
pub(crate) struct Repository {
    pub(super) site: Arc<Site>,
    pub(super) id: u64,
    /// As the API shows it.
    pub(crate) about: Value,
    /// Logins with what they may do: `admin`, `write`, `read`.
    pub(super) collaborators: BTreeMap<String, &'static str>,
    /// Each as the API shows it, parents before children.
    pub(crate) commits: Shelf,
    pub(super) refs: Refs,
    /// Texts by their path, the same for all commits.
    pub(super) files: BTreeMap<String, String>,
    pub(crate) checks: Checks,
    pub(crate) actions: Actions,
    pub(crate) alerts: Alerts,
    pub(super) secrets: Names,
    pub(super) variables: Names,
    pub(super) dependabot_secrets: Names,
    /// What the organisation grants it, by name.
    pub(super) granted_secrets: Names,
    pub(super) granted_variables: Names,
    pub(super) environments: BTreeMap<String, Environment>,
    pub(crate) deployments: Deployments,
    pub(crate) issues: Issues,
    pub(crate) releases: Releases,
    /// The bytes of artifacts and of releases' files, by their ids.
    pub(super) stored: BTreeMap<u64, Vec<u8>>,
}

impl Repository {
    pub(super) fn new(site: Arc<Site>, full_name: &str) -> Self {
        let id = site.id();
        let about = json!({
            "id": id, "default_branch": "main", "private": true, "visibility": "private", "has_issues": true,
            "created_at": site.stamp(), "updated_at": site.stamp(), "pushed_at": site.stamp(),
            "permissions": { "admin": false, "maintain": false, "push": true, "triage": true, "pull": true },
        });
        let mut made = Self {
            site,
            id,
            about,
            collaborators: BTreeMap::new(),
            commits: Shelf::default(),
            refs: Refs::default(),
            files: BTreeMap::new(),
            checks: Checks::default(),
            actions: Actions::default(),
            alerts: Alerts::default(),
            secrets: Names::default(),
            variables: Names::default(),
            dependabot_secrets: Names::default(),
            granted_secrets: Names::default(),
            granted_variables: Names::default(),
            environments: BTreeMap::new(),
            deployments: Deployments::default(),
            issues: Issues::default(),
            releases: Releases::default(),
            stored: BTreeMap::new(),
        };
        made.set_full_name(full_name);
        made.commit("main", "First commit");
        made
    }

    /// Says what somebody may do: `admin`, `write` or `read`.
    pub(crate) fn collaborator(&mut self, login: &str, permission: &'static str) {
        self.collaborators.insert(login.to_owned(), permission);
    }

    pub(crate) fn full_name(&self) -> String {
        self.about["full_name"].as_str().unwrap().to_owned()
    }

    pub(super) fn set_full_name(&mut self, full_name: &str) {
        let (owner, name) = full_name.split_once('/').unwrap();
        let address = self.url("");
        self.about["name"] = name.into();
        self.about["full_name"] = full_name.into();
        self.about["owner"] = user(owner);
        self.about["owner"]["type"] = "Organization".into();
        self.about["url"] = address.into();
    }

    pub(super) fn is_public(&self) -> bool {
        self.about["private"] == false
    }

    pub(super) fn default_branch(&self) -> &str {
        self.about["default_branch"].as_str().unwrap()
    }

    /// The address of something of it in the API, of which the path below the repository is given.
    pub(super) fn url(&self, path: &str) -> String {
        format!("{}/repositories/{}{path}", self.site.base, self.id)
    }

    /// The same for people.
    pub(super) fn page(&self, path: &str) -> String {
        format!("https://github.example.org/{}{path}", self.full_name())
    }

    /// What other answers say of it.
    pub(super) fn brief(&self) -> Value {
        let keys = ["id", "name", "full_name", "owner", "private"];
        keys.iter().map(|key| ((*key).to_owned(), self.about[*key].clone())).collect()
    }
}

pub(super) fn get(repository: &mut Repository, _: &Call) -> Answer {
    Answer::One(200, repository.about.clone())
}

pub(super) fn permission(repository: &mut Repository, call: &Call) -> Answer {
    let login = call.part("username");
    let permission = repository.collaborators.get(login).copied().unwrap_or("none");
    Answer::One(200, json!({ "permission": permission, "role_name": permission, "user": user(login) }))
}
