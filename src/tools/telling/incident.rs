//! What went wrong in an operation: when each step was, what was observed, and what may have caused it.

use std::fmt::Write;

use super::{
    super::diagnosing::{Finding, Part, operation::Story},
    code, metrics, note, table, word,
};
use crate::domain::{
    evidence::Evidence,
    operation::{JournalEntry, Operation, Phase},
};

pub(in crate::tools) fn title(operation: &Operation) -> String {
    format!("Incident: {} {}", super::subject(operation), word(operation.state))
}

/// What scripts wrote stays with the server: a repository may have other readers than a host.
pub(in crate::tools) fn text(
    operation: &Operation,
    journal: &[JournalEntry],
    evidence: &[Evidence],
    story: &Story,
    caller: Option<&str>,
) -> String {
    let mut out = metrics::text(operation, None);
    let findings: Vec<&Finding> = story.findings().collect();
    if !findings.is_empty() {
        // Writing into a String cannot fail.
        let _ = writeln!(out, "\n#### What may have caused it\n");
    }
    for finding in findings {
        let part = match finding.part {
            Part::Symptom => "symptom",
            Part::Cause => "cause",
            Part::Weakness => "weakness",
        };
        let _ = writeln!(out, "- {part}, {}: {} {}", finding.sure.word(), code(&finding.seen), code(&finding.fix));
    }
    let _ = writeln!(out, "\n#### Timeline");
    let rows: Vec<[String; 4]> = journal
        .iter()
        .map(|entry| {
            let back = if entry.phase == Phase::Undo { "take back: " } else { "" };
            let outcome = entry.outcome.lines().next().unwrap_or_default();
            [
                code(&entry.intended_at.to_string()),
                code(&format!("{back}{}", entry.summary)),
                word(entry.state),
                code(outcome),
            ]
        })
        .collect();
    table(&mut out, ["began", "step", "state", "outcome"], &rows);
    if !evidence.is_empty() {
        let _ = writeln!(out, "\n#### Evidence");
    }
    let rows: Vec<[String; 3]> =
        evidence.iter().map(|one| [word(one.kind), word(one.outcome), code(&one.summary)]).collect();
    table(&mut out, ["kind", "outcome", "summary"], &rows);
    note(&mut out, caller);
    out
}
