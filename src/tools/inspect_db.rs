//! `inspect_db`: connection, sizes, migrations, schema, activity and snapshots of databases.

use std::time::{Duration, Instant};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Describe, Query, Toolset,
    bounds::{Limit, at_most},
    inspecting::{
        Seen,
        activity::{self, ActivityView},
        connection::{self, ConnectionView},
        migrations::{self, MigrationsView},
        schema::{self, SchemaView},
        sizes::{self, SizesView},
        snapshots::{self, SnapshotsView},
    },
};
use crate::domain::{
    effect::Effect,
    evidence::Outcome,
    inventory::Database,
    name::DatabaseName,
    refusal::{NextCall, Refusal},
    version::Version,
};

/// How long one database may take. All are asked at once, so that no call takes longer.
const PER_DATABASE: Duration = Duration::from_secs(25);
/// How many entries the lists of all databases hold together; each shows at least [`AT_LEAST`].
const ENTRIES: usize = 60;
const AT_LEAST: usize = 3;

/// The tool.
#[derive(Debug)]
pub(super) struct InspectDb;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The databases, from list_services section=resources; default all.
    #[serde(default)]
    #[schemars(length(max = 50))]
    databases: Vec<DatabaseName>,
    /// What to look at.
    #[serde(default)]
    section: Section,
    /// migrations: the git tag or commit whose files are compared; default the live version.
    #[serde(default)]
    version: Option<Version>,
    /// Entries per list; fewer when many databases are asked for.
    #[serde(default)]
    limit: Limit,
}

/// What to look at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Section {
    /// Whether it answers.
    #[default]
    Connection,
    /// Tables and the duration of a snapshot.
    Sizes,
    /// Head, history, pending, half applied.
    Migrations,
    /// Fingerprint and drift.
    Schema,
    /// Slow statements, long transactions, connections, locks.
    Queries,
    /// The last verified snapshot.
    Snapshots,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// What was looked at.
    section: Section,
    /// `PASS` only when every database is as it should be.
    outcome: Outcome,
    /// For all of them, ms: about as long as the slowest one took.
    duration_ms: u64,
    /// One entry per database, in the order in which they were asked for.
    databases: Vec<DatabaseView>,
}

/// What was found about a database.
#[derive(Debug, Serialize, JsonSchema)]
struct DatabaseView {
    database: DatabaseName,
    /// `FAIL`: not as it should be; `INCONCLUSIVE`: it cannot be told.
    outcome: Outcome,
    /// In one sentence.
    found: String,
    duration_ms: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    connection: Option<ConnectionView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    sizes: Option<SizesView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    migrations: Option<MigrationsView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    schema: Option<SchemaView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    queries: Option<ActivityView>,
    #[serde(skip_serializing_if = "Option::is_none")]
    snapshots: Option<SnapshotsView>,
}

impl Describe for InspectDb {
    const NAME: &'static str = "inspect_db";
    const TITLE: &'static str = "Inspect databases";
    const DESCRIPTION: &'static str = "Looks into databases, all at once: tests the connection, or shows table sizes with the expected \
        backup duration, migrations (Alembic, Prisma, Drush, …: head, history, pending, half applied), schema drift, slow queries \
        and locks, or the last verified snapshot. A dead database hides no other. Runs no SQL of the caller; changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for InspectDb {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        at_most("databases", arguments.databases.len(), 50)?;
        let inventory = context.reader.inventory();
        let mut databases: Vec<&Database> = Vec::new();
        for name in &arguments.databases {
            let database = inventory.database(name)?;
            if !databases.iter().any(|known| known.name == database.name) {
                databases.push(database);
            }
        }
        if arguments.databases.is_empty() {
            databases = inventory.databases.values().collect();
        }
        let shown = (ENTRIES / databases.len().max(1)).max(AT_LEAST).min(arguments.limit.get() as usize);
        let begun = Instant::now();
        let looks = databases.iter().map(|database| one(context, database, &arguments, shown));
        let views = futures::future::join_all(looks).await;
        let outcome = worst(&views);
        let output = Output { section: arguments.section, outcome, duration_ms: millis(begun), databases: views };
        Ok(Answer { status: status(&output), next: next(&output), output })
    }
}

/// One database. Whatever happens to it is said in its view.
async fn one(context: Context<'_>, database: &Database, arguments: &Arguments, shown: usize) -> DatabaseView {
    let begun = Instant::now();
    let mut view = DatabaseView {
        database: database.name.clone(),
        outcome: Outcome::Fail,
        found: String::new(),
        duration_ms: 0,
        connection: None,
        sizes: None,
        migrations: None,
        schema: None,
        queries: None,
        snapshots: None,
    };
    let looked = tokio::time::timeout(PER_DATABASE, look(context, database, arguments, shown, &mut view)).await;
    let name = &database.name;
    match looked {
        Ok(Ok(())) => {}
        Ok(Err(refusal)) if arguments.section == Section::Connection => {
            view.found = format!("DB connection failed to {name} ✗: {} {}", refusal.message, refusal.fix);
        }
        Ok(Err(refusal)) => view.found = format!("{name}: {} {}", refusal.message, refusal.fix),
        Err(_) => view.found = format!("{name} ✗ gave no answer within {} s.", PER_DATABASE.as_secs()),
    }
    view.duration_ms = millis(begun);
    view
}

async fn look(
    context: Context<'_>,
    database: &Database,
    arguments: &Arguments,
    shown: usize,
    view: &mut DatabaseView,
) -> Result<(), Refusal> {
    match arguments.section {
        Section::Connection => view.connection = Some(told(connection::look(context, database).await?, view)),
        Section::Sizes => view.sizes = Some(told(sizes::look(context, database, shown).await?, view)),
        Section::Migrations => {
            let seen = migrations::look(context, database, arguments.version.as_ref(), shown).await?;
            view.migrations = told(seen, view);
        }
        Section::Schema => view.schema = Some(told(schema::look(context, database, shown).await?, view)),
        Section::Queries => view.queries = Some(told(activity::look(context, database, shown).await?, view)),
        Section::Snapshots => view.snapshots = Some(told(snapshots::look(context, database).await?, view)),
    }
    Ok(())
}

/// Takes outcome and sentence over, and gives the facts.
fn told<T>(seen: Seen<T>, view: &mut DatabaseView) -> T {
    view.outcome = seen.outcome;
    view.found = seen.found;
    seen.facts
}

fn worst(views: &[DatabaseView]) -> Outcome {
    if views.iter().any(|view| view.outcome == Outcome::Fail) {
        Outcome::Fail
    } else if views.is_empty() || views.iter().any(|view| view.outcome == Outcome::Inconclusive) {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

fn status(output: &Output) -> String {
    let outcome = match output.outcome {
        Outcome::Pass => "PASS",
        Outcome::Fail => "FAIL",
        Outcome::Inconclusive => "INCONCLUSIVE",
    };
    if let [only] = output.databases.as_slice() {
        return format!("{outcome}: {}", only.found);
    }
    let good = output.databases.iter().filter(|view| view.outcome == Outcome::Pass).count();
    let bad: Vec<&str> = output
        .databases
        .iter()
        .filter(|view| view.outcome != Outcome::Pass)
        .map(|view| view.database.as_str())
        .take(10)
        .collect();
    let what = match output.section {
        Section::Connection => "DB connections successful",
        Section::Sizes => "databases measured",
        Section::Migrations => "databases in order with their migrations",
        Section::Schema => "schemas as they were left",
        Section::Queries => "database servers at ease",
        Section::Snapshots => "databases with a current verified snapshot",
    };
    let look = if bad.is_empty() { " ✓".to_owned() } else { format!("; look at {}", bad.join(", ")) };
    format!("{outcome}: {good} of {} {what}{look}", output.databases.len())
}

fn next(output: &Output) -> Vec<NextCall> {
    let bad: Vec<&DatabaseName> =
        output.databases.iter().filter(|view| view.outcome != Outcome::Pass).map(|view| &view.database).collect();
    match output.section {
        Section::Snapshots if !bad.is_empty() => {
            let arguments = serde_json::json!({ "databases": bad.iter().take(50).collect::<Vec<_>>() });
            vec![NextCall::new("snapshot_db", arguments, "snapshot those that have no current one")]
        }
        Section::Schema if !bad.is_empty() => {
            let arguments = serde_json::json!({ "section": "migrations", "databases": bad });
            vec![NextCall::new(InspectDb::NAME, arguments, "see which migrations were applied")]
        }
        _ => Vec::new(),
    }
}

fn millis(begun: Instant) -> u64 {
    u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX)
}
