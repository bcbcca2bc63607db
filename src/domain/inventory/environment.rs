//! Environments: how careful to be, who approves, when deployments may happen.

use serde::Serialize;

use super::{
    super::{effect::Tier, name::EnvironmentName},
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
