//! Who asks.

use std::fmt;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// Somebody who acts: derived by the server from the transport, never from what a client says about itself.
///
/// Examples: `local:1000` (the owner of a stdio process), `client:ci` (a bearer token by its configured name),
/// `operator:alice` (a human at a terminal).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Principal(String);

impl Principal {
    /// The owner of the process at the other end of a pipe.
    pub fn local(uid: u32) -> Self {
        Self(format!("local:{uid}"))
    }
    /// A bearer token, by the name the configuration gives it.
    pub fn token(name: &str) -> Self {
        Self(format!("client:{name}"))
    }
    /// A human at a terminal.
    pub fn operator(user: &str) -> Self {
        Self(format!("operator:{user}"))
    }
    /// A person on GitHub.
    pub fn github(login: &str) -> Self {
        Self(format!("github:{login}"))
    }
    /// The server itself, for what it does at a deadline or after a restart.
    pub fn server() -> Self {
        Self("server".to_owned())
    }
    /// Whether a human at a terminal (`operator:alice#1000`) and the owner of a pipe (`local:1000`) are one account.
    pub fn is_same_person(&self, other: &Self) -> bool {
        fn account(principal: &Principal) -> Option<&str> {
            match principal.0.strip_prefix("local:") {
                Some(uid) => Some(uid),
                None => principal.0.strip_prefix("operator:")?.rsplit_once('#').map(|(_, uid)| uid),
            }
        }
        self == other || account(self).is_some_and(|uid| account(other) == Some(uid))
    }
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Principal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a principal may do. `approve` is not among them: it is never granted to an MCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    /// Call tools that only read.
    Read,
    /// Propose plans (dry runs).
    Plan,
    /// Execute plans.
    Execute,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_account_is_one_person() {
        let same = |a: Principal, b: Principal| a.is_same_person(&b) && b.is_same_person(&a);
        let alice = || Principal::operator("alice#1000");
        assert!(same(alice(), Principal::local(1000)));
        assert!(same(alice(), Principal::operator("alias#1000")));
        assert!(!same(alice(), Principal::local(1001)));
        assert!(!same(alice(), Principal::local(100)));
        assert!(!same(alice(), Principal::token("1000")));
        assert!(!same(Principal::operator("alice"), Principal::operator("bob")));
        assert!(same(Principal::token("ci"), Principal::token("ci")));
    }
}
