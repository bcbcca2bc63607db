//! What the tests of the sections share.

use std::path::Path;

use super::{Config, Problem};

pub(crate) const FILE: &str = "/etc/deploy-ops/deploy-ops.toml";

pub(crate) fn parse(text: &str) -> Result<Config, Vec<Problem>> {
    super::parse(Path::new(FILE), text)
}

/// The text has exactly one problem: at this line, with a message and a fix that begin so.
#[track_caller]
pub(crate) fn check(text: &str, line: usize, message: &str, fix: &str) {
    let problems = parse(text).map_or_else(|problems| problems, |config| config.warnings);
    let [problem] = problems.as_slice() else { panic!("not exactly one problem: {problems:#?}") };
    assert!(
        problem.line == line && problem.message.starts_with(message) && problem.fix.starts_with(fix),
        "wanted line {line}, {message:?}, {fix:?}; found {problem:#?}"
    );
}

/// The same for a fragment below which a host `web`, an environment, a database, a gate, a mailbox and a secret are declared.
#[track_caller]
pub(crate) fn check_with_inventory(fragment: &str, line: usize, message: &str, fix: &str) {
    check(&format!("{fragment}\n{INVENTORY}"), line, message, fix);
}

pub(crate) const INVENTORY: &str = r#"
[hosts.web]
kind = "local"
root = "/srv"
[environments.production]
[databases.crm]
engine = "sqlite"
path = "crm.db"
[gates.quality]
command = "true"
[mailboxes.info]
address = "info@example.org"
[secrets]
CRM_DB_PASSWORD = "env:CRM_DB_PASSWORD"
"#;
