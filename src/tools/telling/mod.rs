//! What is told about operations in issues, as Markdown. It comes from the ledger; a caller's own words stand apart, and say so.

pub(super) mod incident;
pub(super) mod metrics;
mod progress;

use std::fmt::Write;

use serde::Serialize;

use super::{Context, diagnosing::operation as story};
use crate::{
    domain::{
        clean::clean_line,
        issue::{About, CommentIssue, OpenIncident},
        operation::{JournalEntry, Operation},
        refusal::Refusal,
        step::Step,
    },
    world::Reader,
};

/// The label of incidents, besides that of deployments.
pub const INCIDENT: &str = "incident";

/// How far an operation is, or how it went.
pub fn progress(reader: Reader<'_>, operation: &Operation, steps: &[Step], journal: &[JournalEntry]) -> String {
    reader.words_for_github(&progress::text(operation, steps, journal))
}

/// How an operation went, for an issue.
pub fn comment(reader: Reader<'_>, operation: &Operation, issue: u64, note: Option<&str>) -> CommentIssue {
    let body = reader.words_for_github(&metrics::text(operation, note));
    CommentIssue { issue, about: about(operation), body }
}

/// The incident of an operation that went wrong: what happened when, what was seen, and what may have caused it.
pub async fn incident(
    context: Context<'_>,
    operation: &Operation,
    note: Option<&str>,
) -> Result<OpenIncident, Refusal> {
    let journal = context.records.journal(&operation.id).await?;
    let evidence = context.records.evidence(&operation.id).await?;
    let story = story::look(context, operation).await?;
    let reader = context.reader;
    let label = reader.inventory().github.as_ref().map(|access| access.issue_label.clone());
    Ok(OpenIncident {
        about: about(operation),
        title: reader.title_for_github(&incident::title(operation)),
        body: reader.words_for_github(&incident::text(operation, &journal, &evidence, &story, note)),
        labels: label.into_iter().chain([INCIDENT.to_owned()]).collect(),
    })
}

/// What a text about an operation is about.
pub fn about(operation: &Operation) -> About {
    About { operation: operation.id.clone(), began: operation.started_at }
}

/// `shop v2025.01.15 in production`.
fn subject(operation: &Operation) -> String {
    let service = operation.service.as_ref().map_or("databases", |service| service.as_str());
    match &operation.version {
        Some(version) => format!("{service} {version} in {}", operation.environment),
        None => format!("{service} in {}", operation.environment),
    }
}

/// `rolled back`, of `RolledBack`.
fn word(value: impl Serialize) -> String {
    let value = serde_json::to_value(value).ok();
    value.as_ref().and_then(|value| value.as_str()).unwrap_or("unknown").to_lowercase().replace('_', " ")
}

/// A text that is shown as it is: it names nobody, links nowhere, and stays in its cell.
fn code(text: &str) -> String {
    let text = clean_line(text).replace('`', "'").replace('|', "/");
    let text = text.trim();
    if text.is_empty() { String::new() } else { format!("`{text}`") }
}

/// A table, unless it would be empty.
fn table<const N: usize>(out: &mut String, head: [&str; N], rows: &[[String; N]]) {
    if rows.is_empty() {
        return;
    }
    // Writing into a String cannot fail.
    let _ = writeln!(out, "\n| {} |\n|{}", head.join(" | "), "---|".repeat(N));
    for row in rows {
        let _ = writeln!(out, "| {} |", row.join(" | "));
    }
}

/// The caller's words, which nobody has checked.
fn note(out: &mut String, note: Option<&str>) {
    let Some(note) = note.filter(|note| !note.trim().is_empty()) else { return };
    let _ = writeln!(out, "\nA note of the caller, unchecked:\n");
    for line in note.lines() {
        let _ = writeln!(out, "> {}", code(line));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_others_wrote_names_nobody_and_leaves_no_cell() {
        assert_eq!(code("@ada see #12 | `rm`\n<!-- x -->"), "`@ada see #12 / 'rm' <!-- x -->`");
        assert_eq!(code(" \n"), "");
        let mut out = String::new();
        note(&mut out, Some("first ``` line\n## second"));
        assert!(out.ends_with("> `first ''' line`\n> `## second`\n"), "{out}");
        let mut out = String::new();
        table(&mut out, ["a", "b"], &[]);
        note(&mut out, Some("  "));
        assert_eq!(out, "");
    }
}
