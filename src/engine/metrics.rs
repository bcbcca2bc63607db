//! What is counted, from evidence; nobody can type a number in.

use std::collections::BTreeMap;

use super::journal::Run;
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        lighthouse::{Below, CATEGORIES, Category},
        look::Changed,
        operation::{Operation, OperationKind},
        step::Step,
        verdict::{
            self, EndToEndCounts, GateCounts, Measurements, MigrationResult, Observations, SmokeCounts, Verdict,
        },
    },
    ledger::LedgerError,
};

impl Run<'_> {
    /// The verdict, from the evidence of the operation and of its plan. What changes no service has none.
    pub(super) async fn judge(&self, operation: &Operation) -> Result<Option<Verdict>, LedgerError> {
        if !self.permit.plan().body().purpose.changes_service() {
            return Ok(None);
        }
        let (own, plan) = self.all_evidence(operation).await?;
        let steps = self.permit.plan().steps();
        let mut seen = observe(&own, &plan);
        let below = steps.iter().find_map(|step| match step {
            Step::CheckLighthouse(check) => Some(check.below),
            _ => None,
        });
        if let (Some(measured), Some(below)) = (&mut seen.lighthouse, below) {
            measured.below = below;
        }
        let decides = |step: &Step| matches!(step, Step::CheckVisual(check) if check.changed == Changed::Fail);
        if steps.iter().any(decides) {
            seen.visual = visual(&own);
        }
        Ok(Some(verdict::judge(&seen)))
    }

    /// What is known of the metrics so far: whoever decides wants to see them.
    pub(super) async fn measure(&self, operation: &mut Operation) -> Result<(), LedgerError> {
        let (own, plan) = self.all_evidence(operation).await?;
        fill(operation, &own, &plan);
        Ok(())
    }

    /// The evidence of the operation, and that of its plan.
    pub(super) async fn all_evidence(
        &self,
        operation: &Operation,
    ) -> Result<(Vec<Evidence>, Vec<Evidence>), LedgerError> {
        Ok((self.ledger.evidence(&operation.id).await?, self.ledger.plan_evidence(self.permit.plan().id()).await?))
    }
}

/// What the verdict rests on.
pub(super) fn observe(own: &[Evidence], plan: &[Evidence]) -> Observations {
    let gates = plan.iter().filter(|e| e.kind.is_gate());
    let gates = gates.fold(None, |counts: Option<GateCounts>, gate| {
        let mut counts = counts.unwrap_or_default();
        match gate.outcome {
            Outcome::Pass => counts.green += 1,
            Outcome::Inconclusive => counts.yellow += 1,
            Outcome::Fail => counts.red += 1,
        }
        Some(counts)
    });
    let smoke = newest(own, EvidenceKind::Smoke).map(|e| SmokeCounts {
        wanted: counter(e, "wanted"),
        passed: counter(e, "passed"),
        failed: counter(e, "failed"),
    });
    let migrations: Vec<&Evidence> = own.iter().filter(|e| e.kind == EvidenceKind::Migrations).collect();
    let migrations = (!migrations.is_empty()).then(|| {
        if migrations.iter().any(|e| e.outcome == Outcome::Fail) {
            MigrationResult::Failed
        } else if migrations.iter().any(|e| e.outcome == Outcome::Inconclusive) {
            MigrationResult::Unreadable
        } else {
            MigrationResult::Applied(migrations.iter().map(|e| counter(e, "applied")).sum())
        }
    });
    let critical_alerts = newest(own, EvidenceKind::Monitoring).map(|e| match (counter(e, "critical"), e.outcome) {
        (0, Outcome::Pass) => Some(0),
        (0, _) => None,
        (critical, _) => Some(critical),
    });
    let (end_to_end, lighthouse) = (end_to_end(own), lighthouse(own));
    // Whether pictures decide is the plan's to say.
    let (databases, visual) = (None, None);
    Observations { gates, smoke, databases, end_to_end, lighthouse, visual, migrations, critical_alerts }
}

/// The pages that were measured. One that was not leaves nothing that could be said of a category.
fn lighthouse(own: &[Evidence]) -> Option<Measurements> {
    let pages: Vec<&Evidence> = own.iter().filter(|e| e.kind == EvidenceKind::Lighthouse).collect();
    let worst = |category: Category| {
        let scores: Option<Vec<u64>> = pages.iter().map(|e| e.counters.get(category.name()).copied()).collect();
        (category.name().to_owned(), scores.and_then(|scores| scores.into_iter().min()))
    };
    let count = |outcome| pages.iter().filter(|e| e.outcome == outcome).count() as u64;
    (!pages.is_empty()).then(|| Measurements {
        medians: CATEGORIES.into_iter().map(worst).collect(),
        pages: pages.len() as u64,
        missed: count(Outcome::Fail),
        unmeasured: count(Outcome::Inconclusive),
        below: Below::default(),
    })
}

/// The pages that were compared with what was accepted. Where not even that could be tried, one is wanting.
fn visual(own: &[Evidence]) -> Option<SmokeCounts> {
    let looks = own.iter().filter(|e| e.kind == EvidenceKind::Visual).map(|e| SmokeCounts {
        wanted: counter(e, "wanted").max(1),
        passed: counter(e, "passed"),
        failed: counter(e, "failed"),
    });
    looks.reduce(SmokeCounts::and)
}

/// The verdict of a look at services that are deployed: of all their checks together.
pub(super) fn validate(own: &[Evidence]) -> Verdict {
    let smoke = own.iter().filter(|e| e.kind == EvidenceKind::Smoke).map(|e| SmokeCounts {
        wanted: counter(e, "wanted"),
        passed: counter(e, "passed"),
        failed: counter(e, "failed"),
    });
    // A service whose checks could not even be made wants one that did not pass.
    let smoke = smoke.map(|counts| SmokeCounts { wanted: counts.wanted.max(1), ..counts });
    let connections = own.iter().filter(|e| e.kind == EvidenceKind::Connection).map(|e| SmokeCounts {
        wanted: 1,
        passed: u64::from(e.outcome == Outcome::Pass),
        failed: u64::from(e.outcome == Outcome::Fail),
    });
    let seen = Observations {
        smoke: smoke.reduce(SmokeCounts::and),
        databases: connections.reduce(SmokeCounts::and),
        ..observe(own, &[])
    };
    verdict::judge(&seen)
}

/// The tests of all suites together. Of a suite that ran again the last run counts.
fn end_to_end(own: &[Evidence]) -> Option<EndToEndCounts> {
    let runs = own.iter().filter(|e| e.kind == EvidenceKind::EndToEnd);
    let last: BTreeMap<&str, &Evidence> = runs.map(|e| (e.subject.as_str(), e)).collect();
    last.into_values().map(EndToEndCounts::of).reduce(EndToEndCounts::and)
}

/// Fills the metrics of an operation that is about to end.
pub(super) fn fill(operation: &mut Operation, own: &[Evidence], plan: &[Evidence]) {
    let seen = observe(own, plan);
    let metrics = &mut operation.metrics;
    if let Some(end) = operation.finished_at {
        metrics.duration_ms = end.millis_since(operation.started_at);
    }
    metrics.quality_gates_status = seen.gates.map(|g| {
        let status = if g.red > 0 {
            "RED"
        } else if g.yellow > 0 {
            "YELLOW"
        } else {
            "GREEN"
        };
        status.to_owned()
    });
    // A look at many services has the answers of all; an operation that goes from one version to another those of the version that
    // it was about, whatever was asked again when it had gone back.
    let all = own.iter().filter(|e| e.kind == EvidenceKind::Smoke);
    let smoke: Vec<&Evidence> = match (operation.kind, &operation.version) {
        (OperationKind::Check, _) => all.collect(),
        (_, Some(version)) => {
            let suffix = format!("@{version}");
            all.filter(|e| e.subject.ends_with(&suffix)).max_by_key(|e| e.collected_at).into_iter().collect()
        }
        (_, None) => newest(own, EvidenceKind::Smoke).into_iter().collect(),
    };
    let of_all = |name| smoke.iter().map(|e| counter(e, name)).sum::<u64>();
    metrics.http_200_rate =
        (!smoke.is_empty()).then(|| (of_all("http_wanted"), of_all("http_passed"))).and_then(|(checks, good)| {
            // Counts of checks are small; an f64 holds them exactly.
            #[expect(clippy::cast_precision_loss, reason = "counts of checks are far below 2^52")]
            (checks > 0).then(|| good as f64 / checks as f64)
        });
    let scores = seen.lighthouse.into_iter().flat_map(|measured| measured.medians);
    metrics.lighthouse_scores = scores.filter_map(|(category, score)| Some((category, score?))).collect();
    metrics.e2e_pass_rate = seen.end_to_end.and_then(|tests| {
        let (ran, good) = (tests.ran(), tests.expected + tests.flaky);
        #[expect(clippy::cast_precision_loss, reason = "counts of tests are far below 2^52")]
        (ran > 0).then(|| good as f64 / ran as f64)
    });
    if let Some(MigrationResult::Applied(count)) = seen.migrations {
        metrics.migrations_applied = Some(count);
    }
    let snapshots: Vec<&Evidence> = own.iter().filter(|e| e.kind == EvidenceKind::Snapshot).collect();
    if !snapshots.is_empty() {
        // From the first beginning to the last end: they are taken side by side.
        let begun = |e: &Evidence| e.collected_at.as_millis() - i64::try_from(counter(e, "duration_ms")).unwrap_or(0);
        let begun = snapshots.iter().map(|e| begun(e)).min();
        let ended = snapshots.iter().map(|e| e.collected_at.as_millis()).max();
        metrics.backup_duration_ms = ended.zip(begun).and_then(|(end, begin)| u64::try_from(end - begin).ok());
        metrics.restore_tested = Some(snapshots.iter().all(|e| e.outcome == Outcome::Pass));
    }
}

fn newest(evidence: &[Evidence], kind: EvidenceKind) -> Option<&Evidence> {
    evidence.iter().filter(|e| e.kind == kind).max_by_key(|e| e.collected_at)
}

fn counter(evidence: &Evidence, name: &str) -> u64 {
    evidence.counters.get(name).copied().unwrap_or(0)
}
