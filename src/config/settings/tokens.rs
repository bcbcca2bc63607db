//! `[[tokens]]`

use std::collections::BTreeSet;

use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        name::{EnvironmentName, SecretName},
        principal::Scope,
        reach::Reach,
    },
};

const KEYS: &[&str] = &["name", "secret", "scopes", "environments"];

/// A bearer token for HTTP.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// Its name, for the ledger: `token:<name>`.
    pub name: String,
    /// The secret that holds it.
    pub secret: SecretName,
    /// What its bearer may do.
    pub scopes: BTreeSet<Scope>,
    /// Where its bearer may plan and execute.
    pub reach: Reach,
}

pub(super) fn read(file: &Section<'_>, names: &Names) -> Vec<Token> {
    let mut tokens: Vec<Token> = Vec::new();
    for item in file.list("tokens") {
        let Some(token) = item.section(KEYS).and_then(|section| token(&section, names)) else { continue };
        if tokens.iter().any(|other| other.name == token.name) {
            item.error("a token of this name is already given", "give each token its own name");
        }
        if tokens.iter().any(|other| other.secret == token.secret) {
            item.error("two tokens have the same secret, so the ledger could not tell them apart", "give each its own");
        }
        tokens.push(token);
    }
    tokens
}

fn token(section: &Section<'_>, names: &Names) -> Option<Token> {
    let name = section.required("name").and_then(|item| short_name(&item));
    let secret = section.required("secret").and_then(|item| item.reference("entry of [secrets]", &names.secrets));
    let scopes = section.required("scopes").and_then(|item| scopes(&item));
    let reach = match section.optional("environments") {
        Some(list) => Reach::only(environments(&list, names)),
        None => Reach::default(),
    };
    Some(Token { name: name?, secret: secret?, scopes: scopes?, reach })
}

/// An empty list is an error: a token that may change nothing has the scope `read` alone.
fn environments(list: &Item<'_>, names: &Names) -> BTreeSet<EnvironmentName> {
    let items = list.list();
    if items.is_empty() && list.is_array() {
        list.error("no environment is given", "name environments, or give the scope read alone");
    }
    items.iter().filter_map(|item| item.reference("entry of [environments]", &names.environments)).collect()
}

fn scopes(list: &Item<'_>) -> Option<BTreeSet<Scope>> {
    let mut scopes = BTreeSet::new();
    for item in list.list() {
        if item.is_text() && item.text() == Some("approve") {
            item.error("approvals are never granted to a token", "approve plans with: deploy-ops approve PLAN");
            continue;
        }
        scopes.extend(item.choice(&[("read", Scope::Read), ("plan", Scope::Plan), ("execute", Scope::Execute)]));
    }
    if scopes.is_empty() && list.is_array() {
        list.error("no scope is given", "name read, plan or execute");
    }
    (!scopes.is_empty()).then_some(scopes)
}

/// A name for people: of tokens and approvers.
pub(super) fn short_name(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = is_short_name(text);
    if !ok {
        item.error(
            "is not a short name",
            "use 1 to 32 of a-z, 0-9, '-', '_' and '.', beginning with a letter or digit",
        );
    }
    ok.then(|| text.to_owned())
}

fn is_short_name(text: &str) -> bool {
    text.len() <= 32
        && text.starts_with(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit())
        && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'-' | b'_' | b'.'))
}

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = ["read", "approve"]
"#,
                4,
                "tokens.scopes: approvals are never granted",
                "approve plans",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = ["read", "write"]
"#,
                4,
                "tokens.scopes: is not one of the words",
                "write one of: read, plan, execute",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = []
"#,
                4,
                "tokens.scopes: no scope is given",
                "name read",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = ["read"]
environments = ["stagin"]
"#,
                5,
                "tokens.environments: there is no entry of [environments]",
                "declare it",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = ["read"]
environments = []
"#,
                5,
                "tokens.environments: no environment is given",
                "name environments",
            ),
            (
                r#"[[tokens]]
name = "CI x"
secret = "CRM_DB_PASSWORD"
scopes = ["read"]
"#,
                2,
                "tokens.name: is not a short name",
                "use 1 to 32",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DM_PASSWORD"
scopes = ["read"]
"#,
                3,
                "tokens.secret: there is no entry of [secrets]",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                r#"[[tokens]]
name = "ci"
secret = "CRM_DB_PASSWORD"
scopes = ["read"]
[[tokens]]
name = "ide"
secret = "CRM_DB_PASSWORD"
scopes = ["read"]
"#,
                5,
                "tokens: two tokens have the same secret",
                "give each",
            ),
            (
                r#"[tokens]
name = "ci""#,
                1,
                "tokens: must be an array, not a table",
                "write it as",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
