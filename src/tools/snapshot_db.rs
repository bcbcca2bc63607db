//! `snapshot_db`: verified snapshots of databases, their catalogue, and what one would cost.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Action, Answer, Context, Describe, Proposal, Subject, Toolset, Wish,
    bounds::{OfEach, WaitSeconds},
    inspecting::{
        sizes::{self, SizesView},
        snapshots::SnapshotView,
    },
    records::{EvidenceView, PlanView},
};
use crate::domain::{
    effect::Effect,
    evidence::{EvidenceKind, Requirement},
    facts::Facts,
    inventory::Inventory,
    name::{DatabaseName, EnvironmentName},
    operation::Operation,
    plan::{Draft, PlanBody, Purpose},
    refusal::{Code, NextCall, Refusal},
    snapshot::SnapshotId,
    step::{Step, TakeSnapshot},
};

/// The tool.
#[derive(Debug)]
pub(super) struct SnapshotDb;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// take them, list what exists, or estimate size and duration.
    #[serde(default)]
    mode: Mode,
    /// The databases, from list_services section=resources; list and estimate: default all.
    #[serde(default)]
    #[schemars(length(max = 50))]
    databases: Vec<DatabaseName>,
    /// list: the newest of each database.
    #[serde(default)]
    limit: OfEach,
    /// Seconds to wait for the result.
    #[serde(default)]
    wait_s: WaitSeconds,
}

/// What to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Mode {
    /// Take and verify.
    #[default]
    Take,
    /// Show the catalogue.
    List,
    /// Show what taking them would cost.
    Estimate,
}

/// The result: an operation for `take`, a catalogue for `list`, estimates for `estimate`.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Where the operation stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    operation: Option<Operation>,
    /// Its plan.
    #[serde(skip_serializing_if = "Option::is_none")]
    plan: Option<PlanView>,
    /// What it proved.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    evidence: Vec<EvidenceView>,
    /// The newest snapshots of each database.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    snapshots: Vec<Kept>,
    /// Older ones that are not shown; limit shows more.
    #[serde(skip_serializing_if = "Option::is_none")]
    older: Option<usize>,
    /// Databases without any snapshot.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    without: Vec<DatabaseName>,
    /// What taking them would cost.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    estimates: Vec<Estimate>,
}

/// A snapshot of a database.
#[derive(Debug, Serialize, JsonSchema)]
struct Kept {
    database: DatabaseName,
    #[serde(flatten)]
    snapshot: SnapshotView,
}

/// What a snapshot would cost.
#[derive(Debug, Serialize, JsonSchema)]
struct Estimate {
    database: DatabaseName,
    #[serde(flatten)]
    sizes: SizesView,
}

impl Describe for SnapshotDb {
    const NAME: &'static str = "snapshot_db";
    const TITLE: &'static str = "Snapshot databases";
    const DESCRIPTION: &'static str = "Takes a snapshot of each database and proves it by restoring it into a scratch database and \
        comparing schema, rows and contents. Only adds; deletes nothing. mode=list shows the newest snapshots of all databases, \
        mode=estimate table sizes and the expected duration.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Change;
    const IDEMPOTENT: bool = false;
    type Arguments = Arguments;
    type Output = Output;
}

impl Action for SnapshotDb {
    fn wish(arguments: &Arguments) -> Result<Wish, Refusal> {
        if arguments.mode != Mode::Take {
            return Ok(Wish::Look);
        }
        if arguments.databases.is_empty() || arguments.databases.len() > 50 {
            return Err(Refusal::new(
                Code::BadArgument,
                "databases needs 1 to 50 names.",
                "Call list_services section=resources to see them.",
            ));
        }
        Ok(Wish::Start { wait_s: arguments.wait_s.get() })
    }

    fn subject(arguments: &Arguments, inventory: &Inventory) -> Result<Subject, Refusal> {
        for name in &arguments.databases {
            inventory.database(name)?;
        }
        Ok(Subject {
            purpose: Purpose::Snapshot,
            service: None,
            environment: environment_of(&arguments.databases, inventory)?,
            version: None,
        })
    }

    async fn draft(arguments: Arguments, context: Context<'_>) -> Result<Proposal, Refusal> {
        let subject = Self::subject(&arguments, context.reader.inventory())?;
        let now = context.reader.now();
        let mut names = arguments.databases;
        names.sort();
        names.dedup();
        let facts = gather(context, &names).await?;
        let steps: Vec<Step> = names
            .iter()
            .map(|database| {
                let snapshot = SnapshotId::new(database, now, super::random());
                Step::TakeSnapshot(TakeSnapshot { database: database.clone(), snapshot })
            })
            .collect();
        let requirements = names
            .iter()
            .map(|database| Requirement { kind: EvidenceKind::Snapshot, subject: database.to_string() })
            .collect();
        let draft = Draft {
            purpose: Purpose::Snapshot,
            service: None,
            environment: subject.environment,
            revision: None,
            facts,
            requirements,
            steps,
            rollback: None,
            warnings: Vec::new(),
        };
        Ok(Proposal { draft, evidence: Vec::new(), untrusted_text: None })
    }

    async fn look(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        let inventory = context.reader.inventory();
        super::bounds::at_most("databases", arguments.databases.len(), 50)?;
        let names: Vec<DatabaseName> = if arguments.databases.is_empty() {
            inventory.databases.keys().cloned().collect()
        } else {
            arguments.databases
        };
        for name in &names {
            inventory.database(name)?;
        }
        match arguments.mode {
            Mode::List => list(context, &names, arguments.limit.get() as usize).await,
            Mode::Estimate | Mode::Take => estimate(context, &names).await,
        }
    }

    async fn facts(plan: &PlanBody, context: Context<'_>) -> Result<Facts, Refusal> {
        let names: Vec<DatabaseName> = plan
            .steps
            .iter()
            .filter_map(|step| match step {
                Step::TakeSnapshot(take) => Some(take.database.clone()),
                _ => None,
            })
            .collect();
        gather(context, &names).await
    }
}

/// The greatest limit.
const MOST: usize = 100;
/// The tables that are shown of each database.
const TABLES: usize = 10;

async fn list(context: Context<'_>, names: &[DatabaseName], limit: usize) -> Result<Answer<Output>, Refusal> {
    let mut output = Output::default();
    let now = context.reader.now();
    let (mut older, mut most, mut of) = (0, 0, Vec::new());
    for name in names {
        let known = context.records.snapshots(name).await?;
        if known.is_empty() {
            output.without.push(name.clone());
        }
        if known.len() > limit {
            older += known.len() - limit;
            most = most.max(known.len());
            of.push(name);
        }
        output.snapshots.extend(
            known
                .into_iter()
                .take(limit)
                .map(|manifest| Kept { database: name.clone(), snapshot: SnapshotView::of(&manifest, now) }),
        );
    }
    let mut status = format!("{} of {} databases have a snapshot.", names.len() - output.without.len(), names.len());
    let mut next = Vec::new();
    if older > 0 {
        output.older = Some(older);
        status += &format!(" Shown are the newest {limit} of each; not shown: {older} (raise limit).");
        let arguments = serde_json::json!({ "mode": "list", "databases": of, "limit": most.min(MOST) });
        next.push(NextCall::new("snapshot_db", arguments, "see the older ones"));
    }
    if !output.without.is_empty() {
        let arguments = serde_json::json!({ "databases": output.without });
        next.push(NextCall::new("snapshot_db", arguments, "snapshot those that have none"));
    }
    Ok(Answer { status, output, next })
}

async fn estimate(context: Context<'_>, names: &[DatabaseName]) -> Result<Answer<Output>, Refusal> {
    let mut output = Output::default();
    let inventory = context.reader.inventory();
    let looks = names.iter().map(async |name| sizes::look(context, inventory.database(name)?, TABLES).await);
    for (name, seen) in names.iter().zip(futures::future::join_all(looks).await) {
        output.estimates.push(Estimate { database: name.clone(), sizes: seen?.facts });
    }
    let total: u64 = output.estimates.iter().map(|estimate| estimate.sizes.snapshot_ms).sum();
    let status = format!("Snapshots of {} databases would take about {} s.", names.len(), total.div_ceil(1000));
    let next = vec![NextCall::new("snapshot_db", serde_json::json!({ "databases": names }), "take them")];
    Ok(Answer { status, output, next })
}

/// Which databases these really are.
async fn gather(context: Context<'_>, names: &[DatabaseName]) -> Result<Facts, Refusal> {
    let looks = names.iter().map(async |name| context.reader.database_identity(name).await);
    let mut facts = Facts::default();
    for (name, found) in names.iter().zip(futures::future::join_all(looks).await) {
        if let Some(key) = context.reader.tunnel_host_key(name).await? {
            facts.set(format!("database {name} host key"), key);
        }
        facts.set(format!("database {name} identity"), found?.identity);
    }
    Ok(facts)
}

/// The environment whose services use the first of the databases; any one when none does.
fn environment_of(databases: &[DatabaseName], inventory: &Inventory) -> Result<EnvironmentName, Refusal> {
    let uses = |database: &DatabaseName| {
        inventory.services.values().find_map(|service| {
            service.targets.iter().find(|(_, target)| target.databases.contains(database)).map(|(name, _)| name.clone())
        })
    };
    databases.iter().find_map(uses).or_else(|| inventory.environments.keys().next().cloned()).ok_or_else(|| {
        Refusal::new(
            Code::UnknownName,
            "The inventory has no environment.",
            "The operator adds one to the configuration.",
        )
    })
}
