//! Whether every secret that the service needs exists. Never a value.

use super::{
    super::drafting::{github_secrets, secrets},
    Candidate, Seen, judged,
};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    refusal::{Code, NextCall},
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let Candidate { context, service, .. } = candidate;
    let names = secrets::of(service);
    if names.is_empty() && service.github_secrets.is_empty() {
        return Vec::new();
    }
    let on_github = github_secrets::look(context, service, candidate.environment).await;
    let mut missing = secrets::missing(context, &names).await;
    if let Ok(needed) = &on_github {
        missing.extend(github_secrets::missing(needed).map(|name| format!("{name} (on GitHub)")));
    }
    let (outcome, found) = match (&on_github, missing.is_empty()) {
        (_, false) => (Outcome::Fail, format!("Secrets are missing: {}.", missing.join(", "))),
        (Err(refusal), true) => (Outcome::Inconclusive, refusal.message.clone()),
        (Ok(needed), true) => (Outcome::Pass, format!("All {} secrets exist.", names.len() + needed.len())),
    };
    vec![judged(candidate.seen(EvidenceKind::Secrets, "", outcome, found), |evidence| {
        let next = serde_json::json!({ "service": service.name, "environment": candidate.environment });
        let next = NextCall::new("verify_secret", next, "see which, and who needs them");
        let fix = "The operator sets them where the configuration says that they are.";
        candidate.blocker(Code::SecretMissing, &evidence.summary, fix, Some(next))
    })]
}
