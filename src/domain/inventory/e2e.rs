//! Suites of end-to-end tests.

use std::{collections::BTreeMap, path::PathBuf};

use serde::Serialize;

use super::{
    super::{
        name::{FlowName, SecretName, SuiteName},
        results::Format,
    },
    RelativePath,
};

/// A command that tests a service as its users see it, and reports test by test.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct EndToEndSuite {
    /// Its name, unique in the service.
    pub name: SuiteName,
    /// The program and its arguments; no shell is involved. It finds the service at `BASE_URL`.
    pub command: Vec<String>,
    /// A command that makes the directory ready before, without any secret.
    pub prepare: Option<Vec<String>>,
    /// How long it may take, with its preparation, seconds.
    pub timeout_s: u32,
    /// Directories in which programs are looked for before the usual ones.
    pub path: Vec<PathBuf>,
    /// Where it runs: in a clean export of the deployed commit, or in this directory, which the operator keeps ready.
    pub directory: Option<PathBuf>,
    /// The report that it writes, below where it runs.
    pub report: RelativePath,
    /// How the report is written: Playwright's JSON or JUnit's XML.
    pub format: Format,
    /// Parts of it by name: what is added to the command to run only that part.
    pub flows: BTreeMap<FlowName, Vec<String>>,
    /// The secrets it gets as environment variables.
    pub secrets: Vec<SecretName>,
    /// Further environment variables.
    pub environment: BTreeMap<String, String>,
    /// Whether it decides about a deployment, after the smoke checks.
    pub after_deploy: bool,
    /// Whether pictures, videos and traces of failed tests may be shown to clients: in pictures nothing can be redacted.
    pub pictures: bool,
}
