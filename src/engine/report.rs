//! The report of an operation, written from its evidence.

use std::fmt::Write;

use super::{journal::Run, view::evidence_view};
use crate::{
    domain::{
        evidence::{Evidence, Outcome},
        operation::Operation,
    },
    ledger::LedgerError,
};

impl Run<'_> {
    /// Writes `deployment-<date>-<service>-<id>.md`. Writing it twice gives the same file; failing to write it stops nothing, and is
    /// said in the ledger.
    pub(super) async fn write_report(
        &self,
        operation: &Operation,
        own: &[Evidence],
        plan: &[Evidence],
    ) -> Result<(), LedgerError> {
        let engine = self.engine;
        let journal = self.ledger.journal(&operation.id).await?;
        let head = self.ledger.head().await?;
        let mut text = markdown(operation, self.permit.plan().digest().to_string().as_str());
        let _ = writeln!(text, "\n## Steps\n\n| step | phase | attempt | outcome |\n|---|---|---|---|");
        for entry in &journal {
            let _ = writeln!(
                text,
                "| {} | {:?} | {} | {:?}: {} |",
                cell(&entry.summary),
                entry.phase,
                entry.attempt,
                entry.state,
                cell(entry.outcome.lines().next().unwrap_or_default())
            );
        }
        let _ = writeln!(text, "\n## Evidence\n\n| what | outcome | summary | collected |\n|---|---|---|---|");
        for evidence in plan.iter().chain(own) {
            let view = evidence_view(evidence);
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} |",
                cell(&view.what),
                word(view.outcome),
                cell(&view.summary),
                evidence.collected_at
            );
        }
        let _ = writeln!(text, "\nLedger: {head}");
        let name = name_of(operation);
        let text = engine.redactor().text(&text);
        let written = engine.world().write_report(self.permit, &name, &text).await;
        let body = match written {
            Ok(path) => serde_json::json!({ "report": path.display().to_string() }),
            Err(error) => {
                tracing::error!(operation = %operation.id, "cannot write the report: {error}");
                serde_json::json!({ "report": null, "why": error.to_string() })
            }
        };
        let body = engine.redactor().json(body);
        self.ledger.note("report", Some(&operation.id), &operation.requester, body, engine.world().now()).await
    }
}

/// The file name of an operation's report.
pub(super) fn name_of(operation: &Operation) -> String {
    let service = operation.service.as_ref().map_or("databases", |service| service.as_str());
    let short = operation.id.as_str().rsplit('-').next().unwrap_or_default();
    format!("deployment-{}-{service}-{short}.md", operation.started_at.date())
}

fn markdown(operation: &Operation, digest: &str) -> String {
    let mut text = String::new();
    let service = operation.service.as_ref().map_or("databases", |service| service.as_str());
    let version = operation.version.as_deref().unwrap_or("");
    // Writing into a String cannot fail.
    let _ = writeln!(text, "# {service} {version} in {}\n", operation.environment);
    let _ = writeln!(text, "{}\n", operation.summary);
    let _ = writeln!(text, "| | |\n|---|---|");
    let rows = [
        ("operation", operation.id.to_string()),
        ("state", format!("{:?}", operation.state)),
        ("requester", operation.requester.to_string()),
        ("plan digest", digest.to_owned()),
        ("started", operation.started_at.to_string()),
        ("finished", operation.finished_at.map_or_else(String::new, |time| time.to_string())),
    ];
    for (name, value) in rows {
        let _ = writeln!(text, "| {name} | {} |", cell(&value));
    }
    let metrics = &operation.metrics;
    let _ = writeln!(text, "\n## Metrics\n\n| metric | value |\n|---|---|");
    if let Ok(serde_json::Value::Object(map)) = serde_json::to_value(metrics) {
        for (name, value) in map {
            let _ = writeln!(text, "| {name} | {value} |");
        }
    }
    if let Some(verdict) = &operation.verdict {
        let _ = writeln!(
            text,
            "\n## Verdict: {:?}\n\n| criterion | judgement | reason |\n|---|---|---|",
            verdict.judgement
        );
        for criterion in &verdict.criteria {
            let _ = writeln!(text, "| {} | {:?} | {} |", criterion.name, criterion.judgement, cell(&criterion.reason));
        }
    }
    text
}

/// The outcome in a word that cannot be read as the name of what stands beside it.
fn word(outcome: Outcome) -> &'static str {
    match outcome {
        Outcome::Pass => "passed",
        Outcome::Fail => "failed",
        Outcome::Inconclusive => "inconclusive",
    }
}

/// A text that cannot leave its table cell.
fn cell(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '|' => '/',
            c if c.is_control() => ' ',
            c => c,
        })
        .collect()
}
