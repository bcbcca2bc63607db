//! Run a script detached, at most once, and see what it did to the migrations.

use std::{collections::BTreeMap, path::Path};

use super::{Context, Done, Failure, Probe, evidence, failed};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        inventory::{MigrationTool, OnCancel, Target},
        name::DatabaseName,
        operation::Phase,
        release::ReleaseId,
        step::{RunScript, ScriptCall, ScriptRole},
    },
    world::{
        WorldError,
        database::Migrations,
        detached::{ScriptResult, ScriptState, Site},
        migrations::Standing,
        process::Ending,
    },
};

/// How much of the output a report shows, bytes.
const SHOWN: u64 = 16 * 1024;
/// How long the observation of migrations counts, s.
const VALID: i64 = 60 * 60;

pub(super) async fn run(step: &RunScript, context: &Context<'_>) -> Result<Done, Failure> {
    note_migrations(context).await?;
    execute(&step.call, step.in_release.as_ref(), Phase::Do, context).await
}

pub(super) async fn probe(step: &RunScript, context: &Context<'_>) -> Probe {
    probed(&step.call, Phase::Do, context).await
}

pub(super) async fn undo(step: &RunScript, context: &Context<'_>) -> Result<Done, Failure> {
    match context.world.reader().run_state(&site(&step.call, Phase::Do, context)).await {
        ScriptState::NotStarted => return Ok(Done::new(format!("{} never ran.", step.call.path))),
        ScriptState::Running | ScriptState::Lost { script_runs: true } => {
            return Err(failed(format!("{} still runs: it must end before it can be taken back.", step.call.path)));
        }
        ScriptState::Unseen { why, .. } => {
            return Err(failed(format!("Whether {} still runs cannot be told: {why}.", step.call.path)));
        }
        ScriptState::Exited(_) | ScriptState::Lost { script_runs: false } => {}
    }
    match &step.undo {
        Some(call) => execute(call, None, Phase::Undo, context).await,
        None if step.role == ScriptRole::Migrate => {
            Ok(Done::new("The migrations stay: the plan keeps the databases as they are."))
        }
        None => Err(failed(format!("Nothing takes {} back: the service has no rollback script.", step.call.path))),
    }
}

pub(super) async fn probe_undo(step: &RunScript, context: &Context<'_>) -> Probe {
    match &step.undo {
        Some(call) => probed(call, Phase::Undo, context).await,
        None => Probe::NotStarted,
    }
}

async fn execute(
    call: &ScriptCall,
    in_release: Option<&ReleaseId>,
    phase: Phase,
    context: &Context<'_>,
) -> Result<Done, Failure> {
    let site = site(call, phase, context);
    let mut state = attend(call, &site, phase, context).await?;
    if state == ScriptState::NotStarted {
        let (service, target) = context.target()?;
        let tag = context.tag(phase);
        let run = context.world.prepare_script(context.permit, service, target, call, in_release, &tag).await?;
        if phase == Phase::Do && context.cancelled.is_cancelled() {
            return Err(Failure::Cancelled(Done::new(format!("{} was not started.", call.path))));
        }
        (context.progress)(format!("running {}", call.path));
        let started = context.world.start_run(context.permit, &site, &run).await;
        // After a failure it cannot be excluded that it has begun.
        state = attend(call, &site, phase, context).await?;
        if let (Err(error), ScriptState::NotStarted) = (started, &state) {
            return Err(error.into());
        }
    }
    match state {
        ScriptState::Exited(result) => {
            let done = ended(call, &result, &site.directory, context).await;
            match result.ending {
                Ending::Cancelled => Err(Failure::Cancelled(done)),
                ending if ending.is_success() => Ok(done),
                _ => Err(Failure::Failed(done)),
            }
        }
        ScriptState::Unseen { why, begun: false } => Err(failed(format!("{} was not started: {why}.", call.path))),
        other => Err(Failure::Unknown(lost(call, &other, &site.directory, context))),
    }
}

/// Waits for the end of a run. One that may be ended is, as soon as the operation is cancelled; a way back is gone to its end.
async fn attend(call: &ScriptCall, site: &Site, phase: Phase, context: &Context<'_>) -> Result<ScriptState, Failure> {
    let line = |line| (context.progress)(line);
    let reader = context.world.reader();
    let waiting = reader.wait_for_run(site, &line);
    if phase == Phase::Undo || call.on_cancel == OnCancel::Wait {
        return Ok(waiting.await);
    }
    tokio::pin!(waiting);
    let ending = async {
        context.cancelled.cancelled().await;
        (context.progress)(format!("the operation is cancelled: telling {} to end", call.path));
        context.world.end_run(context.permit, site).await
    };
    tokio::select! {
        state = &mut waiting => Ok(state),
        ended = ending => match ended {
            Ok(()) => Ok(waiting.await),
            Err(error) => Err(Failure::Unknown(survives(call, &error, &site.directory, context))),
        },
    }
}

async fn probed(call: &ScriptCall, phase: Phase, context: &Context<'_>) -> Probe {
    let site = site(call, phase, context);
    match context.world.reader().run_state(&site).await {
        ScriptState::NotStarted => Probe::NotStarted,
        ScriptState::Running => Probe::Running,
        ScriptState::Exited(result) => {
            let done = ended(call, &result, &site.directory, context).await;
            match result.ending {
                Ending::Cancelled => Probe::Cancelled(done),
                ending if ending.is_success() => Probe::Done(done),
                _ => Probe::Failed(done),
            }
        }
        other => Probe::Unknown(lost(call, &other, &site.directory, context)),
    }
}

fn site(call: &ScriptCall, phase: Phase, context: &Context<'_>) -> Site {
    Site::of(call, context.directory(phase))
}

async fn ended(call: &ScriptCall, result: &ScriptResult, at: &Path, context: &Context<'_>) -> Done {
    let seconds = result.duration_ms / 1000;
    let summary = match result.ending {
        Ending::Cancelled => format!("{} was ended after {seconds} s, with all its processes.", call.path),
        ending => format!("{} ended by {} after {seconds} s.", call.path, ending.describe()),
    };
    let mut evidence = Vec::new();
    if let Ok((_, target)) = context.target() {
        for database in migrations(target, context).await {
            evidence.push(database);
        }
    }
    Done { summary, evidence, untrusted_text: output(at, context) }
}

fn lost(call: &ScriptCall, state: &ScriptState, at: &Path, context: &Context<'_>) -> Done {
    let why = match state {
        ScriptState::Lost { script_runs: true } => {
            "its runner is gone and left no result. Its process still runs, unwatched".to_owned()
        }
        ScriptState::Unseen { why, .. } => why.clone(),
        _ => "its runner is gone and left no result".to_owned(),
    };
    let summary = format!("What {} did cannot be told: {why}.", call.path);
    Done { summary, evidence: Vec::new(), untrusted_text: output(at, context) }
}

/// A script that was told to end, and perhaps did not.
fn survives(call: &ScriptCall, error: &WorldError, at: &Path, context: &Context<'_>) -> Done {
    tracing::warn!(error = error as &dyn std::error::Error, "a script was not ended");
    let summary = format!(
        "{} was told to end and may still run: cannot {}: {}. {}",
        call.path, error.doing, error.problem, error.fix
    );
    Done { summary, evidence: Vec::new(), untrusted_text: output(at, context) }
}

fn output(at: &Path, context: &Context<'_>) -> Option<String> {
    context.world.reader().script_log_end(at, SHOWN).ok().filter(|text| !text.is_empty())
}

/// Where the migrations of each database stood before: the head, and the ids of what was applied.
type Noted = BTreeMap<String, (Option<String>, Vec<String>)>;

/// Writes down where the migrations stand, once, before anything runs: after a crash they cannot be asked any more.
async fn note_migrations(context: &Context<'_>) -> Result<(), Failure> {
    let (_, target) = context.target()?;
    let (reader, note) = (context.world.reader(), note_name(context));
    if reader.note(context.permit.operation(), &note).is_some() {
        return Ok(());
    }
    let mut noted = Noted::new();
    for name in &target.databases {
        if let Some(found) = reader.migrations(name).await? {
            noted.insert(name.to_string(), (found.head, found.applied.into_iter().map(|m| m.id).collect()));
        }
    }
    let text = serde_json::to_string(&noted).unwrap_or_default();
    Ok(context.world.write_note(context.permit, &note, &text)?)
}

fn note_name(context: &Context<'_>) -> String {
    format!("migrations-{}.json", context.index)
}

async fn migrations(target: &Target, context: &Context<'_>) -> Vec<Evidence> {
    let reader = context.world.reader();
    let noted: Noted = reader
        .note(context.permit.operation(), &note_name(context))
        .and_then(|text| serde_json::from_str(&text).ok())
        .unwrap_or_default();
    let now = context.world.now();
    let mut observed = Vec::new();
    for name in &target.databases {
        let before = noted.get(name.as_str());
        let found = reader.migrations(name).await;
        let (outcome, summary, applied) = match (&found, before) {
            (Ok(None), _) => continue,
            (Ok(Some(found)), Some((head, ids))) => {
                judge(found, head.as_deref(), applied(found, ids, name, context).await)
            }
            _ => (Outcome::Inconclusive, "Where the migrations stand cannot be read.".to_owned(), 0),
        };
        let mut migrated =
            evidence(EvidenceKind::Migrations, name.as_str(), outcome, now, VALID, format!("{name}: {summary}"));
        migrated.counters.insert("applied".to_owned(), applied);
        // Later it tells whether somebody changed the schema by hand.
        migrated.raw_digest = reader.schema_fingerprint(name).await.ok();
        observed.push(migrated);
    }
    observed
}

/// How many migrations were applied since the note. Alembic keeps its heads alone: between those, its files count.
async fn applied(found: &Migrations, before: &[String], name: &DatabaseName, context: &Context<'_>) -> u64 {
    let reader = context.world.reader();
    let tool = reader.inventory().databases.get(name).and_then(|database| database.migrations);
    let commit = context.permit.plan().body().revision.as_ref().map(|revision| &revision.commit);
    let (Some(MigrationTool::Alembic), Some(commit), Ok((service, _))) = (tool, commit, context.target()) else {
        return found.applied_since(before);
    };
    match reader.migration_files(service, commit, MigrationTool::Alembic).await {
        Ok(files) if !files.is_empty() => Standing::applied_between(before, found, files),
        _ => found.applied_since(before),
    }
}

fn judge(found: &Migrations, before: Option<&str>, applied: u64) -> (Outcome, String, u64) {
    let text = |head: Option<&str>| head.unwrap_or("none").to_owned();
    if found.unfinished.is_empty() {
        let summary = format!("migrations went from {} to {}.", text(before), text(found.head.as_deref()));
        (Outcome::Pass, summary, applied)
    } else {
        let summary = format!("{} migrations began and did not end well.", found.unfinished.len());
        (Outcome::Fail, summary, applied)
    }
}
