//! `deploy-ops snapshot list|verify|prune`

use std::path::Path;

use super::{
    Exit,
    approve::at_terminal,
    human::Human,
    person::Person,
    plans::looking,
    prune::{KEEP_AT_LEAST, Kept, Needs, TOMBSTONE_S, prunable},
    terminal::{Terminal, Tone, words},
    wire::{Switches, Wired},
};
use crate::{
    domain::{
        name::DatabaseName,
        operation::OperationFilter,
        plan::{DatabaseStrategy, Plan},
        refusal::{Code, Refusal},
        release::DeploymentState,
        snapshot::{SnapshotId, SnapshotLevel, SnapshotManifest},
        step::Step,
    },
    ledger::Ledger,
    world::{Clock, SystemClock, snapshots::SnapshotCheck},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The snapshots, newest first.
    List {
        /// Only of this database.
        database: Option<DatabaseName>,
        /// Print JSON, one snapshot a line.
        #[arg(long)]
        json: bool,
    },
    /// Restore a stored snapshot into a scratch database and compare; all of them without an id.
    Verify {
        /// The snapshot.
        snapshot: Option<SnapshotId>,
    },
    /// Say which snapshots may go, and with --execute let them go.
    Prune {
        /// Only of this database.
        database: Option<DatabaseName>,
        /// How many of the newest stay in any case; at least 3.
        #[arg(long, default_value_t = 7, value_name = "N")]
        keep: usize,
        /// Do it, after a human has typed the word. The files stay for 48 h and are removed by a later prune.
        #[arg(long)]
        execute: bool,
    },
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    if let Command::Prune { database, keep, execute: true } = &options.command {
        return at_terminal(switches, terminal, async |wired, human| {
            prune(wired, human, database.as_ref(), *keep, terminal).await
        });
    }
    looking(switches, terminal, async |wired| match &options.command {
        Command::List { database, json } => list(wired, database.as_ref(), *json, terminal).await,
        Command::Verify { snapshot } => verify(wired, snapshot.as_ref(), terminal).await,
        Command::Prune { database, keep, .. } => {
            let gone = show_prunable(wired, database.as_ref(), *keep, terminal).await?.len();
            terminal.line(&format!("{gone} may go. Nothing was changed; add --execute to mark them."));
            Ok(Exit::Done)
        }
    })
}

/// The databases that are meant: the one that was named, or all.
fn databases(wired: &Wired, named: Option<&DatabaseName>) -> Result<Vec<DatabaseName>, Refusal> {
    match named {
        Some(name) => wired.engine.inventory().database(name).map(|_| vec![name.clone()]),
        None => Ok(wired.engine.inventory().databases.keys().cloned().collect()),
    }
}

async fn list(wired: &Wired, named: Option<&DatabaseName>, json: bool, terminal: &Terminal) -> Result<Exit, Refusal> {
    let ledger = wired.engine.ledger_for_operator().await?;
    for database in databases(wired, named)? {
        let snapshots = ledger.snapshots(&database).await?;
        if snapshots.is_empty() && !json {
            terminal.mark(&wired.redactor, Tone::Weak, "!", &format!("{database} has no snapshot"));
        }
        for one in snapshots {
            if json {
                terminal.json(&wired.redactor.json(serde_json::to_value(&one).unwrap_or_default()));
            } else {
                terminal.say(&wired.redactor, &line(&one));
            }
        }
    }
    Ok(Exit::Done)
}

fn line(one: &SnapshotManifest) -> String {
    let migration = one.migration_head.as_deref().map_or(String::new(), |head| format!(", migration {head}"));
    let rows: u64 = one.rows.values().sum();
    format!(
        "{} of {} taken {} by {}: {}, {} bytes stored, {} tables, {rows} rows{migration}",
        one.id,
        one.database,
        one.taken_at,
        one.operation,
        words(&one.level).to_uppercase(),
        one.stored_bytes,
        one.rows.len()
    )
}

async fn verify(wired: &Wired, named: Option<&SnapshotId>, terminal: &Terminal) -> Result<Exit, Refusal> {
    let ids = if let Some(id) = named {
        vec![id.clone()]
    } else {
        let ledger = wired.engine.ledger_for_operator().await?;
        let mut ids = Vec::new();
        for database in databases(wired, None)? {
            ids.extend(ledger.snapshots(&database).await?.into_iter().map(|one| one.id));
        }
        ids
    };
    let world = wired.world();
    let mut exit = Exit::Done;
    for id in ids {
        let (mark, found) = match world.reader().verify_snapshot(&id).await {
            Ok(SnapshotCheck { level: Some(SnapshotLevel::Verified), problem: None }) => {
                terminal.mark(&wired.redactor, Tone::Good, "VERIFIED", id.as_str());
                continue;
            }
            Ok(check) => ("BAD", check.problem.map(|problem| format!("{}. {}", problem.what, problem.fix))),
            // One that could not be tried hides no other.
            Err(error) if named.is_none() => ("NOT TRIED", Some(format!("{error}. {}", error.fix))),
            Err(error) => return Err(error.into()),
        };
        let found = found.unwrap_or_else(|| "it was not proven by a restore.".to_owned());
        terminal.mark(&wired.redactor, Tone::Bad, mark, &format!("{id}: {found}"));
        exit = Exit::Failed;
    }
    Ok(exit)
}

/// Gives snapshots up that nobody needs, when a human says so, and removes the files of those that were given up long enough ago.
async fn prune(
    wired: &Wired,
    human: &mut Human,
    named: Option<&DatabaseName>,
    keep: usize,
    terminal: &Terminal,
) -> Result<(), Refusal> {
    let ledger = wired.engine.ledger_for_operator().await?;
    let person = Person::here().operator();
    let shown = show_prunable(wired, named, keep, terminal).await?;
    let mut marked = 0_usize;
    if !shown.is_empty() {
        let question = format!("To give up these {} snapshots as {person}, type prune: ", shown.len());
        if human.ask(&question)? != "prune" {
            return Err(Refusal::new(
                Code::WrongState,
                "That is not the word; nothing was changed.",
                "Run the command again.",
            ));
        }
        // While the human was thinking a plan may have been made that needs one of them.
        for (one, kept) in decided(wired, named, keep).await? {
            if kept.is_none() && shown.contains(&one.id) {
                ledger.tombstone(&one.id, &person, SystemClock.now()).await?;
                marked += 1;
            }
        }
    }
    let removed = remove_expired(wired, ledger).await?;
    human
        .show(&format!("{marked} marked: their files stay for 48 h. Files of {removed} marked earlier were removed.\n"))
}

/// Shows every snapshot with what would become of it. Returns those that may go.
async fn show_prunable(
    wired: &Wired,
    named: Option<&DatabaseName>,
    keep: usize,
    terminal: &Terminal,
) -> Result<Vec<SnapshotId>, Refusal> {
    let mut going = Vec::new();
    for (one, kept) in decided(wired, named, keep).await? {
        let (tone, mark) = if kept.is_some() { (Tone::Good, "keep ") } else { (Tone::Weak, "prune") };
        let reason = kept.map_or("may go", Kept::reason);
        terminal.mark(&wired.redactor, tone, mark, &format!("{}: {reason}", line(&one)));
        if kept.is_none() {
            going.push(one.id);
        }
    }
    Ok(going)
}

/// Every snapshot with the reason why it stays; without one it may go.
async fn decided(
    wired: &Wired,
    named: Option<&DatabaseName>,
    keep: usize,
) -> Result<Vec<(SnapshotManifest, Option<Kept>)>, Refusal> {
    if keep < KEEP_AT_LEAST {
        return Err(Refusal::new(
            Code::BadArgument,
            "At least three snapshots of each database stay.",
            "Give --keep 3 or more.",
        ));
    }
    let ledger = wired.engine.ledger_for_operator().await?;
    let needs = needs(wired, ledger).await?;
    let mut all = Vec::new();
    for database in databases(wired, named)? {
        let snapshots = ledger.snapshots(&database).await?;
        all.extend(prunable(&snapshots, &needs, keep).into_iter().map(|(one, kept)| (one.clone(), kept)));
    }
    Ok(all)
}

/// What must not lose its snapshots: open operations, live releases, and plans that may still be executed.
async fn needs(wired: &Wired, ledger: &Ledger) -> Result<Needs, Refusal> {
    let mut needs = Needs::default();
    let mut plans = Vec::new();
    let open = OperationFilter { open_only: true, limit: 1000, ..OperationFilter::default() };
    for operation in ledger.operations(&open).await? {
        plans.extend(operation.plan);
        needs.operations.insert(operation.id);
    }
    for service in wired.engine.inventory().services.values() {
        for environment in service.targets.keys() {
            let deployments = ledger.deployments(&service.name, environment).await?;
            for live in deployments.into_iter().filter(|deployment| deployment.state == DeploymentState::Live) {
                plans.extend(ledger.operation(&live.operation).await?.and_then(|operation| operation.plan));
                needs.operations.insert(live.operation);
            }
            // A frozen service is repaired by hand, perhaps from what its operation kept.
            needs.operations.extend(ledger.freezing(&service.name, environment).await?.map(|operation| operation.id));
        }
    }
    for plan in ledger.pending_plans(SystemClock.now()).await? {
        needs.snapshots.extend(named_by(&plan));
    }
    for id in plans {
        if let Some(stored) = ledger.plan(&id).await? {
            needs.snapshots.extend(named_by(&stored.plan));
        }
    }
    Ok(needs)
}

/// The snapshots that a plan restores, forth or back, or takes.
fn named_by(plan: &Plan) -> Vec<SnapshotId> {
    let mut ids = Vec::new();
    if let Some(DatabaseStrategy::Restore { snapshots, .. }) =
        plan.body().rollback.as_ref().map(|rollback| &rollback.database)
    {
        ids.extend(snapshots.iter().cloned());
    }
    for step in plan.steps() {
        match step {
            Step::RestoreDatabase(restore) => ids.push(restore.snapshot.clone()),
            Step::TakeSnapshot(take) => ids.push(take.snapshot.clone()),
            _ => {}
        }
    }
    ids
}

/// Removes the files of snapshots that were marked long enough ago. Returns of how many.
async fn remove_expired(wired: &Wired, ledger: &Ledger) -> Result<usize, Refusal> {
    let before = SystemClock.now().plus_s(-TOMBSTONE_S);
    let mut removed = 0;
    for one in ledger.tombstoned(before).await? {
        if remove_files(&wired.paths.snapshots(), &one.id) {
            removed += 1;
        }
    }
    Ok(removed)
}

/// The manifest goes first: without it there is no snapshot, whatever else is left. Says whether there was anything.
fn remove_files(directory: &Path, id: &SnapshotId) -> bool {
    let had_manifest = std::fs::remove_file(directory.join(format!("{id}.json"))).is_ok();
    let prefix = format!("{id}.");
    let entries = std::fs::read_dir(directory).into_iter().flatten().flatten();
    let files = entries.filter(|entry| entry.file_name().to_str().is_some_and(|name| name.starts_with(&prefix)));
    let removed = files.filter(|entry| std::fs::remove_file(entry.path()).is_ok()).count();
    had_manifest || removed > 0
}
