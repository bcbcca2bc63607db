//! `deploy-ops.toml`: from the file as it is written to the inventory and the settings as they are meant.
//!
//! `raw` reads values with their positions, `sections` makes the inventory of them, `settings` the rest. All problems are
//! collected, and none of them shows a value or a line of the file.

mod defaults;
pub mod environment;
mod locate;
mod names;
mod permissions;
mod problem;
mod raw;
pub mod secrets;
mod sections;
pub mod settings;
mod ssh_config;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    path::{Path, PathBuf},
};

pub use locate::locate;
pub use permissions::check_permissions;
pub use problem::{Problem, Severity};
pub use settings::{PolicySettings, Settings};

use self::{
    names::Names,
    raw::{Item, Source},
};
use crate::{
    domain::{
        inventory::Inventory,
        name::{EnvironmentName, HostName, SecretName},
    },
    policy,
};

const KEYS: &[&str] = &[
    "environments",
    "hosts",
    "services",
    "databases",
    "smoke",
    "snapshots",
    "telemetry",
    "mailboxes",
    "monitoring",
    "notify",
    "gates",
    "github",
    "search",
    "browser",
    "lighthouse",
    "secrets",
    "roots",
    "state",
    "policy",
    "server",
    "limits",
    "redaction",
    "tokens",
    "approvers",
];

/// A configuration without errors.
#[derive(Debug, Clone, PartialEq)]
pub struct Config {
    /// The file, absolute.
    pub file: PathBuf,
    /// What the operator has.
    pub inventory: Inventory,
    /// How the server behaves.
    pub settings: Settings,
    /// What should be mended but does not keep the server from starting.
    pub warnings: Vec<Problem>,
    /// The line of each secret's reference, for problems that are found later.
    secret_lines: BTreeMap<SecretName, usize>,
    /// The line of each host, for the same.
    host_lines: BTreeMap<HostName, usize>,
}

/// Reads a configuration: the file, and the ssh_config that it names. No problem holds a value.
///
/// # Errors
/// Everything that is wrong, in the order of the file, warnings among it.
pub fn load(path: &Path) -> Result<Config, Vec<Problem>> {
    let file = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
    let text = read(&file).map_err(|problem| vec![problem])?;
    parse(&file, &text)
}

/// The same for a text that stands in `file`, an absolute path.
pub fn parse(file: &Path, text: &str) -> Result<Config, Vec<Problem>> {
    let source = Source::new(file, text);
    let Some(tree) = raw::parse(&source, text) else { return Err(source.into_problems()) };
    let parsed = Item::new(&source, &tree, String::new()).section(KEYS).map(|section| {
        let names = section.item().table().map(Names::of).unwrap_or_default();
        let inventory = sections::inventory(&section, &names);
        let settings = Settings::read(&section, &names, source.directory());
        check_one_time_passwords(&section, &inventory, &settings);
        check_waits(&section, &inventory, &settings);
        let secrets = section.optional("secrets").map(|item| item.entries::<SecretName>()).unwrap_or_default();
        let secret_lines = secrets.into_iter().map(|(name, item)| (name, item.line())).collect();
        let hosts = section.optional("hosts").map(|item| item.entries::<HostName>()).unwrap_or_default();
        let host_lines = hosts.into_iter().map(|(name, item)| (name, item.line())).collect();
        (inventory, settings, secret_lines, host_lines)
    });
    drop(tree);
    let problems = source.into_problems();
    match parsed {
        Some((inventory, settings, secret_lines, host_lines)) if !problems.iter().any(Problem::is_error) => {
            Ok(Config { file: file.to_path_buf(), inventory, settings, warnings: problems, secret_lines, host_lines })
        }
        _ => Err(problems),
    }
}

fn check_one_time_passwords(file: &raw::Section<'_>, inventory: &Inventory, settings: &Settings) {
    let wanted = inventory
        .environments
        .values()
        .any(|environment| environment.approval.totp || environment.approval.same_user_with_totp);
    if wanted && settings.approvers.is_empty() {
        file.item().error(
            "an environment wants a one-time password, but nobody has one",
            "add [[approvers]] with name and totp, or remove totp = true",
        );
    }
}

/// A plan that expires while it waits could never be executed; nor could one whose dry run does.
fn check_waits(file: &raw::Section<'_>, inventory: &Inventory, settings: &Settings) {
    let policy = policy::Settings::from(settings.policy.clone());
    let entries = file.optional("environments").map(|item| item.entries::<EnvironmentName>()).unwrap_or_default();
    for (name, item) in entries {
        let Some(environment) = inventory.environments.get(&name) else { continue };
        let lives = policy.plan_lifetime_s(environment.tier).min(policy.dry_run_s);
        if environment.approval.wait_s >= lives {
            item.error(
                "plans do not live longer than they wait after an approval",
                "give a shorter approval.wait_s, or longer plan lifetimes and dry_run_fresh_s in [policy]",
            );
        }
    }
}

fn read(file: &Path) -> Result<String, Problem> {
    let problem = |message: &str, fix: &str| Problem::of_file(file, message, fix);
    let mut bytes = Vec::new();
    let opened = File::open(file).map_err(|error| match error.kind() {
        std::io::ErrorKind::NotFound => problem("there is no such file", "give another path, or create it"),
        _ => problem("the file cannot be opened", "check its path and its permissions"),
    })?;
    if !opened.metadata().is_ok_and(|metadata| metadata.is_file()) {
        return Err(problem("is not a regular file", "give the path of the configuration file"));
    }
    opened
        .take(defaults::FILE_MAX + 1)
        .read_to_end(&mut bytes)
        .map_err(|_| problem("the file cannot be read", "check the file system"))?;
    if u64::try_from(bytes.len()).unwrap_or(u64::MAX) > defaults::FILE_MAX {
        return Err(problem("the file is larger than 1 MiB", "give the path of the configuration file"));
    }
    String::from_utf8(bytes).map_err(|error| {
        let before = error.as_bytes().get(..error.utf8_error().valid_up_to()).unwrap_or_default();
        let line = before.split(|byte| *byte == b'\n').count();
        Problem { line, column: 1, ..problem("the line is not UTF-8", "save the file as UTF-8") }
    })
}
