//! The numbers of the policy.

use regex::{Regex, RegexBuilder};
use serde::{Deserialize, Serialize};

use crate::domain::{
    canonical::{self, NotCanonical},
    digest::Digest,
    effect::Tier,
    evidence::EvidenceKind,
};

/// How long things count, in seconds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// A plan, outside production.
    pub plan_s: u32,
    /// A plan, in production.
    pub production_plan_s: u32,
    /// A dry run.
    pub dry_run_s: u32,
    /// A gate that we ran.
    pub gate_s: u32,
    /// A gate that others keep: checks and reviews.
    pub remote_gate_s: u32,
    /// A gate over security alerts.
    pub alert_gate_s: u32,
    /// A verified snapshot, before the first change.
    pub snapshot_fresh_s: u32,
    /// Rollback readiness.
    pub rollback_s: u32,
    /// The existence of secrets.
    pub secrets_s: u32,
    /// How long a human may think about a DEGRADED or INCONCLUSIVE result before it is rolled back.
    pub decision_s: u32,
    /// What the name of a new tag has to be, a regular expression over the whole of it.
    pub tag_pattern: String,
}

/// Tags by the calendar: `v2025.01.15`, and `v2025.01.15.2` for the second of a day.
pub(crate) const TAG_PATTERN: &str = r"v[0-9]{4}\.[0-9]{2}\.[0-9]{2}(\.[0-9]+)?";

impl Default for Settings {
    fn default() -> Self {
        Self {
            plan_s: 30 * 60,
            production_plan_s: 15 * 60,
            dry_run_s: 30 * 60,
            gate_s: 60 * 60,
            remote_gate_s: 24 * 60 * 60,
            alert_gate_s: 15 * 60,
            snapshot_fresh_s: 15 * 60,
            rollback_s: 24 * 60 * 60,
            secrets_s: 24 * 60 * 60,
            decision_s: 30 * 60,
            tag_pattern: TAG_PATTERN.to_owned(),
        }
    }
}

impl Settings {
    /// How long a plan may be used.
    pub fn plan_lifetime_s(&self, tier: Tier) -> u32 {
        match tier {
            Tier::Production => self.production_plan_s,
            Tier::Staging | Tier::Development => self.plan_s,
        }
    }

    /// How long evidence of that kind counts.
    pub fn fresh_s(&self, kind: EvidenceKind) -> u32 {
        match kind {
            EvidenceKind::DryRun => self.dry_run_s,
            EvidenceKind::Snapshot => self.snapshot_fresh_s,
            EvidenceKind::RollbackReady => self.rollback_s,
            EvidenceKind::Secrets => self.secrets_s,
            EvidenceKind::RemoteGate => self.remote_gate_s,
            EvidenceKind::AlertGate | EvidenceKind::PlaceGate => self.alert_gate_s,
            EvidenceKind::Gate
            | EvidenceKind::Smoke
            | EvidenceKind::EndToEnd
            | EvidenceKind::Lighthouse
            | EvidenceKind::Visual
            | EvidenceKind::Migrations
            | EvidenceKind::Monitoring
            | EvidenceKind::Backup
            | EvidenceKind::Room
            | EvidenceKind::Schedule
            | EvidenceKind::Connection
            | EvidenceKind::Report => self.gate_s,
        }
    }

    /// A pattern of tags' names, for the whole of them; nothing when it is no regular expression.
    pub fn tag_regex(pattern: &str) -> Option<Regex> {
        RegexBuilder::new(&format!("^(?:{pattern})$")).unicode(false).build().ok()
    }

    /// The digest that plans are bound to.
    pub fn digest(&self) -> Result<Digest, NotCanonical> {
        canonical::digest("policy", self)
    }
}
