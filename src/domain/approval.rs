//! A human's answer to a plan.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{digest::Digest, principal::Principal, time::Time};

/// What the human said.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Decision {
    /// Go ahead with exactly this plan.
    Approve,
    /// Do not.
    Deny,
}

/// How the answer reached us. Every channel is out of the reach of an MCP client.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// Typed at a terminal.
    Terminal,
    /// Typed at a terminal, with a time-based one-time password (RFC 6238).
    TerminalTotp,
    /// Given on the console page.
    Console,
    /// Given by a reviewer of an environment on GitHub.
    GitHub,
    /// Given in a comment on GitHub that is signed with an SSH key.
    SignedComment,
}

/// An answer: bound to one plan digest, used at most once, short-lived.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Approval {
    /// The digest of the plan that was shown.
    pub plan_digest: Digest,
    /// The answer.
    pub decision: Decision,
    /// Who answered.
    pub approver: Principal,
    /// How.
    pub channel: Channel,
    /// When.
    pub given_at: Time,
    /// Until when it may be used.
    pub expires_at: Time,
    /// Whether the approver accepted the shown loss of data.
    #[serde(default)]
    pub accepts_data_loss: bool,
}
