//! Can users still do what they come for?

use super::{Seen, Subject};
use crate::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        refusal::{Code, NextCall, Refusal},
    },
    world::e2e::{Part, SuiteCall},
};

/// Of how many failed tests the words are kept.
const QUOTED: usize = 5;

pub(super) async fn look(subject: Subject<'_>) -> Vec<Seen> {
    let Subject { context, service, environment, target, live, .. } = subject;
    let mut seen = Vec::new();
    if service.e2e.is_empty() {
        return seen;
    }
    let commit = match live {
        Some(live) => live.commit.clone(),
        None => match context.reader.head(service).await {
            Ok(revision) => revision.commit,
            Err(error) => {
                let refusal = Refusal::from(error);
                let evidence = subject.evidence(EvidenceKind::EndToEnd, Outcome::Inconclusive, refusal.message.clone());
                return vec![Seen { evidence, blocker: Some(refusal), wrote: None }];
            }
        },
    };
    for suite in &service.e2e {
        // Code that this server did not deploy gets no secret.
        let trusted = live.is_some() || suite.directory.is_some();
        let call = SuiteCall { service, environment, target, suite, commit: Some(&commit), trusted };
        for evidence in context.reader.run_suite(call, &[Part::Whole], context.progress).await {
            let blocker = (evidence.outcome != Outcome::Pass).then(|| {
                let again = serde_json::json!({ "services": [service.name], "environment": environment });
                let again = NextCall::new("run_e2e", again, "run them again, and see each failed test");
                let next = std::iter::once(again).chain(subject.next());
                let fix = "Look at the failed tests; mend the service or the test.";
                next.fold(Refusal::new(Code::NotHealthy, evidence.summary.clone(), fix), Refusal::with_next)
            });
            let mut words = context.reader.suite_words(&evidence).await.unwrap_or_default();
            words.truncate(QUOTED);
            seen.push(Seen { evidence, blocker, wrote: (!words.is_empty()).then(|| words.join("\n")) });
        }
    }
    seen
}
