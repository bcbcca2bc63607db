//! Deployments as GitHub shows them beside commits and pull requests.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    issue::About,
    name::{EnvironmentName, ServiceName},
    operation::OperationState,
};

/// Keep one deployment on GitHub in step with an operation: it is made when there is none, and gets a status when its newest is another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct TellDeployment {
    /// The operation.
    pub about: About,
    /// The service.
    pub service: ServiceName,
    /// The environment, there as here.
    pub environment: EnvironmentName,
    /// Whether users see it.
    pub production: bool,
    /// The commit.
    pub commit: String,
    /// How it stands.
    pub standing: DeploymentStanding,
    /// How it stands, in at most 140 characters.
    pub description: String,
}

/// The words of GitHub for how a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentStanding {
    /// No step has begun.
    Queued,
    /// Steps run, or are taken back.
    InProgress,
    /// A human has to decide.
    Pending,
    /// It is live.
    Success,
    /// It is not live: it failed, or was rolled back.
    Failure,
    /// What is live cannot be told without a human.
    Error,
    /// It is not live: it was cancelled, or another version replaced it.
    Inactive,
}

impl DeploymentStanding {
    /// That of an operation of which steps have begun or not.
    pub fn of(state: OperationState, begun: bool) -> Self {
        match state {
            OperationState::Running if !begun => Self::Queued,
            OperationState::Running | OperationState::RollingBack => Self::InProgress,
            OperationState::AwaitingDecision => Self::Pending,
            OperationState::Succeeded | OperationState::Accepted => Self::Success,
            OperationState::Failed | OperationState::RolledBack => Self::Failure,
            OperationState::RollbackFailed | OperationState::Indeterminate => Self::Error,
            OperationState::Cancelled => Self::Inactive,
        }
    }

    /// As the API writes it.
    pub fn as_text(self) -> &'static str {
        match self {
            Self::Queued => "queued",
            Self::InProgress => "in_progress",
            Self::Pending => "pending",
            Self::Success => "success",
            Self::Failure => "failure",
            Self::Error => "error",
            Self::Inactive => "inactive",
        }
    }
}

impl TellDeployment {
    /// What is deployed: services that share a repository have deployments of their own.
    pub fn task(&self) -> String {
        format!("deploy:{}", self.service)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_state_has_its_word() {
        use OperationState as S;
        let cases = [
            (S::Running, "in_progress"),
            (S::RollingBack, "in_progress"),
            (S::AwaitingDecision, "pending"),
            (S::Succeeded, "success"),
            (S::Accepted, "success"),
            (S::Failed, "failure"),
            (S::RolledBack, "failure"),
            (S::RollbackFailed, "error"),
            (S::Indeterminate, "error"),
            (S::Cancelled, "inactive"),
        ];
        for (state, word) in cases {
            assert_eq!(DeploymentStanding::of(state, true).as_text(), word, "{state:?}");
            let written = serde_json::to_value(DeploymentStanding::of(state, true)).unwrap();
            assert_eq!(written, word, "as it is stored");
        }
        assert_eq!(DeploymentStanding::of(S::Running, false), DeploymentStanding::Queued);
        assert_eq!(DeploymentStanding::of(S::Failed, false), DeploymentStanding::Failure);
    }
}
