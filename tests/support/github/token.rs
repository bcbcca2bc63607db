//! What a client shows to be let in, and what that allows.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{limit::RateLimit, repository::Repository};

/// Every permission that deployments want, as they would be ticked for a fine-grained token.
const USUAL: &[(&str, &str)] = &[
    ("actions", "write"),
    ("actions_variables", "read"),
    ("administration", "read"),
    ("checks", "read"),
    ("contents", "write"),
    ("dependabot_secrets", "read"),
    ("deployments", "write"),
    ("environments", "read"),
    ("issues", "write"),
    ("members", "read"),
    ("metadata", "read"),
    ("organization_actions_variables", "read"),
    ("organization_secrets", "read"),
    ("pull_requests", "read"),
    ("secret_scanning_alerts", "read"),
    ("secrets", "read"),
    ("security_events", "read"),
    ("statuses", "read"),
    ("vulnerability_alerts", "read"),
];

#[derive(Debug)]
pub(crate) struct Token {
    /// What the client sends. Nothing else may ever show it.
    pub(crate) text: String,
    /// Whose it is.
    pub(crate) login: String,
    pub(crate) kind: Kind,
    pub(crate) revoked: bool,
    pub(crate) expires_at: Option<Timestamp>,
    pub(crate) rate: RateLimit,
    /// The repositories that it may see, if not all.
    only: Option<Vec<String>>,
}

/// What decides what a token may do.
#[derive(Debug)]
pub(crate) enum Kind {
    /// The fine-grained token of a user.
    FineGrained(BTreeMap<String, String>),
    /// The older kind, with scopes, that may do all its user may.
    Classic(Vec<String>),
    /// A token of an App for one account.
    Installation(BTreeMap<String, String>),
}

impl Token {
    /// A fine-grained token with what deployments want.
    pub(crate) fn fine_grained(login: &str) -> Self {
        Self::new("github_pat_", login, Kind::FineGrained(usual()))
    }

    /// A token with scopes.
    pub(crate) fn classic(login: &str, scopes: &[&str]) -> Self {
        Self::new("ghp_", login, Kind::Classic(scopes.iter().map(ToString::to_string).collect()))
    }

    pub(super) fn installation(login: &str, permissions: BTreeMap<String, String>) -> Self {
        Self::new("ghs_", login, Kind::Installation(permissions))
    }

    fn new(prefix: &str, login: &str, kind: Kind) -> Self {
        let text = format!("{prefix}{}", random());
        Self {
            text,
            login: login.to_owned(),
            kind,
            revoked: false,
            expires_at: None,
            rate: RateLimit::default(),
            only: None,
        }
    }

    /// Lets it do something, as `issues`, `write`.
    pub(crate) fn allow(mut self, permission: &str, level: &str) -> Self {
        self.permissions().insert(permission.to_owned(), level.to_owned());
        self
    }

    /// No longer lets it.
    pub(crate) fn without(mut self, permission: &str) -> Self {
        self.permissions().remove(permission);
        self
    }

    /// Lets it see these repositories only.
    pub(crate) fn only(mut self, repositories: &[&str]) -> Self {
        self.only = Some(repositories.iter().map(ToString::to_string).collect());
        self
    }

    fn permissions(&mut self) -> &mut BTreeMap<String, String> {
        match &mut self.kind {
            Kind::FineGrained(permissions) | Kind::Installation(permissions) => permissions,
            Kind::Classic(_) => panic!("a classic token has scopes"),
        }
    }

    pub(super) fn is_good(&self, now: Timestamp) -> bool {
        !self.revoked && self.expires_at.is_none_or(|end| now < end)
    }

    pub(super) fn sees(&self, repository: &Repository) -> bool {
        let full_name = repository.full_name();
        let listed = self.only.as_ref().is_none_or(|only| only.iter().any(|it| it.eq_ignore_ascii_case(&full_name)));
        let scoped = match &self.kind {
            Kind::Classic(scopes) => scopes.iter().any(|scope| scope == "repo"),
            _ => true,
        };
        repository.is_public() || (listed && scoped)
    }

    /// Whether it has a permission, written as `issues=write`.
    pub(super) fn may(&self, permission: &str) -> bool {
        let (Kind::FineGrained(permissions) | Kind::Installation(permissions)) = &self.kind else { return true };
        let Some((name, level)) = permission.split_once('=') else { return true };
        permissions.get(name).is_some_and(|has| has == level || has == "write" || has == "admin")
    }

    /// What GitHub says when it may not.
    pub(super) fn refusal(&self) -> &'static str {
        match self.kind {
            Kind::Installation(_) => "Resource not accessible by integration",
            _ => "Resource not accessible by personal access token",
        }
    }
}

pub(super) fn usual() -> BTreeMap<String, String> {
    USUAL.iter().map(|(name, level)| ((*name).to_owned(), (*level).to_owned())).collect()
}

/// Enough randomness for a secret.
pub(super) fn random() -> String {
    let mut bytes = [0; 18];
    getrandom::fill(&mut bytes).unwrap();
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
