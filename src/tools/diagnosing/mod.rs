//! What `diagnose` looks at, one check per file. A check says what it saw and how sure it is of what that means.

mod advice;
mod causes;
mod databases;
mod e2e;
mod env_keys;
pub(super) mod examine;
mod logs;
mod migrations;
pub(super) mod operation;
mod permissions;
mod releases;
mod scripts;
mod secrets;
mod smoke;
mod snapshots;
mod space;

use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use super::Context;
use crate::domain::{
    e2e::TestId,
    inventory::{Service, Target},
    name::EnvironmentName,
    operation::OperationId,
    refusal::{NextCall, Refusal},
    release::Deployment,
};

/// What a finding is to the trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Part {
    /// What goes wrong, seen from outside.
    Symptom,
    /// What makes it go wrong.
    Cause,
    /// Wrong, but no reason for what goes wrong now.
    Weakness,
}

/// How sure a finding is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum Sure {
    /// It was measured, or a program said so in words that mean nothing else.
    Certain,
    /// It is usually so.
    Likely,
    /// It is worth a look.
    Possible,
}

impl Sure {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Certain => "certain",
            Self::Likely => "likely",
            Self::Possible => "possible",
        }
    }
}

/// One thing that was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Finding {
    pub(super) part: Part,
    pub(super) sure: Sure,
    /// What was seen, in one sentence of ours.
    pub(super) seen: String,
    /// What to do.
    pub(super) fix: String,
    /// What to call.
    pub(super) next: Option<Next>,
    /// What others wrote about it.
    pub(super) untrusted_text: Option<String>,
}

impl Finding {
    pub(super) fn new(part: Part, sure: Sure, seen: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { part, sure, seen: seen.into(), fix: fix.into(), next: None, untrusted_text: None }
    }
    pub(super) fn next(mut self, next: Next) -> Self {
        self.next = Some(next);
        self
    }
    pub(super) fn quoting(mut self, text: impl Into<String>) -> Self {
        self.untrusted_text = Some(text.into()).filter(|text| !text.is_empty());
        self
    }
}

/// What a check found: what is wrong, and in a few words what it looked at.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Looked {
    pub(super) findings: Vec<Finding>,
    pub(super) at: String,
}

/// What comes of a check: `None` when there is nothing of that kind to look at.
pub(super) type Look = Result<Option<Looked>, Refusal>;

/// What is looked at.
pub(super) struct Patient<'p> {
    pub(super) service: &'p Service,
    pub(super) environment: &'p EnvironmentName,
    pub(super) target: &'p Target,
    /// What is live there, as far as this server deployed it.
    pub(super) live: Option<Deployment>,
}

impl Patient<'_> {
    /// The commit whose files count: that of what is live, else what is checked out.
    pub(super) async fn commit(&self, context: Context<'_>) -> Result<String, Refusal> {
        match &self.live {
            Some(live) => Ok(live.commit.clone()),
            None => Ok(context.reader.head(self.service).await?.commit),
        }
    }
}

/// A call that makes sense after a finding.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Next {
    /// Which secrets and keys are there.
    Secrets,
    /// A section about the databases.
    Databases(&'static str),
    /// The dry run once more, saying more.
    DryRun,
    /// The checks once more.
    Smoke,
    /// The end-to-end tests once more, or one of them.
    E2e(Option<TestId>),
    /// The way back.
    Rollback,
    /// A snapshot.
    Snapshot,
    /// Every step of the operation.
    Journal(OperationId),
    /// More of a log.
    Logs { root: String, path: String },
    /// A call that a refusal names.
    Named(NextCall),
}

impl Next {
    /// The call with its arguments; `version` is that of a failed operation.
    pub(super) fn call(&self, patient: Option<&Patient<'_>>, version: Option<&str>) -> Option<NextCall> {
        let place = patient.map(|patient| (&patient.service.name, patient.environment));
        let databases = patient.map(|patient| &patient.target.databases).filter(|names| !names.is_empty());
        Some(match self {
            Self::Secrets => {
                let (service, environment) = place?;
                let arguments = json!({ "service": service, "environment": environment });
                NextCall::new("verify_secret", arguments, "see which secrets and keys are there")
            }
            Self::Databases(section) => {
                let arguments = json!({ "databases": databases?, "section": section });
                NextCall::new("inspect_db", arguments, "look into its databases")
            }
            Self::DryRun => {
                let (service, environment) = place?;
                let version = version.or_else(|| Some(patient?.live.as_ref()?.version.as_str()))?;
                let arguments =
                    json!({ "service": service, "environment": environment, "version": version, "verbose": true });
                NextCall::new("deploy_service", arguments, "rehearse it once more, and let it say more")
            }
            Self::Smoke => {
                let (service, environment) = place?;
                let arguments = json!({ "services": [service], "environment": environment, "all_checks": true });
                NextCall::new("run_smoke", arguments, "check it again, with every check")
            }
            Self::E2e(test) => {
                let (service, environment) = place?;
                let mut arguments = json!({ "services": [service], "environment": environment });
                let mut why = "run them again";
                if let (Some(test), Some(map)) = (test, arguments.as_object_mut()) {
                    map.insert("test".to_owned(), json!(test));
                    why = "run that test alone, with a trace";
                }
                NextCall::new("run_e2e", arguments, why)
            }
            Self::Rollback => {
                let (service, environment) = place?;
                let arguments = json!({ "service": service, "environment": environment });
                NextCall::new("rollback", arguments, "plan the way back")
            }
            Self::Snapshot => {
                NextCall::new("snapshot_db", json!({ "databases": databases? }), "take and verify a snapshot")
            }
            Self::Journal(operation) => {
                let arguments = json!({ "operation": operation, "journal": true });
                NextCall::new("operation_status", arguments, "see every step")
            }
            Self::Logs { root, path } => {
                let arguments = json!({ "root": root, "path": path, "since": "24h", "context": 3 });
                NextCall::new("search_logs", arguments, "read more of that log")
            }
            Self::Named(call) => call.clone(),
        })
    }
}

/// `1 file`, `3 files`.
pub(super) fn count(number: usize, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

/// The last `limit` bytes of a text, at a line or else a character.
pub(super) fn end(text: &str, limit: usize) -> &str {
    let mut start = text.len().saturating_sub(limit);
    while !text.is_char_boundary(start) {
        start += 1;
    }
    let tail = text.get(start..).unwrap_or_default();
    match tail.split_once('\n') {
        Some((_, rest)) if start > 0 && !rest.trim().is_empty() => rest,
        _ => tail,
    }
}
