//! A failed operation: the step that failed, what its output says, the evidence, and what stands in the way.

use std::collections::BTreeSet;

use super::{Context, Finding, Looked, Next, Part, Sure, causes, count, e2e, end, examine::Checked};
use crate::domain::{
    clean::clean,
    evidence::{Evidence, EvidenceKind, Outcome},
    operation::{AttemptState, JournalEntry, Operation, OperationKind, OperationState, Phase},
    refusal::{Code, Refusal},
};

/// How much of a script's output is quoted, bytes.
const QUOTED: usize = 900;

/// What became of an operation.
#[derive(Debug, Default)]
pub(in crate::tools) struct Story {
    /// The step that failed, in one sentence.
    pub(in crate::tools) failed_step: Option<String>,
    /// What was looked at: its steps, its evidence, what stood in the way.
    pub(in crate::tools) checked: Vec<Checked>,
}

impl Story {
    /// What was found in all of it.
    pub(in crate::tools) fn findings(&self) -> impl Iterator<Item = &Finding> {
        let looked = self.checked.iter().filter_map(|check| check.look.as_ref().ok()?.as_ref());
        looked.flat_map(|looked| &looked.findings)
    }
}

pub(in crate::tools) async fn look(context: Context<'_>, operation: &Operation) -> Result<Story, Refusal> {
    let mut failed_step = None;
    let mut steps = Looked::default();
    let journal = context.records.journal(&operation.id).await?;
    let failed = |phase: Phase| {
        // Whether people could be told of it is no part of it.
        let last = journal.iter().rfind(|entry| entry.phase == phase && entry.step != "notify");
        last.filter(|entry| matches!(entry.state, AttemptState::Failed | AttemptState::Unknown))
    };
    if let Some(entry) = failed(Phase::Do) {
        failed_step = Some(entry.summary.clone());
        steps.findings.extend(of_step(operation, entry));
    }
    if let Some(entry) = failed(Phase::Undo) {
        let seen = format!("Taking it back failed as well: {}", first_line(&entry.outcome));
        let fix = "The service is frozen: a human looks at it (deploy-ops decide).";
        steps.findings.push(Finding::new(Part::Symptom, Sure::Certain, seen, fix));
    }
    let (evidence, blockers) = (of_evidence(context, operation).await?, of_blockers(context, operation).await?);
    let told = [&steps, &evidence, &blockers].iter().any(|looked| !looked.findings.is_empty());
    if operation.state == OperationState::Failed && !told {
        let finding = Finding::new(Part::Symptom, Sure::Certain, operation.summary.clone(), "See its steps.");
        steps.findings.push(finding.next(Next::Journal(operation.id.clone())));
    }
    let done: BTreeSet<u32> =
        journal.iter().filter(|entry| entry.phase == Phase::Do).map(|entry| entry.index).collect();
    steps.at = count(done.len(), "step");
    let checked = |name, looked: Looked, is_there: bool| {
        let look = Ok((is_there || !looked.findings.is_empty()).then_some(looked));
        Checked { name, look }
    };
    let (has_steps, has_evidence) = (!done.is_empty(), !evidence.at.is_empty());
    let checked = vec![
        checked("steps", steps, has_steps),
        checked("evidence", evidence, has_evidence),
        checked("blockers", blockers, true),
    ];
    Ok(Story { failed_step, checked })
}

/// The step itself, and what its output or its end says.
fn of_step(operation: &Operation, entry: &JournalEntry) -> Vec<Finding> {
    let (summary, output) = entry.outcome.split_once('\n').unwrap_or((&entry.outcome, ""));
    let sure = if entry.state == AttemptState::Unknown { Sure::Possible } else { Sure::Certain };
    let fix = "Read its last lines; rehearse it with verbose to see more.";
    let symptom = Finding::new(Part::Symptom, sure, format!("Step \"{}\" failed: {summary}", entry.summary), fix)
        .next(Next::Journal(operation.id.clone()))
        .quoting(clean(end(output, QUOTED)).trim());
    let cause = causes::recognise(output, "its output")
        .or_else(|| causes::recognise(summary, "the step"))
        .or_else(|| of_ending(summary));
    std::iter::once(symptom).chain(cause).collect()
}

/// What the end of a script means by convention of shells.
fn of_ending(summary: &str) -> Option<Finding> {
    let cause = |sure, seen: &str, fix: &str| Some(Finding::new(Part::Cause, sure, seen, fix).next(Next::DryRun));
    let ended = |what: &str| {
        let behind = summary.split_once(&format!("ended by {what}")).map(|(_, behind)| behind);
        behind.is_some_and(|behind| !behind.starts_with(|c: char| c.is_ascii_digit()))
    };
    if ended("exit code 126") {
        return cause(
            Sure::Likely,
            "A script is not executable: exit code 126 says so.",
            "Run `git update-index --chmod=+x` on it and commit it under a new tag.",
        );
    }
    if ended("exit code 127") {
        return cause(
            Sure::Likely,
            "A program is not there, or not in PATH: exit code 127 says so.",
            "Install it where the script runs, or call it by its path. Scripts get a small PATH.",
        );
    }
    if ended("its time limit") || ended("exit code 124") {
        return cause(
            Sure::Certain,
            "It took longer than its time limit.",
            "Find what it waits for; raise timeout_s of the script if it needs the time.",
        );
    }
    if ended("exit code 137") || ended("signal 9") {
        let fix = "Let it use less memory, and see who ends processes on that host.";
        return cause(Sure::Possible, "It was killed: it may have used too much memory.", fix);
    }
    None
}

/// Evidence of the operation that is not good. That of a dry run is told by what it blocks.
async fn of_evidence(context: Context<'_>, operation: &Operation) -> Result<Looked, Refusal> {
    if operation.kind == OperationKind::DryRun {
        return Ok(Looked::default());
    }
    let evidence = context.records.evidence(&operation.id).await?;
    let all = evidence.len();
    let bad: Vec<Evidence> = evidence.into_iter().filter(|one| one.outcome != Outcome::Pass).collect();
    let at = if all == 0 { String::new() } else { format!("{} of {all} good", all - bad.len()) };
    let mut findings = Vec::new();
    for one in bad {
        let run = match one.raw_digest.filter(|_| one.kind == EvidenceKind::EndToEnd) {
            Some(digest) => context.reader.suite_run(&digest).await?,
            None => None,
        };
        match run {
            Some(run) => findings.extend(e2e::of_run(&run, Sure::Certain)),
            None => findings.push(of_one(operation, one)),
        }
    }
    Ok(Looked { findings, at })
}

fn of_one(operation: &Operation, one: Evidence) -> Finding {
    let (fix, next) = match one.kind {
        EvidenceKind::Smoke => ("See which checks fail, and why.", Next::Smoke),
        EvidenceKind::EndToEnd => ("Run them again.", Next::E2e(None)),
        EvidenceKind::Migrations => ("See where the migrations stand.", Next::Databases("migrations")),
        EvidenceKind::Snapshot => ("See whether the database answers and there is room.", Next::Databases("snapshots")),
        EvidenceKind::Secrets => ("The operator sets them.", Next::Secrets),
        _ => ("See its steps.", Next::Journal(operation.id.clone())),
    };
    let sure = if one.outcome == Outcome::Fail { Sure::Certain } else { Sure::Possible };
    Finding::new(Part::Symptom, sure, one.summary, fix).next(next)
}

/// What stands in the way after a dry run, and what its script said.
async fn of_blockers(context: Context<'_>, operation: &Operation) -> Result<Looked, Refusal> {
    let mut findings = Vec::new();
    let blockers: Vec<&Refusal> =
        operation.blockers.iter().filter(|blocker| blocker.code != Code::ApprovalRequired).collect();
    let at = count(blockers.len(), "blocker");
    for blocker in blockers {
        let mut finding = Finding::new(
            Part::Symptom,
            Sure::Certain,
            format!("{}: {}", blocker.code.as_text(), blocker.message),
            blocker.fix.clone(),
        );
        finding.next = blocker.next.first().cloned().map(Next::Named);
        if blocker.code == Code::DryRunFailed {
            let wrote = context.records.rehearsal(&operation.id).await?.unwrap_or_default();
            finding = finding.next(Next::DryRun).quoting(clean(end(&wrote, QUOTED)).trim());
            findings.extend(causes::recognise(&wrote, "its output").or_else(|| of_ending(&blocker.message)));
        }
        findings.push(finding);
    }
    Ok(Looked { findings, at })
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
