//! Where the migrations of a database stand, beside those of a version of its service.

use schemars::JsonSchema;
use serde::Serialize;

use super::{super::Context, Seen, first, name, users};
use crate::{
    domain::{
        evidence::Outcome,
        inventory::{Database, MigrationTool, Service},
        refusal::{Code, Refusal},
        version::Version,
    },
    tools::drafting::{migrations as outlook, way_back},
    world::{database::Migrations, migrations::Standing},
};

/// Where migrations stand.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct MigrationsView {
    /// The tool that keeps them.
    tool: MigrationTool,
    /// The newest applied one; several heads are joined by `,`.
    #[serde(skip_serializing_if = "Option::is_none")]
    head: Option<String>,
    /// How many entries the tool's table has; Alembic's has its heads alone.
    applied: usize,
    /// The last applied ones, newest first.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    last: Vec<AppliedView>,
    /// Began and did not end, or failed: the database is half migrated.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    unfinished: Vec<String>,
    /// The version whose files were looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    compared_with: Option<String>,
    /// Files of that version that are not applied, in the order in which they would be.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pending: Vec<String>,
    /// What else a human should know: destructive or locking statements, edited files, several heads.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    warnings: Vec<String>,
    /// Entries of these lists that are not shown.
    left_out: usize,
}

/// A migration that was applied.
#[derive(Debug, Serialize, JsonSchema)]
struct AppliedView {
    id: String,
    /// When, as the tool wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    applied_at: Option<String>,
}

pub(in crate::tools) async fn look(
    context: Context<'_>,
    database: &Database,
    version: Option<&Version>,
    limit: usize,
) -> Result<Seen<Option<MigrationsView>>, Refusal> {
    let (Some(tool), Some(applied)) = (database.migrations, context.reader.migrations(&database.name).await?) else {
        return Ok(Seen {
            outcome: Outcome::Inconclusive,
            found: format!("{}: the inventory names no migration tool for it", database.name),
            facts: None,
        });
    };
    let at = place(context, database, version).await?;
    let standing = match &at {
        Some(place) => {
            let files = context.reader.migration_files(place.service, &place.commit, tool).await?;
            Standing::of(tool, &applied, files)
        }
        None => Standing::default(),
    };
    let compared_with = at.map(|place| place.called).filter(|_| standing.known);
    let outcome = if !applied.unfinished.is_empty() || !standing.edited.is_empty() {
        Outcome::Fail
    } else if compared_with.is_none() {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    };
    let found = sentence(database, tool, &applied, &standing, compared_with.as_deref());
    let warnings = outlook::warnings(database, tool, &applied, &standing);
    Ok(Seen { outcome, found, facts: Some(view(tool, applied, standing, warnings, compared_with, limit)) })
}

/// A version of a service that uses the database.
struct Place<'i> {
    service: &'i Service,
    commit: String,
    /// In words.
    called: String,
}

/// The named version, else the live one, else what the repository has checked out; of the first service that has it.
async fn place<'i>(
    context: Context<'i>,
    database: &Database,
    version: Option<&Version>,
) -> Result<Option<Place<'i>>, Refusal> {
    let users = users(context.reader.inventory(), database);
    let mut refused = None;
    for (service, environment, _) in &users {
        let (service, called) = (*service, |version: &str| format!("{} {version}", service.name));
        if let Some(version) = version {
            match context.reader.resolve_version(service, version).await {
                Ok(found) => {
                    return Ok(Some(Place { service, commit: found.commit, called: called(version.as_str()) }));
                }
                Err(error) => refused = Some(Refusal::from(error)),
            }
        } else if let Some(live) = way_back::live(context, service, environment).await? {
            let called = format!("{} (live)", called(live.version.as_str()));
            return Ok(Some(Place { service, commit: live.commit, called }));
        }
    }
    match (version, refused, users.first()) {
        (Some(_), Some(refusal), _) => Err(refusal),
        (Some(_), None, _) => Err(Refusal::new(
            Code::UnknownVersion,
            format!("No service uses database {}, so it has no versions.", database.name),
            "Leave out version.",
        )),
        (None, _, Some((service, ..))) => {
            let Ok(head) = context.reader.head(service).await else { return Ok(None) };
            let called = format!("{} at its repository's HEAD (nothing is live)", service.name);
            Ok(Some(Place { service, commit: head.commit, called }))
        }
        (None, _, None) => Ok(None),
    }
}

fn sentence(
    database: &Database,
    tool: MigrationTool,
    applied: &Migrations,
    standing: &Standing,
    compared_with: Option<&str>,
) -> String {
    let head = applied.head.as_deref().map_or_else(|| "none".to_owned(), name);
    let mut text = format!("{} is at migration {head} ({})", database.name, outlook::label(tool));
    if !applied.unfinished.is_empty() {
        text += &format!(", HALF MIGRATED: {} began and did not end", applied.unfinished.len());
    }
    text + &match compared_with {
        Some(version) if standing.pending.is_empty() => format!(", nothing is pending in {version}"),
        Some(version) => format!(", {} pending in {version}", standing.pending.len()),
        None => ", its migration files are not known".to_owned(),
    }
}

fn view(
    tool: MigrationTool,
    applied: Migrations,
    standing: Standing,
    warnings: Vec<String>,
    compared_with: Option<String>,
    limit: usize,
) -> MigrationsView {
    let count = applied.applied.len();
    let newest = applied.applied.into_iter().rev();
    let newest = newest.map(|m| AppliedView { id: name(&m.id), applied_at: m.applied_at }).collect();
    let pending = standing.pending.iter().map(|file| name(&file.id)).collect();
    let unfinished = applied.unfinished.iter().map(|id| name(id)).collect();
    let (last, older) = first(newest, limit);
    let (pending, more_pending) = first(pending, limit);
    let (unfinished, more_unfinished) = first(unfinished, limit);
    let (warnings, more_warnings) = first(warnings, limit);
    MigrationsView {
        tool,
        head: applied.head.as_deref().map(name),
        applied: count,
        last,
        unfinished,
        compared_with,
        pending,
        warnings,
        left_out: older + more_pending + more_unfinished + more_warnings,
    }
}
