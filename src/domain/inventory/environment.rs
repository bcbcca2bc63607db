//! Environments: how careful to be, who approves, when deployments may happen.

use std::collections::BTreeMap;

use serde::Serialize;

use super::{
    super::{
        effect::Tier,
        name::{EnvironmentName, MonitorName},
    },
    channel::Telling,
    schedule::{Freeze, Window},
};

/// Where services run.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct Environment {
    /// Its name.
    pub name: EnvironmentName,
    /// How much care it wants.
    pub tier: Tier,
    /// What an approval has to be.
    pub approval: ApprovalRule,
    /// When deployments may happen; none means always.
    pub windows: Vec<Window>,
    /// When they may not, whatever the windows say. A freeze never blocks a rollback.
    pub freezes: Vec<Freeze>,
    /// The monitors that have to be silent after a deployment.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub monitoring: Vec<MonitorName>,
    /// For how long they are watched, s: alerts take their time.
    #[serde(skip_serializing_if = "is_zero")]
    pub monitoring_watch_s: u32,
    /// What is told where by itself.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notify: Vec<Telling>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &u32) -> bool {
    *number == 0
}

/// What an approval has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct ApprovalRule {
    /// Whether one is needed. Always true in production.
    pub required: bool,
    /// Whether the approver also gives a time-based one-time password (RFC 6238).
    pub totp: bool,
    /// Whether the account that the requester's client runs under may approve, always with a one-time password. A lower guarantee: the
    /// device, not the account, tells the human from the client.
    pub same_user_with_totp: bool,
    /// How long an approval may be used, seconds.
    pub valid_for_s: u32,
    /// How long a plan waits after its approval before it may be executed, seconds; somebody may still deny it. Never a rollback.
    #[serde(skip_serializing_if = "is_zero")]
    pub wait_s: u32,
    /// Who may approve on GitHub, and how, when anybody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<GitHubApproval>,
    /// Who may approve by a signed comment on GitHub, when anybody may.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub signed_comments: Option<SignedComments>,
}

/// Approvals by reviewers of an environment on GitHub: a run of a workflow, named after a plan, waits there for one of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct GitHubApproval {
    /// The environment on GitHub that has the reviewers.
    pub environment: String,
    /// The workflow's file in `.github/workflows`.
    pub workflow: String,
    /// Their logins in lower case, each with the names under which they, or programs of theirs, ask for plans here: nobody approves what
    /// they asked for.
    pub approvers: BTreeMap<String, Vec<String>>,
}

/// Approvals by comments in an issue on GitHub, each signed with an SSH key.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SignedComments {
    /// The issue's number, in the repository of the service.
    pub issue: u32,
    /// Who may approve, by their logins in lower case.
    pub approvers: BTreeMap<String, Signer>,
}

/// Somebody who may approve by a signed comment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Signer {
    /// The fingerprints of their keys, as `SHA256:…`.
    pub keys: Vec<String>,
    /// The names under which they, or programs of theirs, ask for plans here: nobody approves what they asked for.
    pub asks_as: Vec<String>,
}
