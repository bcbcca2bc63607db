//! One test of a report. Its words are those of others: untrusted, and not redacted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// How a test ended, the worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum CaseStatus {
    /// A wanted result was not there, or it could not be run to its end.
    Failed,
    /// It was to run and did not, because of what came before it.
    NotRun,
    /// It passed only when repeated.
    Flaky,
    /// It was left out.
    Skipped,
    /// It passed at the first attempt.
    #[default]
    Passed,
}

impl CaseStatus {
    /// Whether an attempt at it failed.
    pub fn is_bad(self) -> bool {
        matches!(self, Self::Failed | Self::Flaky)
    }
}

/// Where a test stands, as precisely as its tool needs it to run that one test.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CasePlace {
    /// The file.
    pub file: String,
    /// The line, from 1.
    pub line: u64,
    /// Playwright's project; empty without one.
    pub project: String,
}

/// A file that a test left behind.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attachment {
    /// What it is.
    pub kind: AttachmentKind,
    /// Where it lies, as the report says.
    pub path: String,
}

/// What a file is that a test left behind.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttachmentKind {
    /// A PNG.
    Screenshot,
    /// A recording of everything that happened, for Playwright's trace viewer.
    Trace,
    /// A WebM.
    Video,
}

/// One test.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Case {
    /// Its name, with those of the groups around it.
    pub name: String,
    /// Where it stands; absent where the report does not say enough to run it alone.
    pub place: Option<CasePlace>,
    /// How it ended.
    pub status: CaseStatus,
    /// All attempts together, ms.
    pub duration_ms: u64,
    /// How often it was tried.
    pub attempts: u64,
    /// How long an attempt may take, ms, where the report says so; 0 is no limit.
    pub timeout_ms: Option<u64>,
    /// What went wrong at the first attempt that failed.
    pub error: String,
    /// What it left behind, the last attempt first.
    pub files: Vec<Attachment>,
}
