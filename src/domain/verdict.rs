//! Whether a deployment succeeded: a pure function of what was counted.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    evidence::{Evidence, Outcome},
    lighthouse::Below,
};

/// The judgement of one criterion, or of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Judgement {
    /// Good.
    Success,
    /// Not good, not bad enough to go back by itself: a human decides.
    Degraded,
    /// Could not be observed to the end. Never a pass.
    Inconclusive,
    /// Bad: go back.
    Failed,
}

/// One criterion with its reason.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Criterion {
    /// What was judged: `gates`, `http`, `databases`, `e2e`, `lighthouse`, `visual`, `migrations`, `monitoring`, `rollback`.
    pub name: String,
    /// How.
    pub judgement: Judgement,
    /// Why, with the numbers.
    pub reason: String,
}

/// The judgement of a deployment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Verdict {
    /// The worst of the criteria.
    pub judgement: Judgement,
    /// Each criterion that applies to the service.
    pub criteria: Vec<Criterion>,
}

impl Verdict {
    /// How many criteria failed.
    pub fn not_met(&self) -> u64 {
        self.criteria.iter().filter(|criterion| criterion.judgement == Judgement::Failed).count() as u64
    }
}

/// Gates that were run for the commit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GateCounts {
    /// Passed.
    pub green: u64,
    /// Not readable, skipped or neutral.
    pub yellow: u64,
    /// Failed.
    pub red: u64,
}

/// Smoke checks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct SmokeCounts {
    /// Checks that were wanted.
    pub wanted: u64,
    /// Checks that gave the wanted answer.
    pub passed: u64,
    /// Checks that gave a wrong answer, or none within their attempts.
    pub failed: u64,
}

impl SmokeCounts {
    /// Both together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            wanted: self.wanted + other.wanted,
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
        }
    }
}

/// End-to-end tests.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct EndToEndCounts {
    /// Passed at the first attempt.
    pub expected: u64,
    /// Failed.
    pub unexpected: u64,
    /// Passed only when repeated.
    pub flaky: u64,
    /// Whether the run ended and its report could be read.
    pub complete: bool,
}

impl EndToEndCounts {
    /// What the evidence of one run counted.
    pub fn of(evidence: &Evidence) -> Self {
        let counter = |name: &str| evidence.counters.get(name).copied().unwrap_or(0);
        Self {
            expected: counter("expected"),
            unexpected: counter("unexpected"),
            flaky: counter("flaky"),
            complete: evidence.outcome != Outcome::Inconclusive,
        }
    }

    /// Both together: complete when both are.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        Self {
            expected: self.expected + other.expected,
            unexpected: self.unexpected + other.unexpected,
            flaky: self.flaky + other.flaky,
            complete: self.complete && other.complete,
        }
    }

    /// Tests that ran.
    pub fn ran(self) -> u64 {
        self.expected + self.unexpected + self.flaky
    }
}

/// Pages that Lighthouse measured.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Measurements {
    /// The median of each category, of several pages the worst, 0 to 100; `None` means that some page was not measured.
    pub medians: Vec<(String, Option<u64>)>,
    /// Pages that were measured or should have been.
    pub pages: u64,
    /// Pages below a least score, or above a budget.
    pub missed: u64,
    /// Pages of which that cannot be said.
    pub unmeasured: u64,
    /// What one that misses does.
    pub below: Below,
}

/// Migrations.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MigrationResult {
    /// All are applied.
    Applied(u64),
    /// Some are not, or one failed.
    Failed,
    /// The table could not be read.
    Unreadable,
}

/// Everything the verdict rests on. `None` means that the criterion does not apply to the service.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Observations {
    /// Gates.
    pub gates: Option<GateCounts>,
    /// Smoke checks.
    pub smoke: Option<SmokeCounts>,
    /// Databases that were logged in to.
    pub databases: Option<SmokeCounts>,
    /// End-to-end tests.
    pub end_to_end: Option<EndToEndCounts>,
    /// Lighthouse.
    pub lighthouse: Option<Measurements>,
    /// Pages that were compared with what was accepted, where that decides.
    pub visual: Option<SmokeCounts>,
    /// Migrations.
    pub migrations: Option<MigrationResult>,
    /// Critical alerts; `Some(None)` means that monitoring could not be read.
    pub critical_alerts: Option<Option<u64>>,
}

/// The verdict of a deployment.
///
/// A failure is a red gate, a failed smoke check, more than 10 % failed end-to-end tests, a failed migration, a critical alert, and what
/// the service wants of its pages. Between success and failure lie 1 to 10 % failed end-to-end tests, and pages that Lighthouse measures
/// below their least score (90 where nothing else is said), unless the service says that they fail: `Degraded`.
pub fn judge(seen: &Observations) -> Verdict {
    let criteria: Vec<Criterion> = [
        seen.gates.map(gates),
        seen.smoke.map(|counts| checks("http", "checks passed", counts)),
        seen.databases.map(|counts| checks("databases", "connections succeeded", counts)),
        seen.end_to_end.map(end_to_end),
        seen.lighthouse.as_ref().map(lighthouse),
        seen.visual.map(|counts| checks("visual", "pages look as they were accepted", counts)),
        seen.migrations.map(migrations),
        seen.critical_alerts.map(monitoring),
    ]
    .into_iter()
    .flatten()
    .collect();
    let judgement = criteria.iter().map(|criterion| criterion.judgement).max().unwrap_or(Judgement::Inconclusive);
    Verdict { judgement, criteria }
}

fn criterion(name: &str, judgement: Judgement, reason: String) -> Criterion {
    Criterion { name: name.to_owned(), judgement, reason }
}

fn gates(seen: GateCounts) -> Criterion {
    let judgement = match seen {
        GateCounts { red: 1.., .. } => Judgement::Failed,
        GateCounts { yellow: 1.., .. } | GateCounts { green: 0, .. } => Judgement::Inconclusive,
        GateCounts { .. } => Judgement::Success,
    };
    criterion("gates", judgement, format!("{} green, {} yellow, {} red", seen.green, seen.yellow, seen.red))
}

fn checks(name: &str, good: &str, seen: SmokeCounts) -> Criterion {
    let judgement = if seen.failed > 0 {
        Judgement::Failed
    } else if seen.wanted == 0 || seen.passed != seen.wanted {
        Judgement::Inconclusive
    } else {
        Judgement::Success
    };
    criterion(name, judgement, format!("{} of {} {good}, {} failed", seen.passed, seen.wanted, seen.failed))
}

/// The judgement of end-to-end tests: 1 to 10 % that failed are `Degraded`, more are `Failed`.
pub fn end_to_end(seen: EndToEndCounts) -> Criterion {
    let ran = seen.ran();
    let judgement = if !seen.complete || ran == 0 {
        Judgement::Inconclusive
    } else if 10 * seen.unexpected > ran {
        Judgement::Failed
    } else if seen.unexpected > 0 {
        Judgement::Degraded
    } else {
        Judgement::Success
    };
    criterion("e2e", judgement, format!("{} of {ran} tests failed, {} flaky", seen.unexpected, seen.flaky))
}

fn lighthouse(seen: &Measurements) -> Criterion {
    let judgement = match (seen.missed, seen.below) {
        (1.., Below::Fail) => Judgement::Failed,
        _ if seen.unmeasured > 0 || seen.pages == 0 => Judgement::Inconclusive,
        (1.., Below::Warn) => Judgement::Degraded,
        (0, _) => Judgement::Success,
    };
    let scores: Vec<String> = seen
        .medians
        .iter()
        .map(|(name, score)| format!("{name} {}", score.map_or_else(|| "unmeasured".to_owned(), |s| s.to_string())))
        .collect();
    let reason = format!(
        "{} of {} pages miss what they have to reach, {} could not be measured: {}",
        seen.missed,
        seen.pages,
        seen.unmeasured,
        scores.join(", ")
    );
    criterion("lighthouse", judgement, reason)
}

fn migrations(seen: MigrationResult) -> Criterion {
    match seen {
        MigrationResult::Applied(count) => criterion("migrations", Judgement::Success, format!("{count} applied")),
        MigrationResult::Failed => {
            criterion("migrations", Judgement::Failed, "a migration failed or is pending".to_owned())
        }
        MigrationResult::Unreadable => {
            criterion("migrations", Judgement::Inconclusive, "the migration table could not be read".to_owned())
        }
    }
}

fn monitoring(critical: Option<u64>) -> Criterion {
    let (judgement, reason) = match critical {
        Some(0) => (Judgement::Success, "no critical alert".to_owned()),
        Some(count) => (Judgement::Failed, format!("{count} critical alerts")),
        None => (Judgement::Inconclusive, "monitoring could not be read".to_owned()),
    };
    criterion("monitoring", judgement, reason)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn judged(seen: Observations) -> Judgement {
        judge(&seen).judgement
    }

    #[test]
    fn end_to_end_boundaries_are_exact() {
        let case = |unexpected, expected| {
            judged(Observations {
                end_to_end: Some(EndToEndCounts { expected, unexpected, flaky: 0, complete: true }),
                ..Observations::default()
            })
        };
        assert_eq!(case(0, 10), Judgement::Success);
        assert_eq!(case(1, 9), Judgement::Degraded);
        assert_eq!(case(10, 90), Judgement::Degraded);
        assert_eq!(case(11, 89), Judgement::Failed);
        assert_eq!(case(2, 8), Judgement::Failed);
        assert_eq!(case(0, 0), Judgement::Inconclusive);
    }

    #[test]
    fn a_page_below_its_least_score_is_degraded_unless_the_service_says_that_it_fails() {
        let case = |pages, missed, unmeasured, below| {
            let measured = Measurements { pages, missed, unmeasured, below, ..Measurements::default() };
            judged(Observations { lighthouse: Some(measured), ..Observations::default() })
        };
        assert_eq!(case(2, 0, 0, Below::Fail), Judgement::Success);
        assert_eq!(case(2, 1, 0, Below::Warn), Judgement::Degraded);
        assert_eq!(case(2, 1, 0, Below::Fail), Judgement::Failed);
        // What is known to be bad counts whatever is not known, and what is not known is never better than degraded.
        assert_eq!(case(2, 1, 1, Below::Fail), Judgement::Failed);
        assert_eq!(case(2, 1, 1, Below::Warn), Judgement::Inconclusive);
        assert_eq!(case(2, 0, 1, Below::Warn), Judgement::Inconclusive);
        assert_eq!(case(0, 0, 0, Below::Warn), Judgement::Inconclusive);
    }

    #[test]
    fn nothing_observed_is_never_a_success() {
        assert_eq!(judged(Observations::default()), Judgement::Inconclusive);
    }

    #[test]
    fn the_worst_criterion_counts() {
        let levels = [
            (SmokeCounts { wanted: 2, passed: 2, failed: 0 }, Judgement::Success),
            (SmokeCounts { wanted: 2, passed: 1, failed: 0 }, Judgement::Inconclusive),
            (SmokeCounts { wanted: 2, passed: 1, failed: 1 }, Judgement::Failed),
        ];
        let alerts = [(Some(0), Judgement::Success), (None, Judgement::Inconclusive), (Some(1), Judgement::Failed)];
        let gates = [
            (GateCounts { green: 3, yellow: 0, red: 0 }, Judgement::Success),
            (GateCounts { green: 2, yellow: 1, red: 0 }, Judgement::Inconclusive),
            (GateCounts { green: 2, yellow: 1, red: 1 }, Judgement::Failed),
        ];
        for (smoke, a) in levels {
            for (alerts, b) in alerts {
                for (gates, c) in gates {
                    let seen = Observations {
                        smoke: Some(smoke),
                        critical_alerts: Some(alerts),
                        gates: Some(gates),
                        ..Observations::default()
                    };
                    assert_eq!(judged(seen), a.max(b).max(c));
                }
            }
        }
    }
}
