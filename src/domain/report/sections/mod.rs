//! The sections of a report, in order. What does not apply to an operation has none; what applies and was not observed says so.

mod evidence;
mod looks;
mod metrics;
mod proof;
mod steps;
mod trend;
mod verdict;

use super::{Report, Signed, sheet::Section};
use crate::domain::{digest::Digest, operation::OperationKind};

pub(super) fn of(signed: &Signed, digest: Digest) -> Vec<Section> {
    let report = &signed.report;
    [
        verdict::verdict(report),
        verdict::blockers(report),
        Some(metrics::metrics(report)),
        steps::timeline(report),
        evidence::gates(report),
        evidence::smoke(report),
        evidence::end_to_end(report),
        evidence::lighthouse(report),
        looks::looks(report),
        evidence::monitoring(report),
        evidence::snapshots(report),
        evidence::others(report),
        proof::way_back(report),
        trend::trend(report),
        Some(proof::proof(signed, digest)),
    ]
    .into_iter()
    .flatten()
    .collect()
}

/// Whether the operation is one that services are looked at for: then what was not looked at has to be said.
fn looks_at_services(report: &Report) -> bool {
    matches!(report.operation.kind, OperationKind::Deploy | OperationKind::Rollback | OperationKind::Check)
}
