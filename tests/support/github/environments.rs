//! Environments: who must approve, and the secrets that only their deployments see.

use std::sync::Arc;

use serde_json::{Value, json};

use super::{
    answer::Answer,
    call::Call,
    repository::Repository,
    secrets::{Names, named, with_value},
    site::user,
};

#[derive(Debug)]
pub(super) struct Environment {
    /// As the API shows it.
    about: Value,
    secrets: Names,
    variables: Names,
}

impl Repository {
    /// An environment, which is made if it is not there; as the API shows it.
    pub(crate) fn environment(&mut self, name: &str) -> &mut Value {
        &mut self.environment_entry(name).about
    }

    /// Lets an environment wait for one of these people, who may be the one that deploys or not.
    pub(crate) fn protect_environment(&mut self, name: &str, reviewers: &[&str], prevent_self_review: bool) {
        let id = self.site.id();
        let reviewers: Vec<_> =
            reviewers.iter().map(|login| json!({ "type": "User", "reviewer": user(login) })).collect();
        self.environment(name)["protection_rules"] = json!([{
            "id": id, "node_id": "", "type": "required_reviewers", "prevent_self_review": prevent_self_review,
            "reviewers": reviewers,
        }]);
    }

    /// A secret of an environment, last changed at this moment.
    pub(crate) fn environment_secret(&mut self, environment: &str, name: &str, updated_at: &str) {
        self.environment_entry(environment).secrets.replace("name", named(name, updated_at));
    }

    /// A variable of an environment.
    pub(crate) fn environment_variable(&mut self, environment: &str, name: &str, value: &str, updated_at: &str) {
        self.environment_entry(environment).variables.replace("name", with_value(name, value, updated_at));
    }

    /// Removes a secret of an environment; whether it was there.
    pub(crate) fn delete_environment_secret(&mut self, environment: &str, name: &str) -> bool {
        self.environment_entry(environment).secrets.remove("name", name)
    }

    fn environment_entry(&mut self, name: &str) -> &mut Environment {
        let (id, at) = (self.site.id(), self.site.stamp());
        let url = self.url(&format!("/environments/{name}"));
        self.environments.entry(name.to_owned()).or_insert_with(|| Environment {
            about: json!({
                "id": id, "name": name, "url": url, "html_url": url, "created_at": at, "updated_at": at,
                "protection_rules": [],
                "can_admins_bypass": true, "deployment_branch_policy": null,
            }),
            secrets: Names::default(),
            variables: Names::default(),
        })
    }
}

pub(super) fn list(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("environments", repository.environments.values().map(|it| Arc::new(it.about.clone())).collect())
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    with(repository, call, |it| Answer::One(200, it.about.clone()))
}

pub(super) fn secrets(repository: &mut Repository, call: &Call) -> Answer {
    with(repository, call, |it| Answer::listed("secrets", it.secrets.all().to_vec()))
}

pub(super) fn secret(repository: &mut Repository, call: &Call) -> Answer {
    with(repository, call, |it| Answer::found(it.secrets.find("name", call.part("secret_name"))))
}

pub(super) fn variables(repository: &mut Repository, call: &Call) -> Answer {
    with(repository, call, |it| Answer::listed("variables", it.variables.all().to_vec()))
}

pub(super) fn variable(repository: &mut Repository, call: &Call) -> Answer {
    with(repository, call, |it| Answer::found(it.variables.find("name", call.part("name"))))
}

fn with(repository: &Repository, call: &Call, answer: impl FnOnce(&Environment) -> Answer) -> Answer {
    repository.environments.get(call.part("environment_name")).map_or_else(Answer::not_found, answer)
}
