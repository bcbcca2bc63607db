//! Whether there is a way back from the deployment.

use super::{super::drafting::way_back, Candidate, Seen, judged};
use crate::domain::{
    evidence::EvidenceKind,
    refusal::{Code, NextCall},
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let Candidate { context, service, environment, target, .. } = candidate;
    let subject = format!("{} in {environment}", service.name);
    match way_back::of_deployment(context, service, environment, target, &subject).await {
        Ok((_, evidence)) => vec![judged(evidence, |evidence| {
            let next = serde_json::json!({ "service": service.name, "environment": environment });
            let next = NextCall::new("diagnose", next, "see how the target stands");
            let fix = "Restore the live release, or add a rollback script to the service.";
            let found = format!("There is no way back: {}.", evidence.summary);
            candidate.blocker(Code::RollbackNotReady, found, fix, Some(next))
        })],
        Err(refusal) => vec![candidate.unseen(EvidenceKind::RollbackReady, "", refusal)],
    }
}
