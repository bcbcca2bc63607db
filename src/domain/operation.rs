//! Operations: what the engine is doing or has done.

use std::{collections::BTreeMap, fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    name::{EnvironmentName, InvalidName, ServiceName},
    plan::PlanId,
    principal::Principal,
    time::Time,
    verdict::Verdict,
};

/// The id of an operation.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct OperationId(String);

impl OperationId {
    /// The operation with that unique number.
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(format!("op_{}", uuid.hyphenated()))
    }
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for OperationId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = text.strip_prefix("op_").is_some_and(|id| {
            id.len() == 36 && uuid::Uuid::try_parse(id).is_ok() && !id.bytes().any(|b| b.is_ascii_uppercase())
        });
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName { kind: "operation id", rule: "use an id that operation_status shows: op_ and a UUID" })
        }
    }
}

impl TryFrom<String> for OperationId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<OperationId> for String {
    fn from(id: OperationId) -> String {
        id.0
    }
}

impl fmt::Display for OperationId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What an operation is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationKind {
    /// A dry run; it ends with a plan or with blockers.
    DryRun,
    /// A look around that takes long; it ends with findings and changes nothing.
    Check,
    /// A deployment.
    Deploy,
    /// A rollback that was asked for.
    Rollback,
    /// Snapshots.
    Snapshot,
    /// Something that is said in an issue.
    Issue,
    /// A tag for a commit.
    Tag,
    /// A report of another operation.
    Report,
    /// Something that people are told.
    Notice,
}

/// Where an operation stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum OperationState {
    /// Steps are running.
    Running,
    /// The verdict is DEGRADED or INCONCLUSIVE; a human decides before the deadline, then it is rolled back.
    AwaitingDecision,
    /// The steps are being undone.
    RollingBack,
    /// Ended well.
    Succeeded,
    /// A human accepted a result below success.
    Accepted,
    /// Ended without having changed anything that users see.
    Failed,
    /// Undone, and the previous version answers.
    RolledBack,
    /// Undoing failed. The service is frozen until a human has looked.
    RollbackFailed,
    /// Stopped by `cancel_operation` at a safe point, before anything changed or after it was undone.
    Cancelled,
    /// It cannot be proven whether a step took effect. A human decides.
    Indeterminate,
}

impl OperationState {
    /// Whether nothing more happens by itself or by decision.
    pub fn is_terminal(self) -> bool {
        !matches!(self, Self::Running | Self::AwaitingDecision | Self::RollingBack | Self::Indeterminate)
    }
    /// Whether the service may not be touched by another operation until a human has decided.
    pub fn freezes(self) -> bool {
        matches!(self, Self::RollbackFailed | Self::Indeterminate)
    }
}

/// One operation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Operation {
    /// The id.
    pub id: OperationId,
    /// What it is for.
    pub kind: OperationKind,
    /// The service, unless it is about databases alone.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceName>,
    /// Where.
    pub environment: EnvironmentName,
    /// The version that was asked for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// The plan it executes, or that its dry run made.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanId>,
    /// Who asked.
    pub requester: Principal,
    /// Where it stands.
    pub state: OperationState,
    /// What it is doing now.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub step: Option<String>,
    /// When it began (UTC).
    pub started_at: Time,
    /// When it ended (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub finished_at: Option<Time>,
    /// Until when a human may decide (UTC); then it is rolled back.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub decide_by: Option<Time>,
    /// What came of it, in one sentence.
    pub summary: String,
    /// The verdict, when there is one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub verdict: Option<Verdict>,
    /// What stands in the way, after a dry run or a check.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub blockers: Vec<super::refusal::Refusal>,
    /// The metrics.
    pub metrics: Metrics,
    /// The fencing number of the lock it holds or held; a higher number has taken over.
    pub fence: i64,
}

/// What is tracked of every operation.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct Metrics {
    /// From begin to end, ms.
    pub duration_ms: u64,
    /// Services that went live.
    pub services_deployed: u64,
    /// Steps that failed, and criteria of the verdict that did.
    pub failures: u64,
    /// Rollbacks that were done.
    pub rollbacks: u64,
    /// `GREEN`, `YELLOW`, `RED`; absent when no gate is configured.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub quality_gates_status: Option<String>,
    /// Answers with the wanted status, of all HTTP checks, 0 to 1; of a version that was taken back, before that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub http_200_rate: Option<f64>,
    /// Passed end-to-end tests, of all that ran, 0 to 1.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub e2e_pass_rate: Option<f64>,
    /// Median score per category, 0 to 100.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub lighthouse_scores: BTreeMap<String, u64>,
    /// Migrations that were applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub migrations_applied: Option<u64>,
    /// Time spent on snapshots, ms.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_duration_ms: Option<u64>,
    /// Whether every snapshot was proven by a restore.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub restore_tested: Option<bool>,
}

/// Whether a journal entry is about doing or about undoing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Phase {
    /// Doing.
    Do,
    /// Undoing.
    Undo,
}

/// How an attempt at a step ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum AttemptState {
    /// Its intent is durable; nothing is known of its effect.
    Intended,
    /// It took effect.
    Done,
    /// It failed.
    Failed,
    /// It cannot be proven either way.
    Unknown,
}

/// One line of the journal.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
pub struct JournalEntry {
    /// The operation.
    pub operation: OperationId,
    /// Doing or undoing.
    pub phase: Phase,
    /// The step's place in the plan, from 0.
    pub index: u32,
    /// The step's name.
    pub step: String,
    /// What it is about, in one sentence.
    pub summary: String,
    /// From 1.
    pub attempt: u32,
    /// How it ended.
    pub state: AttemptState,
    /// When the intent became durable (UTC).
    pub intended_at: Time,
    /// When the outcome became durable (UTC).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ended_at: Option<Time>,
    /// What came of it, in one sentence.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub outcome: String,
}

/// Which operations are wanted.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OperationFilter {
    /// Only of this service.
    pub service: Option<ServiceName>,
    /// Only in this environment.
    pub environment: Option<EnvironmentName>,
    /// Only those that are not terminal.
    pub open_only: bool,
    /// At most that many.
    pub limit: u32,
    /// Skip that many.
    pub offset: u32,
}
