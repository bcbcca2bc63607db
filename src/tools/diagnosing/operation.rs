//! A failed operation: the step that failed, what its output says, the evidence, and what stands in the way.

use super::{Context, Finding, Looked, Next, Part, Sure, causes, e2e, end};
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
    pub(in crate::tools) looked: Looked,
}

pub(in crate::tools) async fn look(context: Context<'_>, operation: &Operation) -> Result<Story, Refusal> {
    let mut story = Story::default();
    let journal = context.records.journal(&operation.id).await?;
    let failed = |phase: Phase| {
        // Whether people could be told of it is no part of it.
        let last = journal.iter().rfind(|entry| entry.phase == phase && entry.step != "notify");
        last.filter(|entry| matches!(entry.state, AttemptState::Failed | AttemptState::Unknown))
    };
    if let Some(entry) = failed(Phase::Do) {
        story.failed_step = Some(entry.summary.clone());
        story.looked.findings.extend(of_step(operation, entry));
    }
    if let Some(entry) = failed(Phase::Undo) {
        let seen = format!("Taking it back failed as well: {}", first_line(&entry.outcome));
        let fix = "The service is frozen: a human looks at it (deploy-ops decide).";
        story.looked.findings.push(Finding::new(Part::Symptom, Sure::Certain, seen, fix));
    }
    story.looked.findings.extend(of_evidence(context, operation).await?);
    story.looked.findings.extend(of_blockers(context, operation).await?);
    if operation.state == OperationState::Failed && story.looked.findings.is_empty() {
        let finding = Finding::new(Part::Symptom, Sure::Certain, operation.summary.clone(), "See its steps.");
        story.looked.findings.push(finding.next(Next::Journal(operation.id.clone())));
    }
    story.looked.at = format!("{} steps", journal.len());
    Ok(story)
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
async fn of_evidence(context: Context<'_>, operation: &Operation) -> Result<Vec<Finding>, Refusal> {
    if operation.kind == OperationKind::DryRun {
        return Ok(Vec::new());
    }
    let evidence = context.records.evidence(&operation.id).await?;
    let bad: Vec<Evidence> = evidence.into_iter().filter(|one| one.outcome != Outcome::Pass).collect();
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
    Ok(findings)
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
async fn of_blockers(context: Context<'_>, operation: &Operation) -> Result<Vec<Finding>, Refusal> {
    let mut findings = Vec::new();
    for blocker in operation.blockers.iter().filter(|blocker| blocker.code != Code::ApprovalRequired) {
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
    Ok(findings)
}

fn first_line(text: &str) -> &str {
    text.lines().next().unwrap_or_default()
}
