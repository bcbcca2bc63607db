//! The service's quality gates for the commit: run here or asked for, or taken from what was seen a short while ago.

use super::{
    super::{Context, drafting::gates},
    Candidate, Seen, each, judged,
};
use crate::domain::{
    evidence::{Evidence, EvidenceKind},
    inventory::{Gate, GateKind},
    refusal::{Code, NextCall, Refusal},
};

/// How many operations are looked through for what was seen before.
const EARLIER: u32 = 50;

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let gates = gates::of(candidate.context, candidate.service, Some(candidate.aim()));
    each(gates, |gate| one(candidate, gate)).await
}

async fn one(candidate: Candidate<'_>, gate: &Gate) -> Seen {
    let Candidate { context, service, revision, .. } = candidate;
    let subject = format!("{}@{}", gate.name, revision.commit);
    // An earlier check put the service behind it.
    let about = |evidence: &&Evidence| evidence.subject.split(' ').next() == Some(subject.as_str());
    let reused = candidate.earlier.iter().find(about);
    let (mut evidence, wrote) = match (&gate.kind, reused) {
        // What others keep may have changed since, and is asked for in a moment.
        (GateKind::Command(_), Some(earlier)) => {
            let age_s = context.reader.now().seconds_since(earlier.collected_at);
            let summary = format!("{} Seen {age_s} s ago.", earlier.summary);
            (Evidence { summary, ..earlier.clone() }, None)
        }
        _ => match fresh(candidate, gate).await {
            Ok(seen) => seen,
            Err(refusal) => return candidate.unseen(gate.kind.evidence(), &gate.name.to_string(), refusal),
        },
    };
    evidence.subject = format!("{subject} for {}", service.name);
    let seen = judged(evidence, |evidence| {
        let next = serde_json::json!({
            "service": service.name, "environment": candidate.environment, "version": revision.version, "mode": "dry_run",
        });
        let next = NextCall::new("deploy_service", next, "run the gates again after the fix");
        let fix = match &gate.kind {
            GateKind::Command(_) => "Fix what the gate found, and tag the fix.",
            GateKind::SignedTag(_) => "Deploy a tag that one of the allowed signers signed.",
            GateKind::Space => "Free room on the host, or let its provider give more.",
            GateKind::Snapshots => "Take verified snapshots with snapshot_db.",
            GateKind::Notice(_) => "Tell users of the window; the operator records it with `deploy-ops notice`.",
            GateKind::Checks(_) | GateKind::Review(_) | GateKind::Alerts(_) => "Fix what GitHub shows for the commit.",
        };
        candidate.blocker(Code::GatesNotGreen, &evidence.summary, fix, Some(next))
    });
    Seen { wrote, ..seen }
}

async fn fresh(candidate: Candidate<'_>, gate: &Gate) -> Result<(Evidence, Option<String>), Refusal> {
    let Candidate { context, service, revision, .. } = candidate;
    let _turn = match &gate.kind {
        GateKind::Command(_) => candidate.turns.acquire().await.ok(),
        _ => None,
    };
    (context.progress)(format!("{}: gate {}", service.name, gate.name));
    let run = context.reader.run_gate(service, gate, revision, Some(candidate.aim()), super::UNTIL_STAMPED).await?;
    let wrote = run.complaint();
    Ok((run.evidence, wrote))
}

/// Gates that were green a short while ago and still count, newest first.
pub(in crate::tools) async fn earlier(context: Context<'_>) -> Result<Vec<Evidence>, Refusal> {
    let now = context.reader.now();
    let mut found = context.records.newest_evidence(EARLIER).await?;
    // Only green counts again: what was red may have been mended outside of the commit.
    found.retain(|evidence| evidence.kind == EvidenceKind::Gate && evidence.holds(now));
    // What a check took over stands behind what it took it from: both were collected at the same time.
    found.reverse();
    found.sort_by_key(|evidence| std::cmp::Reverse(evidence.collected_at));
    Ok(found)
}
