//! What was judged, and what stands in the way.

use super::super::{
    Report,
    sheet::{Cell, Part, Section, Table, Tone},
    words::of_judgement,
};

pub(super) fn verdict(report: &Report) -> Option<Section> {
    let verdict = report.operation.verdict.as_ref()?;
    let rows = verdict.criteria.iter().map(|criterion| {
        vec![
            criterion.name.as_str().into(),
            Cell::marked(of_judgement(criterion.judgement)),
            criterion.reason.as_str().into(),
        ]
    });
    let table = Table { head: vec!["criterion", "judgement", "reason"], rows: rows.collect() };
    let (tone, word) = of_judgement(verdict.judgement);
    let mut section = Section::new("verdict", "Verdict").with(Part::Table(table));
    section.mark = Some((tone, word.to_owned()));
    Some(section)
}

pub(super) fn blockers(report: &Report) -> Option<Section> {
    let blockers = &report.operation.blockers;
    if blockers.is_empty() {
        return None;
    }
    let rows = blockers.iter().map(|blocker| {
        vec![blocker.code.as_text().into(), blocker.message.as_str().into(), blocker.fix.as_str().into()]
    });
    let table = Table { head: vec!["code", "what was found", "what mends it"], rows: rows.collect() };
    let mut section = Section::new("blockers", "What stands in the way").with(Part::Table(table));
    section.mark = Some((Tone::Bad, blockers.len().to_string()));
    Some(section)
}
