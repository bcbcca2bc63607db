//! Take a snapshot of a database and verify it by restoring it.

use std::time::Duration;

use super::{Context, Done, Failure, Probe, evidence};
use crate::domain::{
    evidence::{Evidence, EvidenceKind, Outcome},
    snapshot::SnapshotManifest,
    step::TakeSnapshot,
    time::Time,
};

/// How long a snapshot counts as "backup before", s.
const VALID: i64 = 15 * 60;
/// How often progress is told.
const PROGRESS: Duration = Duration::from_secs(2);

pub(super) async fn run(step: &TakeSnapshot, context: &Context<'_>) -> Result<Done, Failure> {
    (context.progress)(format!("taking a snapshot of {} and restoring it into a scratch database", step.database));
    let taking = context.world.take_snapshot(context.permit, step);
    tokio::pin!(taking);
    let manifest = loop {
        tokio::select! {
            taken = &mut taking => break taken?,
            () = tokio::time::sleep(PROGRESS) => {
                let bytes = context.world.reader().snapshot_bytes(&step.snapshot);
                (context.progress)(format!("snapshot of {}: {bytes} bytes stored", step.database));
            }
        }
    };
    Ok(done(&manifest, earlier(&manifest, context)))
}

/// The newest snapshot of the database that is older than this one.
fn earlier(manifest: &SnapshotManifest, context: &Context<'_>) -> Option<SnapshotManifest> {
    let known = context.world.reader().snapshots_on_disk(Some(&manifest.database)).unwrap_or_default();
    known.into_iter().find(|one| one.taken_at < manifest.taken_at)
}

pub(super) async fn probe(step: &TakeSnapshot, context: &Context<'_>) -> Probe {
    let reader = context.world.reader();
    let Some(manifest) = reader.snapshot_manifest(&step.snapshot) else { return Probe::NotStarted };
    match reader.verify_snapshot(&step.snapshot).await {
        Ok(check) if check.problem.is_none() => Probe::Done(done(&manifest, earlier(&manifest, context))),
        // Running it refuses the damaged one by name.
        _ => Probe::NotStarted,
    }
}

fn done(manifest: &SnapshotManifest, earlier: Option<SnapshotManifest>) -> Done {
    let rows = manifest.rows.values().sum();
    let mut summary = format!(
        "Snapshot {} of {} is verified: {} bytes, {rows} rows in {} tables, restored and equal. Taken by {}.",
        manifest.id,
        manifest.database,
        manifest.stored_bytes,
        manifest.rows.len(),
        manifest.tool,
    );
    let doubt = earlier.and_then(|earlier| manifest.implausible_after(&earlier));
    let outcome = if doubt.is_none() { Outcome::Pass } else { Outcome::Inconclusive };
    if let Some(doubt) = doubt {
        summary = format!("{summary} But {doubt}: look at the database. The next snapshot is compared with this one.");
    }
    let took = i64::try_from(manifest.duration_ms).unwrap_or(0);
    let verified_at = Time::from_millis(manifest.taken_at.as_millis().saturating_add(took));
    let subject = manifest.database.as_str();
    let mut evidence: Evidence =
        evidence(EvidenceKind::Snapshot, subject, outcome, verified_at, VALID, summary.clone());
    evidence.counters = [
        ("duration_ms", manifest.duration_ms),
        ("bytes", manifest.stored_bytes),
        ("rows", rows),
        ("tables", manifest.rows.len() as u64),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .into();
    evidence.raw_digest = Some(manifest.digest);
    Done { summary, evidence: vec![evidence], untrusted_text: None }
}
