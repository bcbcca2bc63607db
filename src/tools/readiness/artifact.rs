//! Whether GitHub has the artifact of the commit, where it is fetched from there. It is not fetched.

use super::{super::drafting::artifact, Candidate, Seen, judged};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    refusal::{Code, Refusal},
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let Candidate { context, service, revision, .. } = candidate;
    let Some(fetch) = artifact::fetched(service) else { return Vec::new() };
    let seen = |outcome, found: String| candidate.seen(EvidenceKind::RemoteGate, "artifact", outcome, found);
    let refusal = match context.reader.artifact_offer(service, fetch, revision).await {
        Ok(offer) => {
            let found = seen(Outcome::Pass, format!("The artifact is there: {}.", offer.fact()));
            return vec![Seen { evidence: found, blocker: None, wrote: None }];
        }
        Err(error) => Refusal::from(error),
    };
    let outcome = if refusal.code == Code::ArtifactRefused { Outcome::Fail } else { Outcome::Inconclusive };
    vec![judged(seen(outcome, refusal.message.clone()), |_| candidate.named(refusal))]
}
