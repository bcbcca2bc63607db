//! Environments: how careful to be, who approves, when deployments may happen.

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
}
