//! What was found about a commit: check runs, which Apps write, statuses, which whoever may push writes, and runs of workflows.

use serde::Deserialize;

use super::{GitHubError, Listed, Repository};

/// A check run.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct CheckRun {
    /// Later ones are greater; the times beside it are whatever the App says.
    pub(in crate::world) id: u64,
    pub(in crate::world) name: String,
    pub(in crate::world) status: String,
    #[serde(default)]
    pub(in crate::world) conclusion: Option<String>,
    #[serde(default)]
    pub(in crate::world) app: Option<App>,
}

/// Who wrote a check run.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct App {
    pub(in crate::world) id: u64,
}

/// The newest status of a context.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct Status {
    pub(in crate::world) context: String,
    pub(in crate::world) state: String,
}

/// A run of a workflow.
#[derive(Debug, Clone, Deserialize)]
pub(in crate::world) struct WorkflowRun {
    pub(in crate::world) id: u64,
    /// The file, perhaps with `@` and a branch behind it.
    #[serde(default)]
    pub(in crate::world) path: String,
    #[serde(default)]
    pub(in crate::world) status: Option<String>,
    #[serde(default)]
    pub(in crate::world) conclusion: Option<String>,
}

impl Repository<'_> {
    /// The check runs of a commit, the latest of each suite.
    pub(in crate::world) async fn check_runs(&self, commit: &str) -> Result<Vec<CheckRun>, GitHubError> {
        let below = format!("/commits/{commit}/check-runs?filter=latest");
        self.list("list the check runs of the commit", &below, Listed::Under("check_runs")).await
    }

    /// The statuses of a commit, the newest of each context.
    pub(in crate::world) async fn statuses(&self, commit: &str) -> Result<Vec<Status>, GitHubError> {
        let below = format!("/commits/{commit}/status");
        self.list("list the statuses of the commit", &below, Listed::Under("statuses")).await
    }

    /// The runs of workflows for a commit.
    pub(in crate::world) async fn workflow_runs(&self, commit: &str) -> Result<Vec<WorkflowRun>, GitHubError> {
        let below = format!("/actions/runs?head_sha={commit}");
        self.list("list the runs of workflows for the commit", &below, Listed::Under("workflow_runs")).await
    }
}
