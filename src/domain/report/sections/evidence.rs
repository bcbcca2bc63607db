//! What was observed, by kind.

use super::{
    super::{
        Report,
        sheet::{Cell, Part, Section, Table, Tone},
        words::{UNMEASURED, counted, counter, of_gate, of_outcome, span, word},
    },
    looks_at_services,
    metrics::CATEGORIES,
};
use crate::domain::evidence::{Evidence, EvidenceKind, Outcome};

pub(super) fn gates(report: &Report) -> Option<Section> {
    let gates = all(report, EvidenceKind::is_gate);
    let row = |evidence: &Evidence| {
        vec![
            evidence.subject.as_str().into(),
            Cell::marked(of_gate(evidence.outcome)),
            evidence.summary.as_str().into(),
            evidence.collected_at.to_string().into(),
        ]
    };
    let mut section =
        of("gates", "Quality gates", report, &gates, vec!["gate", "status", "what was found", "seen (UTC)"], row)?;
    section.mark = worst(&gates).map(of_gate).map(|(tone, word)| (tone, word.to_owned()));
    Some(section)
}

pub(super) fn smoke(report: &Report) -> Option<Section> {
    let head = vec!["subject", "outcome", "checks passed", "HTTP answers as wanted", "time", "what was found"];
    let smoke = all(report, |kind| kind == EvidenceKind::Smoke);
    of("smoke", "Smoke checks", report, &smoke, head, |evidence| {
        vec![
            evidence.subject.as_str().into(),
            Cell::marked(of_outcome(evidence.outcome)),
            share(evidence, "passed", "wanted").into(),
            share(evidence, "http_passed", "http_wanted").into(),
            counter(evidence, "duration_ms").map_or_else(|| UNMEASURED.to_owned(), span).into(),
            evidence.summary.as_str().into(),
        ]
    })
}

pub(super) fn end_to_end(report: &Report) -> Option<Section> {
    let head = vec!["subject", "outcome", "counted", "what was found", "seen (UTC)"];
    of("e2e", "End-to-end tests", report, &all(report, |kind| kind == EvidenceKind::EndToEnd), head, with_counters)
}

pub(super) fn lighthouse(report: &Report) -> Option<Section> {
    let audits = all(report, |kind| kind == EvidenceKind::Lighthouse);
    let head = vec!["subject", "outcome", "performance", "accessibility", "best practices", "SEO", "what was found"];
    of("lighthouse", "Lighthouse", report, &audits, head, |evidence| {
        let mut row = vec![evidence.subject.as_str().into(), Cell::marked(of_outcome(evidence.outcome))];
        row.extend(CATEGORIES.map(|(category, _)| match counter(evidence, category.name()) {
            Some(score) => Cell::marked((if score >= 90 { Tone::Good } else { Tone::Weak }, &score.to_string())),
            None => UNMEASURED.into(),
        }));
        row.push(evidence.summary.as_str().into());
        row
    })
}

pub(super) fn monitoring(report: &Report) -> Option<Section> {
    let head = vec!["subject", "outcome", "counted", "what was found", "seen (UTC)"];
    of("monitoring", "Monitoring", report, &all(report, |kind| kind == EvidenceKind::Monitoring), head, with_counters)
}

pub(super) fn snapshots(report: &Report) -> Option<Section> {
    let found = all(report, |kind| matches!(kind, EvidenceKind::Snapshot | EvidenceKind::Backup));
    if found.is_empty() {
        return None;
    }
    let head = vec!["database", "proof", "time", "what was found", "seen (UTC)"];
    let rows = found.iter().map(|evidence| {
        let proof = match (evidence.kind, evidence.outcome) {
            (EvidenceKind::Snapshot, Outcome::Pass) => (Tone::Good, "restored and equal"),
            (EvidenceKind::Snapshot, _) => (Tone::Bad, "not proven"),
            (_, outcome) => of_outcome(outcome),
        };
        vec![
            evidence.subject.as_str().into(),
            Cell::marked(proof),
            counter(evidence, "duration_ms").map_or_else(|| UNMEASURED.to_owned(), span).into(),
            evidence.summary.as_str().into(),
            evidence.collected_at.to_string().into(),
        ]
    });
    let table = Table { head, rows: rows.collect() };
    Some(Section::new("snapshots", "Snapshots and their proof").with(Part::Table(table)))
}

/// Whatever has no section of its own.
pub(super) fn others(report: &Report) -> Option<Section> {
    use EvidenceKind::{Backup, EndToEnd, Lighthouse, Monitoring, Smoke, Snapshot, Visual};
    let own = |kind: EvidenceKind| {
        kind.is_gate() || matches!(kind, Smoke | EndToEnd | Lighthouse | Monitoring | Snapshot | Backup | Visual)
    };
    let others = all(report, |kind| !own(kind));
    if others.is_empty() {
        return None;
    }
    let rows = others.iter().map(|evidence| {
        vec![
            format!("{} {}", word(&evidence.kind), evidence.subject).into(),
            Cell::marked(of_outcome(evidence.outcome)),
            evidence.summary.as_str().into(),
            evidence.collected_at.to_string().into(),
        ]
    });
    let table = Table { head: vec!["what", "outcome", "what was found", "seen (UTC)"], rows: rows.collect() };
    Some(Section::new("evidence", "Further evidence").with(Part::Table(table)))
}

/// What the plan rests on, then what the operation saw.
pub(super) fn all(report: &Report, wanted: impl Fn(EvidenceKind) -> bool) -> Vec<&Evidence> {
    report.planned.iter().chain(&report.evidence).filter(|evidence| wanted(evidence.kind)).collect()
}

/// A section of one kind of evidence. Without any it says so where it could have been expected, and is left out elsewhere.
pub(super) fn of(
    id: &'static str,
    title: &'static str,
    report: &Report,
    found: &[&Evidence],
    head: Vec<&'static str>,
    row: impl Fn(&Evidence) -> Vec<Cell>,
) -> Option<Section> {
    if found.is_empty() {
        return looks_at_services(report).then(|| Section::new(id, title).lead("Not measured in this operation."));
    }
    let table = Table { head, rows: found.iter().map(|evidence| row(evidence)).collect() };
    let mut section = Section::new(id, title).with(Part::Table(table));
    section.mark = worst(found).map(of_outcome).map(|(tone, word)| (tone, word.to_owned()));
    Some(section)
}

pub(super) fn with_counters(evidence: &Evidence) -> Vec<Cell> {
    let counters: Vec<String> = evidence
        .counters
        .iter()
        .map(|(name, value)| match name.strip_suffix("_ms") {
            Some(name) => format!("{} {}", name.replace('_', " "), span(*value)),
            None => format!("{} {value}", name.replace('_', " ")),
        })
        .collect();
    vec![
        evidence.subject.as_str().into(),
        Cell::marked(of_outcome(evidence.outcome)),
        counters.join(", ").into(),
        evidence.summary.as_str().into(),
        evidence.collected_at.to_string().into(),
    ]
}

fn share(evidence: &Evidence, part: &str, whole: &str) -> String {
    format!("{} of {}", counted(evidence, part), counted(evidence, whole))
}

fn worst(found: &[&Evidence]) -> Option<Outcome> {
    found.iter().map(|evidence| evidence.outcome).max_by_key(|outcome| outcome.severity())
}
