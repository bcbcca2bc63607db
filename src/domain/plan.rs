//! Plans: what will be done, to what, under which facts, and how to take it back.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    canonical::{self, NotCanonical},
    digest::Digest,
    effect::{Effect, Tier},
    evidence::Requirement,
    facts::Facts,
    name::{DatabaseName, EnvironmentName, InvalidName, ServiceName},
    principal::Principal,
    release::ReleaseId,
    snapshot::SnapshotId,
    step::{ScriptRole, Step},
    time::Time,
    version::Revision,
};

/// The id of a plan. It is the idempotency key of its execution: a plan is used once.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct PlanId(String);

impl PlanId {
    /// The plan with that unique number.
    pub fn from_uuid(uuid: uuid::Uuid) -> Self {
        Self(format!("plan_{}", uuid.hyphenated()))
    }
    /// The text form.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for PlanId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = text.strip_prefix("plan_").is_some_and(|id| {
            id.len() == 36 && uuid::Uuid::try_parse(id).is_ok() && !id.bytes().any(|b| b.is_ascii_uppercase())
        });
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName { kind: "plan id", rule: "use the id that the dry run returned: plan_ and a UUID" })
        }
    }
}

impl TryFrom<String> for PlanId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<PlanId> for String {
    fn from(id: PlanId) -> String {
        id.0
    }
}

impl fmt::Display for PlanId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What a plan is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Purpose {
    /// Bring a version to an environment.
    Deploy,
    /// Go back to a version.
    Rollback,
    /// Take snapshots of databases.
    Snapshot,
    /// Say something in the issues of a repository.
    Issue,
    /// Give a commit a tag.
    Tag,
    /// Write the report of an operation.
    Report,
    /// Tell people.
    Notice,
}

impl Purpose {
    /// The tool that makes and executes plans for it.
    pub fn tool(self) -> &'static str {
        match self {
            Self::Deploy => "deploy_service",
            Self::Rollback => "rollback",
            Self::Snapshot => "snapshot_db",
            Self::Issue => "deployment_issues",
            Self::Tag => "create_tag",
            Self::Report => "write_report",
            Self::Notice => "notify_team",
        }
    }
    /// Whether another version is live afterwards.
    pub fn changes_service(self) -> bool {
        matches!(self, Self::Deploy | Self::Rollback)
    }
}

/// How the databases come back when the code goes back.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case", tag = "strategy")]
pub enum DatabaseStrategy {
    /// The deployment touches no database.
    NotTouched,
    /// The databases stay as they are; the previous code must work with them. A restore is a separate, approved plan.
    Keep,
    /// The databases are restored from these snapshots; writes since then are lost.
    Restore {
        /// The snapshots.
        snapshots: Vec<SnapshotId>,
        /// The age of the oldest of them at planning time, s: the span whose writes are lost.
        loss_window_s: u64,
        /// What was written to each database in that span, as far as it can be told.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        losses: Vec<Loss>,
    },
}

/// What a restore takes from a database: all that was written since the snapshot.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Loss {
    /// The database.
    pub database: DatabaseName,
    /// When the snapshot was taken (UTC).
    pub taken_at: Time,
    /// How long ago that was at planning time, s.
    pub span_s: u64,
    /// Rows in all tables of the snapshot.
    pub rows_then: u64,
    /// Rows in all tables at planning time; absent when they cannot be counted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rows_now: Option<u64>,
    /// The tables whose rows changed, the first twenty by name, each with how many rows it has more or fewer.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub tables: Vec<String>,
    /// Further tables whose rows changed.
    #[serde(default)]
    pub more_tables: u64,
}

impl Loss {
    /// One sentence for a human.
    pub fn summary(&self) -> String {
        let (database, span) = (&self.database, self.span_s);
        let rows = match self.rows_now {
            None => "how much was written since cannot be told".to_owned(),
            Some(_) if self.tables.is_empty() => "no row was written since".to_owned(),
            Some(now) => {
                let more = if self.more_tables > 0 { format!(" and {} more", self.more_tables) } else { String::new() };
                format!("{now} rows now, {} then; changed tables: {}{more}", self.rows_then, self.tables.join(", "))
            }
        };
        format!("{database} loses what was written in the {span} s since {}: {rows}", self.taken_at)
    }
}

/// The way back, recorded before the way forth.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct RollbackPlan {
    /// The version that is live now and would be again; absent at the first deployment.
    pub to: Option<Revision>,
    /// Its release directory, for deployments of kind `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseId>,
    /// How the code goes back, in one sentence.
    pub code: String,
    /// How the databases come back.
    pub database: DatabaseStrategy,
    /// Whether the old release has to be rebuilt because neither its directory nor its artifact is left.
    #[serde(default)]
    pub rebuilt: bool,
}

/// What a tool drafts: a plan without who, when and which policy.
#[derive(Debug, Clone, PartialEq)]
pub struct Draft {
    /// What it is for.
    pub purpose: Purpose,
    /// The service, unless the plan is about databases alone.
    pub service: Option<ServiceName>,
    /// Where.
    pub environment: EnvironmentName,
    /// What will be live afterwards.
    pub revision: Option<Revision>,
    /// What the plan is bound to.
    pub facts: Facts,
    /// What evidence it wants.
    pub requirements: Vec<Requirement>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// How it is taken back.
    pub rollback: Option<RollbackPlan>,
    /// What a human should know before approving.
    pub warnings: Vec<String>,
}

/// Everything that is hashed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct PlanBody {
    /// The version of this format.
    pub schema: u32,
    /// The id.
    pub id: PlanId,
    /// What it is for.
    pub purpose: Purpose,
    /// The service, unless the plan is about databases alone.
    pub service: Option<ServiceName>,
    /// Where.
    pub environment: EnvironmentName,
    /// How careful that environment wants us to be.
    pub tier: Tier,
    /// What will be live afterwards.
    pub revision: Option<Revision>,
    /// What it is bound to.
    pub facts: Facts,
    /// What evidence it wants.
    pub requirements: Vec<Requirement>,
    /// What is done, in order.
    pub steps: Vec<Step>,
    /// How it is taken back.
    pub rollback: Option<RollbackPlan>,
    /// What a human should know before approving.
    pub warnings: Vec<String>,
    /// The digest of the policy it was proposed under.
    pub policy: Digest,
    /// Who proposed it.
    pub requester: Principal,
    /// When (UTC).
    pub created_at: Time,
    /// Until when it may be used (UTC).
    pub expires_at: Time,
}

/// A plan: at least one step, immutable, with a digest over its canonical JSON. It holds names, never credentials.
#[derive(Debug, Clone, PartialEq)]
pub struct Plan {
    body: PlanBody,
    text: String,
    digest: Digest,
}

/// Why something is not a plan.
#[derive(Debug, thiserror::Error)]
pub enum InvalidPlan {
    /// It would do nothing.
    #[error("a plan needs at least one step")]
    NoSteps,
    /// It has no canonical form.
    #[error(transparent)]
    NotCanonical(#[from] NotCanonical),
    /// A stored plan cannot be read.
    #[error("cannot read the stored plan")]
    Unreadable(#[source] serde_json::Error),
    /// A stored plan is not the one that was hashed.
    #[error("the stored plan does not have the digest it was stored with")]
    DigestDiffers,
}

impl Plan {
    /// Seals a body.
    pub fn seal(body: PlanBody) -> Result<Self, InvalidPlan> {
        if body.steps.is_empty() {
            return Err(InvalidPlan::NoSteps);
        }
        let text = canonical::to_text("plan", &body)?;
        let digest = Digest::of_domain("deployops/plan/v1", text.as_bytes());
        Ok(Self { body, text, digest })
    }

    /// Reads a stored plan and proves that it is the one that was sealed.
    pub fn open(text: &str, digest: Digest) -> Result<Self, InvalidPlan> {
        let body: PlanBody = serde_json::from_str(text).map_err(InvalidPlan::Unreadable)?;
        let plan = Self::seal(body)?;
        if plan.digest == digest && plan.text == text { Ok(plan) } else { Err(InvalidPlan::DigestDiffers) }
    }

    /// What was sealed.
    pub fn body(&self) -> &PlanBody {
        &self.body
    }
    /// The id.
    pub fn id(&self) -> &PlanId {
        &self.body.id
    }
    /// The canonical JSON.
    pub fn text(&self) -> &str {
        &self.text
    }
    /// SHA-256 over `deployops/plan/v1`, NUL and the canonical JSON.
    pub fn digest(&self) -> Digest {
        self.digest
    }
    /// The steps, at least one.
    pub fn steps(&self) -> &[Step] {
        &self.body.steps
    }
    /// The worst that any step can do.
    pub fn effect(&self) -> Effect {
        self.body.steps.iter().map(Step::effect).max().unwrap_or(Effect::Observe)
    }
    /// Whether every step only adds something of our own.
    pub fn only_adds(&self) -> bool {
        self.body.steps.iter().all(Step::only_adds)
    }
    /// Whether the server can take back what the plan's scripts do, as far as it is to be taken back.
    pub fn can_be_taken_back(&self) -> bool {
        let stays = |step: &Step| matches!(step, Step::RunScript(script) if script.undo.is_none() && script.role != ScriptRole::Migrate);
        !self.body.steps.iter().any(stays)
    }
    /// The resource whose lock the plan needs: one operation per service and environment, one per database set. What is told about
    /// a service, or named in its repository, waits for no deployment.
    pub fn resource(&self) -> String {
        match (&self.body.service, self.body.purpose) {
            (Some(service), Purpose::Issue) => format!("issues/{service}"),
            (Some(service), Purpose::Tag) => format!("tags/{service}"),
            (_, Purpose::Report) => format!("reports/{}", self.body.environment),
            (Some(service), Purpose::Notice) => format!("notices/{service}"),
            (Some(service), _) => format!("service/{service}/{}", self.body.environment),
            (None, _) => format!("databases/{}", self.body.environment),
        }
    }
}
