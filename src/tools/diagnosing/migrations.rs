//! Migrations that stopped half way, or that the live version has and its databases have not.

use super::{Context, Finding, Look, Looked, Next, Part, Patient, Sure, advice, count};
use crate::{
    domain::{
        inventory::Database,
        refusal::{Code, Refusal},
    },
    tools::inspecting::name,
    world::migrations::Standing,
};

/// How many migrations are named.
const NAMED: usize = 5;

pub(super) async fn look(context: Context<'_>, patient: &Patient<'_>) -> Look {
    let mut looked = Looked::default();
    let (mut databases, mut judged) = (0, 0);
    for database in &patient.target.databases {
        let database = context.reader.inventory().database(database)?;
        if database.migrations.is_some() {
            databases += 1;
            if let Some(findings) = of_database(context, patient, database).await? {
                judged += 1;
                looked.findings.extend(findings);
            }
        }
    }
    if judged < databases && looked.findings.is_empty() {
        let not = databases - judged;
        return Err(Refusal::new(
            Code::WorldFailed,
            format!(
                "the migrations of {not} of {databases} databases could not be compared with those of what is live"
            ),
            "Call inspect_db section=migrations; it says what is missing.",
        ));
    }
    looked.at = format!("migrations of {}", count(databases, "database"));
    Ok((databases > 0).then_some(looked))
}

/// What is wrong with the migrations of a database; `None` when it cannot be told.
async fn of_database(
    context: Context<'_>,
    patient: &Patient<'_>,
    database: &Database,
) -> Result<Option<Vec<Finding>>, Refusal> {
    let Some(tool) = database.migrations else { return Ok(None) };
    // A database that does not answer is told by another check.
    let Ok(Some(applied)) = context.reader.migrations(&database.name).await else { return Ok(None) };
    let of = &database.name;
    let mut findings = Vec::new();
    if !applied.unfinished.is_empty() {
        let seen = format!(
            "Database {of} is half migrated: {} began and did not end.",
            count(applied.unfinished.len(), "migration")
        );
        let fix = advice::half_applied(tool, &database.engine);
        findings.push(
            Finding::new(Part::Cause, Sure::Certain, seen, fix)
                .next(Next::Databases("migrations"))
                .quoting(listed(applied.unfinished.iter())),
        );
    }
    let undecided = |findings: Vec<Finding>| (!findings.is_empty()).then_some(findings);
    let Some(live) = &patient.live else { return Ok(undecided(findings)) };
    let files = context.reader.migration_files(patient.service, &live.commit, tool).await?;
    let standing = Standing::of(tool, &applied, files);
    if !standing.known {
        return Ok(undecided(findings));
    }
    if !standing.pending.is_empty() && applied.unfinished.is_empty() {
        let pending = count(standing.pending.len(), "migration");
        let seen = format!("Database {of} lacks {pending} that the live version {} has.", live.version);
        findings.push(
            Finding::new(Part::Cause, Sure::Likely, seen, "See why they did not run, and deploy the version again.")
                .next(Next::Databases("migrations"))
                .quoting(listed(standing.pending.iter().map(|file| &file.id))),
        );
    }
    if !standing.missing.is_empty() {
        let missing = count(standing.missing.len(), "migration");
        let seen = format!("Database {of} has {missing} that the live version {} does not know.", live.version);
        findings.push(
            Finding::new(
                Part::Cause,
                Sure::Possible,
                seen,
                "After a rollback that is expected; else deploy the newer version.",
            )
            .next(Next::Databases("migrations"))
            .quoting(listed(standing.missing.iter())),
        );
    }
    Ok(Some(findings))
}

fn listed<'a>(ids: impl Iterator<Item = &'a String>) -> String {
    ids.take(NAMED).map(|id| name(id)).collect::<Vec<_>>().join("\n")
}
