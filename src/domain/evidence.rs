//! What was observed, by whom, about what, and how long it counts.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{digest::Digest, time::Time};

/// What kind of observation an evidence is; together with its subject it answers one requirement of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum EvidenceKind {
    /// The deployment ran with `--dry-run`, and the target was the same before and after.
    DryRun,
    /// A snapshot was restored into a scratch database and equals the original.
    Snapshot,
    /// A quality gate that ran here.
    Gate,
    /// A quality gate that others keep: checks and reviews of the commit.
    RemoteGate,
    /// A quality gate over security alerts, which come by themselves.
    AlertGate,
    /// A quality gate over the place: room, snapshots, and the notice of the window.
    PlaceGate,
    /// The way back exists and is hashed.
    RollbackReady,
    /// Every required secret exists.
    Secrets,
    /// Smoke checks.
    Smoke,
    /// End-to-end tests.
    EndToEnd,
    /// Lighthouse scores.
    Lighthouse,
    /// Pages look as they did when the operator accepted them.
    Visual,
    /// Migrations were applied.
    Migrations,
    /// Monitoring is silent.
    Monitoring,
    /// How old the newest verified snapshot of a database is.
    Backup,
    /// The room where a service lies.
    Room,
    /// The deployment window, and whatever else holds changes up.
    Schedule,
    /// A database lets us in.
    Connection,
    /// A report was written; the raw digest is that of the file.
    Report,
}

impl EvidenceKind {
    /// Whether it is a quality gate.
    pub fn is_gate(self) -> bool {
        matches!(self, Self::Gate | Self::RemoteGate | Self::AlertGate | Self::PlaceGate)
    }
}

/// The outcome of an observation. There is no fourth value: what could not be read is `Inconclusive`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Observed, and good.
    Pass,
    /// Observed, and bad.
    Fail,
    /// Not observed to the end: unreadable, partial, interrupted. Blocks like a failure.
    Inconclusive,
}

impl Outcome {
    /// The worse it is, the greater: what failed is worse than what could not be observed.
    pub fn severity(self) -> u8 {
        match self {
            Self::Pass => 0,
            Self::Inconclusive => 1,
            Self::Fail => 2,
        }
    }
}

/// One observation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Evidence {
    /// What kind.
    pub kind: EvidenceKind,
    /// What it is about, precise enough that evidence about something else never matches: `crm@<commit>`, a database name with
    /// its server identity, a gate with the commit.
    pub subject: String,
    /// The outcome.
    pub outcome: Outcome,
    /// One sentence for a human.
    pub summary: String,
    /// Numbers that were counted, for example `checks`, `failed`, `duration_ms`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub counters: BTreeMap<String, u64>,
    /// When it was collected (UTC).
    pub collected_at: Time,
    /// Until when it counts (UTC).
    pub valid_until: Time,
    /// What collected it, for example `run_smoke`.
    pub collector: String,
    /// The digest of the raw output it was judged from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub raw_digest: Option<Digest>,
}

impl Evidence {
    /// Whether it is good and still counts at `now`.
    pub fn holds(&self, now: Time) -> bool {
        self.outcome == Outcome::Pass && self.collected_at <= now && now < self.valid_until
    }
}

/// What a plan wants to be shown before it may run.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
pub struct Requirement {
    /// What kind of evidence.
    pub kind: EvidenceKind,
    /// About what.
    pub subject: String,
}
