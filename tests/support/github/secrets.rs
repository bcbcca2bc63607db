//! Secrets and variables by name. The API never shows the value of a secret; there is none here.

use serde_json::{Value, json};

use super::{answer::Answer, call::Call, repository::Repository, shelf::Shelf, world::World};

/// Secrets, or variables, by name.
pub(super) type Names = Shelf;

impl Repository {
    /// A secret, last changed at this moment, as `2026-01-05T10:00:00Z`.
    pub(crate) fn secret(&mut self, name: &str, updated_at: &str) {
        self.secrets.replace("name", named(name, updated_at));
    }

    /// A secret for Dependabot's own runs.
    pub(crate) fn dependabot_secret(&mut self, name: &str, updated_at: &str) {
        self.dependabot_secrets.replace("name", named(name, updated_at));
    }

    /// A variable.
    pub(crate) fn variable(&mut self, name: &str, value: &str, updated_at: &str) {
        self.variables.replace("name", with_value(name, value, updated_at));
    }

    /// A secret of its organisation that it may use.
    pub(crate) fn granted_secret(&mut self, name: &str, updated_at: &str) {
        self.granted_secrets.replace("name", named(name, updated_at));
    }

    /// A variable of its organisation that it may use.
    pub(crate) fn granted_variable(&mut self, name: &str, value: &str, updated_at: &str) {
        self.granted_variables.replace("name", with_value(name, value, updated_at));
    }

    /// Removes a secret; whether it was there.
    pub(crate) fn delete_secret(&mut self, name: &str) -> bool {
        self.secrets.remove("name", name)
    }

    /// Removes a variable; whether it was there.
    pub(crate) fn delete_variable(&mut self, name: &str) -> bool {
        self.variables.remove("name", name)
    }
}

pub(super) fn named(name: &str, updated_at: &str) -> Value {
    json!({ "name": name, "created_at": updated_at, "updated_at": updated_at })
}

pub(super) fn with_value(name: &str, value: &str, updated_at: &str) -> Value {
    let mut variable = named(name, updated_at);
    variable["value"] = value.into();
    variable
}

pub(super) fn list(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("secrets", repository.secrets.all().to_vec())
}

pub(super) fn get(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.secrets.find("name", call.part("secret_name")))
}

pub(super) fn for_dependabot(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("secrets", repository.dependabot_secrets.all().to_vec())
}

pub(super) fn granted_by_organisation(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("secrets", repository.granted_secrets.all().to_vec())
}

pub(super) fn variables(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("variables", repository.variables.all().to_vec())
}

pub(super) fn variable(repository: &mut Repository, call: &Call) -> Answer {
    Answer::found(repository.variables.find("name", call.part("name")))
}

pub(super) fn variables_granted_by_organisation(repository: &mut Repository, _: &Call) -> Answer {
    Answer::listed("variables", repository.granted_variables.all().to_vec())
}

pub(super) fn of_organisation(world: &mut World, call: &Call) -> Answer {
    let its = world.organisations.get(call.part("org"));
    its.map_or_else(Answer::not_found, |it| Answer::listed("secrets", it.secrets.all().to_vec()))
}

pub(super) fn one_of_organisation(world: &mut World, call: &Call) -> Answer {
    let its = world.organisations.get(call.part("org"));
    Answer::found(its.and_then(|it| it.secrets.find("name", call.part("secret_name"))))
}

pub(super) fn variables_of_organisation(world: &mut World, call: &Call) -> Answer {
    let its = world.organisations.get(call.part("org"));
    its.map_or_else(Answer::not_found, |it| Answer::listed("variables", it.variables.all().to_vec()))
}

pub(super) fn variable_of_organisation(world: &mut World, call: &Call) -> Answer {
    let its = world.organisations.get(call.part("org"));
    Answer::found(its.and_then(|it| it.variables.find("name", call.part("name"))))
}
