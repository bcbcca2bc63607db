//! Whether every secret that the service needs exists. Never a value.

use super::{super::drafting::github_secrets, Candidate, Seen, judged};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    inventory::Deploy,
    name::SecretName,
    refusal::{Code, NextCall},
};

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let Candidate { context, service, .. } = candidate;
    let scripts = match &service.deploy {
        Deploy::Script(deploy) => vec![Some(&deploy.script), deploy.rollback.as_ref()],
        Deploy::Release(deploy) => vec![deploy.migrate.as_ref()],
    };
    let granted = scripts.into_iter().flatten().flat_map(|script| &script.secrets);
    let mut names: Vec<&SecretName> = service.secrets.iter().chain(granted).collect();
    names.sort();
    names.dedup();
    if names.is_empty() && service.github_secrets.is_empty() {
        return Vec::new();
    }
    let on_github = github_secrets::look(context, service, candidate.environment).await;
    let mut missing = Vec::new();
    for name in &names {
        if !context.reader.secret_exists(name).await.is_ok_and(|state| state.exists) {
            missing.push(name.as_str());
        }
    }
    let mut missing: Vec<String> = missing.into_iter().map(str::to_owned).collect();
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
