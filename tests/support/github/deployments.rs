//! Deployments and how they go.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, shelf::Shelf, site::user};

/// Characters, of a status.
const LONGEST_DESCRIPTION: usize = 140;

#[derive(Debug, Default)]
pub(crate) struct Deployments {
    /// Each as the API shows it, oldest first.
    pub(crate) all: Shelf,
    /// Each with the id of its deployment as `deployment`.
    statuses: Shelf,
}

impl Repository {
    /// A deployment of a commit that somebody made earlier; its id.
    pub(crate) fn deployment(&mut self, login: &str, environment: &str, sha: &str) -> u64 {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/deployments/{id}"));
        self.deployments.all.put(json!({
            "id": id, "sha": sha, "ref": sha, "task": "deploy", "payload": {}, "environment": environment,
            "original_environment": environment, "description": null, "creator": user(login), "created_at": at,
            "updated_at": at,
            "url": url, "statuses_url": format!("{url}/statuses"), "repository_url": self.url(""),
            "transient_environment": false,
            "production_environment": environment == "production",
        }));
        id
    }

    /// How a deployment went: `pending`, `queued`, `in_progress`, `success`, `failure`, `error`, `inactive`.
    pub(crate) fn deployment_status(&mut self, deployment: u64, login: &str, state: &str) -> &mut Value {
        let (id, at) = (self.site.id(), self.site.stamp());
        let its = self.deployments.all.find("id", deployment).unwrap();
        let (url, environment) = (its["url"].clone(), its["environment"].clone());
        self.deployments.statuses.put(json!({
            "id": id, "deployment": deployment, "state": state, "creator": user(login), "description": "",
            "environment": environment,
            "created_at": at, "updated_at": at, "target_url": "", "log_url": "", "environment_url": "",
            "deployment_url": url,
            "repository_url": self.about["url"], "url": format!("{}/statuses/{id}", url.as_str().unwrap()),
        }))
    }

    /// The statuses of a deployment, oldest first.
    pub(crate) fn deployment_statuses(&self, deployment: u64) -> Vec<Arc<Value>> {
        self.deployments.statuses.select(|it| it["deployment"] == deployment)
    }
}

pub(super) fn list(repository: &mut Repository, call: &Call) -> Answer {
    let mut found = repository
        .deployments
        .all
        .select(|it| ["sha", "ref", "task", "environment"].iter().all(|field| call.wants(field, &it[*field])));
    found.reverse();
    Answer::List(found)
}

/// Refuses, as GitHub does, a commit with checks that are not green, unless the question waives them.
pub(super) fn create(repository: &mut Repository, call: &Call) -> Answer {
    let asked = |field: &str, or: &str| call.body[field].as_str().unwrap_or(or).to_owned();
    let name = asked("ref", "");
    let Some(sha) = repository.resolve(&name) else { return Answer::Refused(422, format!("No ref found for: {name}")) };
    let waived = call.body["required_contexts"].as_array().is_some_and(Vec::is_empty);
    if !waived && repository.not_green(&sha) {
        return Answer::Refused(409, format!("Conflict: Commit status checks failed for {name}."));
    }
    let id = repository.deployment(&call.login, &asked("environment", "production"), &sha);
    let deployment = repository.deployments.all.find_mut("id", id).unwrap();
    deployment["ref"] = name.into();
    deployment["task"] = asked("task", "deploy").into();
    for field in ["description", "payload", "transient_environment", "production_environment"] {
        if let Some(value) = call.body.get(field) {
            deployment[field] = value.clone();
        }
    }
    Answer::One(201, deployment.clone())
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.deployments.all.find("id", call.number("deployment_id")))
}

/// Newest first.
pub(super) fn statuses(repository: &mut Repository, call: &Call) -> Answer {
    let id = call.number("deployment_id");
    if repository.deployments.all.find("id", id).is_none() {
        return Answer::not_found();
    }
    let mut found = repository.deployment_statuses(id);
    found.reverse();
    Answer::List(found)
}

pub(super) fn create_status(repository: &mut Repository, call: &Call) -> Answer {
    let id = call.number("deployment_id");
    if repository.deployments.all.find("id", id).is_none() {
        return Answer::not_found();
    }
    if call.body["description"].as_str().is_some_and(|text| text.chars().count() > LONGEST_DESCRIPTION) {
        return Answer::invalid("description is too long (maximum is 140 characters)");
    }
    let state = call.body["state"].as_str().unwrap_or_default();
    let status = repository.deployment_status(id, &call.login, state);
    for field in ["description", "environment", "environment_url", "log_url", "target_url"] {
        if let Some(value) = call.body.get(field) {
            status[field] = value.clone();
        }
    }
    Answer::One(201, status.clone())
}
