//! Every secret that the service needs exists.

use super::{super::Case, evidence};
use crate::domain::{
    evidence::EvidenceKind,
    plan::Plan,
    refusal::{Code, Refusal},
};

pub(super) fn check(plan: &Plan, case: &Case<'_>) -> Result<(), Refusal> {
    evidence::require(
        plan,
        case,
        EvidenceKind::Secrets,
        Code::SecretMissing,
        "The required secrets",
        "Call verify_secret to see which one is missing; the operator adds it where the inventory says.",
    )
}
