//! What a decision rests on.

use crate::domain::{
    approval::Approval,
    digest::Digest,
    evidence::{Evidence, EvidenceKind},
    facts::Facts,
    inventory::Environment,
    operation::Operation,
    release::Deployment,
    time::Time,
};

use super::Settings;

/// Everything besides the plan that the rules look at. All of it was collected by the server.
#[derive(Debug)]
pub struct Case<'a> {
    /// The numbers of the policy.
    pub settings: &'a Settings,
    /// Their digest now.
    pub policy: Digest,
    /// Where the plan would run.
    pub environment: &'a Environment,
    /// Evidence about the plan's requirements.
    pub evidence: &'a [Evidence],
    /// The human's latest answer to this plan.
    pub approval: Option<&'a Approval>,
    /// The facts, read again just now; `None` when only the dry run looks.
    pub facts: Option<&'a Facts>,
    /// The deployments of the service in that environment.
    pub history: &'a [Deployment],
    /// An operation that freezes the service.
    pub frozen_by: Option<&'a Operation>,
    /// Why the operator has stopped all changes, when they have.
    pub halted: Option<&'a str>,
    /// The present.
    pub now: Time,
}

impl Case<'_> {
    /// The newest evidence of that kind about that subject.
    pub(super) fn newest(&self, kind: EvidenceKind, subject: &str) -> Option<&Evidence> {
        self.evidence.iter().filter(|e| e.kind == kind && e.subject == subject).max_by_key(|e| e.collected_at)
    }
}
