//! What a plan says about the migrations of its databases.

use super::super::{Context, inspecting::name};
use crate::{
    domain::{
        inventory::{Database, Engine, MigrationTool, Service, Target},
        refusal::Refusal,
        version::Revision,
    },
    world::{
        database::Migrations,
        migrations::{Standing, lint},
    },
};

/// How many dangers of a database are told one by one.
const TOLD: usize = 20;
/// How many names stand in a sentence.
const NAMED: usize = 5;

/// What the approver of a deployment should know of the migrations that it would apply.
pub(in crate::tools) async fn of_deployment(
    context: Context<'_>,
    service: &Service,
    target: &Target,
    revision: &Revision,
) -> Result<Vec<String>, Refusal> {
    let mut told = Vec::new();
    for (database, tool, applied, standing) in all(context, service, target, revision).await? {
        if !standing.pending.is_empty() {
            let ids = listed(standing.pending.iter().map(|file| file.id.as_str()));
            let count = standing.pending.len();
            told.push(format!("Database {}: {count} migrations are pending: {ids}.", database.name));
        }
        told.extend(warnings(database, tool, &applied, &standing));
    }
    Ok(told)
}

/// What the approver of a rollback that keeps the databases should know: which migrations the old version does not know.
pub(in crate::tools) async fn of_rollback(
    context: Context<'_>,
    service: &Service,
    target: &Target,
    revision: &Revision,
) -> Result<Vec<String>, Refusal> {
    let found = all(context, service, target, revision).await?;
    Ok(found.iter().filter_map(|(database, _, _, standing)| ahead(database, standing)).collect())
}

type Found<'i> = (&'i Database, MigrationTool, Migrations, Standing);

async fn all<'i>(
    context: Context<'i>,
    service: &Service,
    target: &Target,
    revision: &Revision,
) -> Result<Vec<Found<'i>>, Refusal> {
    let reader = context.reader;
    let mut found = Vec::new();
    for name in &target.databases {
        let database = context.reader.inventory().database(name)?;
        let (Some(tool), Some(applied)) = (database.migrations, reader.migrations(name).await?) else { continue };
        let files = reader.migration_files(service, &revision.commit, tool).await?;
        let standing = Standing::of(tool, &applied, files);
        found.push((database, tool, applied, standing));
    }
    Ok(found)
}

/// What a human should know before the pending migrations of a database run.
pub(in crate::tools) fn warnings(
    database: &Database,
    tool: MigrationTool,
    applied: &Migrations,
    standing: &Standing,
) -> Vec<String> {
    let of = &database.name;
    let mut told = Vec::new();
    if !applied.unfinished.is_empty() {
        let ids = listed(applied.unfinished.iter().map(String::as_str));
        told.push(format!("Database {of} is HALF MIGRATED: {ids} began and did not end. {}", repair(tool)));
    }
    if !standing.heads.is_empty() {
        let heads = listed(standing.heads.iter().map(String::as_str));
        told.push(format!(
            "Database {of}: the revisions have several heads ({heads}); `alembic upgrade head` refuses. Merge them."
        ));
    }
    for path in standing.edited.iter().take(NAMED) {
        told.push(format!("Database {of}: {} was changed after it was applied. Restore the file.", name(path)));
    }
    told.extend(ahead(database, standing));
    let dialect = lint::Dialect::from(&database.engine);
    let dangers: Vec<String> = standing
        .pending
        .iter()
        .flat_map(|file| {
            let dangers = lint::dangers(tool, dialect, file).into_iter();
            dangers.map(|danger| format!("Database {of}, {}:{}: {}.", name(&file.path), danger.line, danger.what))
        })
        .collect();
    let more = dangers.len().saturating_sub(TOLD);
    told.extend(dangers.into_iter().take(TOLD));
    if more > 0 {
        told.push(format!("Database {of}: {more} more destructive or locking statements."));
    }
    if matches!(database.engine, Engine::Mariadb(_)) && !standing.pending.is_empty() {
        told.push(format!(
            "Database {of}: MariaDB takes no DDL back, so a migration that fails stays half applied. The way back is the restore \
             of the snapshot, not a downgrade."
        ));
    }
    told
}

fn ahead(database: &Database, standing: &Standing) -> Option<String> {
    let ids = listed(standing.missing.iter().map(String::as_str));
    (!standing.missing.is_empty()).then(|| {
        format!("Database {} is ahead of this version: it does not hold the applied migrations {ids}.", database.name)
    })
}

/// What the tool wants to be done about a migration that failed.
fn repair(tool: MigrationTool) -> &'static str {
    match tool {
        MigrationTool::Prisma => {
            "`prisma migrate deploy` refuses with P3009 until a human has run `prisma migrate resolve`."
        }
        MigrationTool::Flyway => "`flyway migrate` refuses until a human has cleaned up and run `flyway repair`.",
        _ => "A human has to repair it, or restore the snapshot from before it.",
    }
}

/// The tool as it calls itself.
pub(in crate::tools) fn label(tool: MigrationTool) -> &'static str {
    match tool {
        MigrationTool::Alembic => "Alembic",
        MigrationTool::Prisma => "Prisma",
        MigrationTool::Drush => "Drush",
        MigrationTool::Django => "Django",
        MigrationTool::Laravel => "Laravel",
        MigrationTool::Flyway => "Flyway",
        MigrationTool::Rails => "Rails",
        MigrationTool::Sqlx => "sqlx",
    }
}

/// The first names, and how many more there are.
fn listed<'a>(names: impl Iterator<Item = &'a str>) -> String {
    let names: Vec<String> = names.map(name).collect();
    let more = names.len().saturating_sub(NAMED);
    let shown = names.get(..names.len().min(NAMED)).unwrap_or_default().join(", ");
    if more == 0 { shown } else { format!("{shown} and {more} more") }
}
