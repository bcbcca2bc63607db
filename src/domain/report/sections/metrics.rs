//! Everything that is tracked of an operation. What nobody measured is said to be so: it is never 0.

use super::super::{
    Report,
    sheet::{Part, Section, Tile, Tone},
    words::{UNMEASURED, percent, span},
};
use crate::domain::lighthouse::Category;

/// The categories of Lighthouse, as people call them.
pub(in super::super) const CATEGORIES: [(Category, &str); 4] = [
    (Category::Performance, "Lighthouse performance"),
    (Category::Accessibility, "Lighthouse accessibility"),
    (Category::BestPractices, "Lighthouse best practices"),
    (Category::Seo, "Lighthouse SEO"),
];

pub(super) fn metrics(report: &Report) -> Section {
    let metrics = &report.operation.metrics;
    let bad_above_zero = |count: u64| if count > 0 { Tone::Bad } else { Tone::Plain };
    let mut tiles = vec![
        tile("Duration", Tone::Plain, span(metrics.duration_ms)),
        tile("Services deployed", Tone::Plain, metrics.services_deployed.to_string()),
        tile("Failures", bad_above_zero(metrics.failures), metrics.failures.to_string()),
        tile("Rollbacks", bad_above_zero(metrics.rollbacks), metrics.rollbacks.to_string()),
        measured("Quality gates", metrics.quality_gates_status.as_ref(), |status| {
            let tone = match status.as_str() {
                "GREEN" => Tone::Good,
                "RED" => Tone::Bad,
                _ => Tone::Weak,
            };
            (tone, status.clone())
        }),
        measured("HTTP 200 rate", metrics.http_200_rate.as_ref(), |rate| (whole(*rate), percent(*rate))),
        measured("E2E pass rate", metrics.e2e_pass_rate.as_ref(), |rate| (whole(*rate), percent(*rate))),
    ];
    for (category, name) in CATEGORIES {
        tiles.push(measured(name, metrics.lighthouse_scores.get(category.name()), |score| {
            (if *score >= 90 { Tone::Good } else { Tone::Weak }, score.to_string())
        }));
    }
    tiles.extend([
        measured("Migrations applied", metrics.migrations_applied.as_ref(), |n| (Tone::Plain, n.to_string())),
        measured("Backup duration", metrics.backup_duration_ms.as_ref(), |ms| (Tone::Plain, span(*ms))),
        measured("Restore tested", metrics.restore_tested.as_ref(), |tested| {
            if *tested { (Tone::Good, "yes".to_owned()) } else { (Tone::Bad, "no".to_owned()) }
        }),
    ]);
    let section = Section::new("metrics", "Metrics");
    let section = match metrics.rollbacks {
        0 => section,
        _ => section.lead("What was measured is of the version that was taken back, as it was before that."),
    };
    section.with(Part::Tiles(tiles))
}

fn tile(name: &'static str, tone: Tone, value: String) -> Tile {
    Tile { name, value, tone }
}

fn measured<T>(name: &'static str, value: Option<&T>, write: impl Fn(&T) -> (Tone, String)) -> Tile {
    let (tone, value) = value.map_or_else(|| (Tone::Plain, UNMEASURED.to_owned()), write);
    Tile { name, value, tone }
}

fn whole(rate: f64) -> Tone {
    if rate >= 1.0 { Tone::Good } else { Tone::Bad }
}
