//! When each step was, and what came of it.

use super::super::{
    Report,
    sheet::{Bar, Part, Section},
    words::of_attempt,
};
use crate::domain::operation::Phase;

pub(super) fn timeline(report: &Report) -> Option<Section> {
    let zero = report.journal.iter().map(|entry| entry.intended_at).min()?;
    let bars = report.journal.iter().map(|entry| {
        let (tone, state) = of_attempt(entry.state);
        let verb = if entry.phase == Phase::Undo { "take back: " } else { "" };
        let again = if entry.attempt > 1 { format!(" (attempt {})", entry.attempt) } else { String::new() };
        Bar {
            label: format!("{verb}{}{again}", entry.summary),
            tone,
            state,
            begin: entry.intended_at.millis_since(zero),
            end: entry.ended_at.map(|end| end.millis_since(zero)),
            outcome: entry.outcome.clone(),
        }
    });
    let lead = format!("The first step began at {zero}.");
    Some(Section::new("timeline", "Timeline").lead(lead).with(Part::Timeline(bars.collect())))
}
