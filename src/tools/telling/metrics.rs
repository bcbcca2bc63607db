//! How an operation went: its state, its verdict, its numbers.

use std::fmt::Write;

use super::{code, note, subject, table, word};
use crate::domain::operation::Operation;

pub(in crate::tools) fn text(operation: &Operation, caller: Option<&str>) -> String {
    let mut out = String::new();
    // Writing into a String cannot fail.
    let _ = writeln!(out, "### {}: {}\n", subject(operation), word(operation.state));
    let _ = writeln!(out, "{}", code(&operation.summary));
    let rows = [
        ("operation", operation.id.to_string()),
        ("kind", word(operation.kind)),
        ("requester", operation.requester.to_string()),
        ("began", operation.started_at.to_string()),
        ("ended", operation.finished_at.map_or_else(String::new, |at| at.to_string())),
    ];
    table(&mut out, ["", ""], &rows.map(|(name, value)| [name.to_owned(), code(&value)]));
    let metrics = match serde_json::to_value(&operation.metrics) {
        Ok(serde_json::Value::Object(map)) => map,
        _ => serde_json::Map::new(),
    };
    let metrics: Vec<[String; 2]> =
        metrics.iter().map(|(name, value)| [name.clone(), code(value.to_string().trim_matches('"'))]).collect();
    table(&mut out, ["metric", "value"], &metrics);
    if let Some(verdict) = &operation.verdict {
        let rows: Vec<[String; 3]> =
            verdict.criteria.iter().map(|one| [code(&one.name), word(one.judgement), code(&one.reason)]).collect();
        table(&mut out, ["criterion", "judgement", "reason"], &rows);
    }
    note(&mut out, caller);
    out
}
