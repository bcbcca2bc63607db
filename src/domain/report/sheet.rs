//! What of a report is shown, in which order: the same for every form.

use super::{
    Signed, sections,
    words::{of_state, span, word},
};
use crate::domain::{canonical::NotCanonical, digest::Digest, operation::OperationKind};

/// How something stands. It is always said in words as well.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Good,
    Weak,
    Bad,
    /// Neither: not measured, or only told.
    Plain,
}

/// A whole report.
#[derive(Debug)]
pub(super) struct Sheet {
    pub(super) title: String,
    pub(super) tone: Tone,
    pub(super) state: String,
    pub(super) summary: String,
    pub(super) facts: Vec<(&'static str, String)>,
    pub(super) sections: Vec<Section>,
}

/// A part with a heading.
#[derive(Debug)]
pub(super) struct Section {
    pub(super) id: &'static str,
    pub(super) title: &'static str,
    pub(super) mark: Option<(Tone, String)>,
    pub(super) lead: Option<String>,
    pub(super) parts: Vec<Part>,
}

/// What stands in a section.
#[derive(Debug)]
pub(super) enum Part {
    Table(Table),
    Tiles(Vec<Tile>),
    Timeline(Vec<Bar>),
    Trend(Vec<Moment>, Vec<Curve>),
    Gallery(Vec<Exhibit>),
}

/// A table; the first cell of a row says what the row is about.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) head: Vec<&'static str>,
    pub(super) rows: Vec<Vec<Cell>>,
}

#[derive(Debug)]
pub(super) struct Cell {
    pub(super) text: String,
    /// With a tone the cell is a mark.
    pub(super) tone: Option<Tone>,
}

/// One number.
#[derive(Debug)]
pub(super) struct Tile {
    pub(super) name: &'static str,
    pub(super) value: String,
    pub(super) tone: Tone,
}

/// One attempt at a step, ms after the first.
#[derive(Debug)]
pub(super) struct Bar {
    pub(super) label: String,
    pub(super) tone: Tone,
    pub(super) state: &'static str,
    pub(super) begin: u64,
    /// Absent when it has no outcome.
    pub(super) end: Option<u64>,
    pub(super) outcome: String,
}

/// An operation on the axis of a trend.
#[derive(Debug)]
pub(super) struct Moment {
    pub(super) name: String,
    pub(super) state: String,
    pub(super) tone: Tone,
}

/// One number over the last operations.
#[derive(Debug)]
pub(super) struct Curve {
    pub(super) name: &'static str,
    /// One per moment; absent where it was not measured.
    pub(super) values: Vec<Option<f64>>,
    /// How a value is written.
    pub(super) write: fn(f64) -> String,
    /// The least top of the scale; the bottom is 0.
    pub(super) top: f64,
}

/// A page as it was seen.
#[derive(Debug)]
pub(super) struct Exhibit {
    pub(super) name: String,
    pub(super) tone: Tone,
    pub(super) state: &'static str,
    pub(super) found: String,
    pub(super) plates: Vec<Plate>,
}

/// A picture of it.
#[derive(Debug)]
pub(super) struct Plate {
    /// What it shows.
    pub(super) what: &'static str,
    /// Absent when there is no room for it.
    pub(super) picture: Option<Digest>,
    pub(super) width: u32,
    pub(super) height: u32,
}

impl Cell {
    pub(super) fn marked((tone, text): (Tone, &str)) -> Self {
        Self { text: text.to_owned(), tone: Some(tone) }
    }
}

impl From<String> for Cell {
    fn from(text: String) -> Self {
        Self { text, tone: None }
    }
}

impl From<&str> for Cell {
    fn from(text: &str) -> Self {
        text.to_owned().into()
    }
}

impl Section {
    pub(super) fn new(id: &'static str, title: &'static str) -> Self {
        Self { id, title, mark: None, lead: None, parts: Vec::new() }
    }

    pub(super) fn with(mut self, part: Part) -> Self {
        self.parts.push(part);
        self
    }

    pub(super) fn lead(mut self, lead: impl Into<String>) -> Self {
        self.lead = Some(lead.into());
        self
    }
}

/// The sheet of a signed report.
pub(super) fn of(signed: &Signed) -> Result<Sheet, NotCanonical> {
    let report = &signed.report;
    let operation = &report.operation;
    let digest = Digest::of(report.text()?.as_bytes());
    let mut facts = vec![
        ("Operation", operation.id.to_string()),
        ("Kind", word(&operation.kind)),
        ("Requested by", operation.requester.to_string()),
        ("Began", operation.started_at.to_string()),
    ];
    if let Some(end) = operation.finished_at {
        facts.push(("Ended", format!("{end} (after {})", span(end.millis_since(operation.started_at)))));
    }
    if let Some(plan) = &report.plan {
        facts.push(("Plan", format!("{}, sha256 {}", plan.id, plan.digest)));
    }
    Ok(Sheet {
        title: title(report),
        tone: of_state(operation.state),
        state: word(&operation.state).to_uppercase(),
        summary: operation.summary.clone(),
        facts,
        sections: sections::of(signed, digest),
    })
}

fn title(report: &super::Report) -> String {
    let operation = &report.operation;
    let what = match (&operation.service, operation.kind) {
        (Some(service), _) => service.as_str(),
        (None, OperationKind::Check) => "All services",
        (None, _) => "Databases",
    };
    let version = operation.version.as_ref().map(|version| format!(" {version}")).unwrap_or_default();
    format!("{what}{version} in {}", operation.environment)
}
