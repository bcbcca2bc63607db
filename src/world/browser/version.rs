//! Which browser and which Lighthouse there are.

use std::time::Duration;

use super::super::{
    Reader, WorldError,
    process::{self, Environment, Invocation},
};
use crate::domain::{clean::clean_line, refusal::Code};

/// How long a program may take to say its version: the first start of a browser reads much from disk.
const PATIENCE: Duration = Duration::from_secs(20);
/// A longer answer is none, bytes.
const LONGEST: usize = 200;

impl Reader<'_> {
    /// What the browser says that it is.
    pub async fn chromium_version(&self) -> Result<String, WorldError> {
        let program = self.chromium()?;
        self.version(Invocation::new(program, &std::env::temp_dir(), PATIENCE), "Chromium").await
    }

    /// What Lighthouse says that it is; `None` where it is not configured.
    pub async fn lighthouse_version(&self) -> Option<Result<String, WorldError>> {
        let lighthouse = self.inventory().lighthouse.as_ref()?;
        Some(match Invocation::of(&lighthouse.command, &std::env::temp_dir(), PATIENCE) {
            Ok(invocation) => self.version(invocation, "Lighthouse").await,
            Err(error) => Err(error),
        })
    }

    async fn version(&self, mut invocation: Invocation, name: &str) -> Result<String, WorldError> {
        invocation.environment = Environment::default();
        let run = process::run(invocation.args(&["--version"])).await?;
        // Wrappers may complain before it.
        let text = run.output.text();
        let line = text.lines().rfind(|line| line.bytes().any(|b| b.is_ascii_digit()) && line.len() <= LONGEST);
        match line.filter(|_| run.ending.is_success()) {
            Some(line) => Ok(clean_line(&self.world.redactor.text(line.trim()))),
            None => Err(WorldError::new(
                Code::WorldFailed,
                format!("ask {name} for its version"),
                format!("it ended by {} and said none", run.ending.describe()),
                format!("Run it by hand with --version, and correct its command in deploy-ops.toml: {name}."),
            )),
        }
    }
}
