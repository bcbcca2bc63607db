//! The keys of the target's `.env` beside those of `.env.example`: names only.

use super::{
    super::{inspecting::name, verify_secret},
    Candidate, Seen, judged,
};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    refusal::{Code, NextCall},
};

const WHAT: &str = ".env";
/// How many keys are named.
const NAMED: usize = 12;

pub(super) async fn look(candidate: Candidate<'_>) -> Vec<Seen> {
    let Candidate { context, service, environment, target, revision, .. } = candidate;
    let (Some(example), Some(env)) = (&service.env_example, &target.env_file) else { return Vec::new() };
    // What the new version needs, not what the live one does.
    let compared = verify_secret::compare_at(context, service, target, &revision.commit, example, env).await;
    let keys = match compared {
        Ok(keys) => keys,
        Err(refusal) => return vec![candidate.unseen(EvidenceKind::Secrets, WHAT, refusal)],
    };
    let (outcome, found) = if keys.missing.is_empty() {
        (Outcome::Pass, format!("All {} keys of {example} are set.", keys.present))
    } else {
        let named: Vec<String> = keys.missing.iter().take(NAMED).map(|key| name(key)).collect();
        let more = match keys.missing.len() - named.len() {
            0 => String::new(),
            more => format!(" and {more} more"),
        };
        (Outcome::Fail, format!(".env lacks keys of {example}: {}{more}.", named.join(", ")))
    };
    vec![judged(candidate.seen(EvidenceKind::Secrets, WHAT, outcome, found), |evidence| {
        let next = serde_json::json!({ "service": service.name, "environment": environment });
        let fix = "The operator sets them in the target's .env; no tool writes or shows values.";
        let next = NextCall::new("verify_secret", next, "compare the keys again");
        candidate.blocker(Code::SecretMissing, &evidence.summary, fix, Some(next))
    })]
}
