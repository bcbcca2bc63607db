//! Everything the server knows.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::Value;

use super::{
    account::App,
    repository::Repository,
    secrets::{Names, named},
    site::{Site, user},
    token::Token,
};

/// The accounts and repositories. A test makes and alters it in [`GitHub::edit`](super::GitHub::edit).
#[derive(Debug)]
pub(crate) struct World {
    pub(crate) site: Arc<Site>,
    repositories: Vec<Repository>,
    /// Names that repositories had before, with the ids of those that had them.
    pub(super) renamed: BTreeMap<String, u64>,
    pub(crate) tokens: Vec<Token>,
    pub(super) organisations: BTreeMap<String, Organisation>,
    pub(super) app: Option<App>,
}

/// What belongs to an organisation.
#[derive(Debug, Default)]
pub(crate) struct Organisation {
    pub(super) secrets: Names,
    pub(super) variables: Names,
    pub(super) teams: BTreeMap<String, Vec<Value>>,
}

impl World {
    pub(super) fn new(site: Arc<Site>) -> Self {
        Self {
            site,
            repositories: Vec::new(),
            renamed: BTreeMap::new(),
            tokens: Vec::new(),
            organisations: BTreeMap::new(),
            app: None,
        }
    }

    /// A repository by its full name, as `acme/shop`. One that is not there is made: private, with the branch `main`
    /// and one commit.
    pub(crate) fn repository(&mut self, full_name: &str) -> &mut Repository {
        let at = self.repositories.iter().position(|it| it.full_name() == full_name).unwrap_or_else(|| {
            self.repositories.push(Repository::new(self.site.clone(), full_name));
            self.repositories.len() - 1
        });
        &mut self.repositories[at]
    }

    /// Gives a repository another name. The old one leads there.
    pub(crate) fn rename(&mut self, full_name: &str, to: &str) {
        let repository = self.repository(full_name);
        let id = repository.id;
        repository.set_full_name(to);
        self.renamed.insert(full_name.to_lowercase(), id);
    }

    /// Deletes a repository.
    pub(crate) fn delete(&mut self, full_name: &str) {
        self.repositories.retain(|it| it.full_name() != full_name);
    }

    /// Adds a token; what a client sends of it.
    pub(crate) fn add_token(&mut self, token: Token) -> String {
        let text = token.text.clone();
        self.tokens.push(token);
        text
    }

    /// A token by its text.
    pub(crate) fn token(&mut self, text: &str) -> &mut Token {
        self.tokens.iter_mut().find(|it| it.text == text).unwrap()
    }

    /// Makes a token worthless, as its owner can at any time.
    pub(crate) fn revoke(&mut self, text: &str) {
        self.token(text).revoked = true;
    }

    /// A secret of an organisation, last changed at this moment.
    pub(crate) fn organisation_secret(&mut self, organisation: &str, name: &str, updated_at: &str) {
        let mut secret = named(name, updated_at);
        secret["visibility"] = "all".into();
        self.organisations.entry(organisation.to_owned()).or_default().secrets.replace("name", secret);
    }

    /// A variable of an organisation.
    pub(crate) fn organisation_variable(&mut self, organisation: &str, name: &str, value: &str, updated_at: &str) {
        let mut variable = named(name, updated_at);
        variable["visibility"] = "all".into();
        variable["value"] = value.into();
        self.organisations.entry(organisation.to_owned()).or_default().variables.replace("name", variable);
    }

    /// Removes a secret of an organisation; whether it was there.
    pub(crate) fn delete_organisation_secret(&mut self, organisation: &str, name: &str) -> bool {
        self.organisations.get_mut(organisation).is_some_and(|it| it.secrets.remove("name", name))
    }

    /// A team of an organisation.
    pub(crate) fn team(&mut self, organisation: &str, slug: &str, members: &[&str]) {
        let members = members.iter().map(|login| user(login)).collect();
        self.organisations.entry(organisation.to_owned()).or_default().teams.insert(slug.to_owned(), members);
    }

    pub(super) fn repositories(&self) -> &[Repository] {
        &self.repositories
    }

    /// By name in any case, as GitHub has it.
    pub(super) fn find(&mut self, owner: &str, name: &str) -> Option<&mut Repository> {
        let full_name = format!("{owner}/{name}");
        self.repositories.iter_mut().find(|it| it.full_name().eq_ignore_ascii_case(&full_name))
    }

    pub(super) fn by_id(&self, id: u64) -> Option<&Repository> {
        self.repositories.iter().find(|it| it.id == id)
    }
}
