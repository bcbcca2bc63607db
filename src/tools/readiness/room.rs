//! The room where the service lies; and with it, whether the host answers.

use super::{Candidate, Seen, judged};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    refusal::{Code, NextCall},
    space::Room,
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let host = &candidate.target.host;
    let space = match candidate.context.reader.space(candidate.target).await {
        Ok(space) => space,
        Err(error) => return vec![candidate.unseen(EvidenceKind::Room, host.as_str(), error.into())],
    };
    let (room, said) = space.room();
    let outcome = if room == Room::Enough { Outcome::Pass } else { Outcome::Fail };
    vec![judged(candidate.seen(EvidenceKind::Room, host.as_str(), outcome, format!("{said}.")), |evidence| {
        let next = serde_json::json!({ "service": candidate.service.name, "environment": candidate.environment });
        let next = NextCall::new("diagnose", next, "see what fills it");
        let fix = "Remove old releases, logs and caches there; nothing of that is done by a tool.";
        let found = format!("Too little room on host {host}: {}", evidence.summary);
        candidate.blocker(Code::WorldFailed, found, fix, Some(next))
    })]
}
