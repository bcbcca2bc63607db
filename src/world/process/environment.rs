//! The environment of a child: a fixed base, what was declared, and the secrets it was granted.

use std::{
    collections::BTreeMap,
    ffi::{OsStr, OsString},
    path::{Path, PathBuf},
};

use super::super::WorldError;
use crate::{domain::refusal::Code, redact::Secret};

const PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";

/// Variables that change what programs execute; never passed on, even when declared.
const FORBIDDEN: [&str; 7] = ["BASH_ENV", "ENV", "NODE_OPTIONS", "IFS", "SHELLOPTS", "PS4", "BASHOPTS"];
const FORBIDDEN_BEGINS: [&str; 6] = ["LD_", "GIT_", "PYTHON", "PERL5", "SSH_", "BASH_FUNC_"];

/// The environment of a child.
#[derive(Debug, Clone, Default)]
pub(crate) struct Environment {
    declared: BTreeMap<String, OsString>,
    secrets: Vec<Secret>,
    ours: BTreeMap<String, OsString>,
}

impl Environment {
    /// Adds variables that the operator declared.
    pub(crate) fn declare(mut self, variables: &BTreeMap<String, String>) -> Self {
        self.declared.extend(variables.iter().map(|(name, value)| (name.clone(), value.into())));
        self
    }
    /// Adds secrets, each under its own name.
    pub(crate) fn grant(mut self, secrets: Vec<Secret>) -> Self {
        self.secrets.extend(secrets);
        self
    }
    /// Looks for programs in these directories before the usual ones.
    pub(crate) fn search(self, directories: &[PathBuf]) -> Self {
        let mut path = OsString::new();
        for directory in directories {
            path.push(directory);
            path.push(":");
        }
        path.push(PATH);
        self.ours("PATH", path)
    }
    /// Adds a variable of ours, which no rule forbids.
    pub(crate) fn ours(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.ours.insert(name.to_owned(), value.into());
        self
    }

    pub(super) fn has_home(&self) -> bool {
        self.ours.contains_key("HOME") || self.declared.contains_key("HOME")
    }

    pub(super) fn apply(&self, command: &mut tokio::process::Command, home: Option<&Path>) -> Result<(), WorldError> {
        command.env("PATH", PATH).env("LANG", "C.UTF-8").env("TZ", "UTC");
        if let Some(home) = home {
            command.env("HOME", home);
        }
        command.envs(self.checked()?);
        Ok(())
    }

    /// What stands above the fixed base; of two with one name the later counts. Refused when one is never passed on.
    pub(crate) fn checked(&self) -> Result<Vec<(&str, &OsStr)>, WorldError> {
        let declared = self.declared.iter().map(|(name, value)| (name.as_str(), value.as_os_str()));
        let secrets = self.secrets.iter().map(|secret| (secret.name(), OsStr::new(secret.expose())));
        let mut all: Vec<(&str, &OsStr)> = declared.chain(secrets).collect();
        if let Some((name, _)) = all.iter().find(|(name, _)| is_forbidden(name)) {
            return Err(WorldError::new(
                Code::Unsupported,
                format!("set the variable {name} for a child process"),
                "it changes what programs execute and is never passed on",
                "Remove it from the script's environment in deploy-ops.toml, or set it inside the script.",
            ));
        }
        all.extend(self.ours.iter().map(|(name, value)| (name.as_str(), value.as_os_str())));
        Ok(all)
    }
}

/// Whether a variable may not be given to a child.
pub(crate) fn is_forbidden(name: &str) -> bool {
    name.is_empty()
        || name.contains(['=', '\0'])
        || FORBIDDEN.contains(&name)
        || FORBIDDEN_BEGINS.iter().any(|begin| name.starts_with(begin))
}
