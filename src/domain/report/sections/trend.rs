//! How this operation compares with the last ones of its kind.

use super::super::{
    Earlier, Report,
    sheet::{Curve, Moment, Part, Section},
    words::{of_state, percent, span, word},
};

/// How a number is read from an operation of the past.
type Read = fn(&Earlier) -> Option<f64>;

pub(super) fn trend(report: &Report) -> Option<Section> {
    if report.earlier.is_empty() {
        return None;
    }
    let this = Earlier::from(&report.operation);
    let all: Vec<&Earlier> = report.earlier.iter().chain([&this]).collect();
    let moments = all.iter().map(|operation| Moment {
        name: match &operation.version {
            Some(version) => format!("{version}, {}", operation.started_at.date()),
            None => operation.started_at.to_string(),
        },
        state: word(&operation.state),
        tone: of_state(operation.state),
    });
    let curve = |name, top, write: fn(f64) -> String, read: Read| {
        let values: Vec<Option<f64>> = all.iter().map(|operation| read(operation)).collect();
        // A line needs two ends.
        (values.iter().flatten().count() >= 2).then_some(Curve { name, values, write, top })
    };
    let curves = [
        curve("Duration", 1.0, whole_span, |o| Some(float(o.metrics.duration_ms))),
        curve("HTTP 200 rate", 1.0, percent, |o| o.metrics.http_200_rate),
        curve("E2E pass rate", 1.0, percent, |o| o.metrics.e2e_pass_rate),
        curve("Lighthouse performance", 100.0, whole, |o| {
            o.metrics.lighthouse_scores.get("performance").copied().map(float)
        }),
        curve("Backup duration", 1.0, whole_span, |o| o.metrics.backup_duration_ms.map(float)),
    ];
    let curves: Vec<Curve> = curves.into_iter().flatten().collect();
    let lead = format!("This operation and the {} before it, the newest last.", report.earlier.len());
    Some(Section::new("trend", "Trend").lead(lead).with(Part::Trend(moments.collect(), curves)))
}

#[expect(clippy::cast_precision_loss, reason = "a picture; counts and milliseconds are far below 2^52")]
fn float(value: u64) -> f64 {
    value as f64
}

fn whole(value: f64) -> String {
    format!("{value:.0}")
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was milliseconds, as a whole number")]
fn whole_span(ms: f64) -> String {
    span(ms as u64)
}
