//! Does the service answer?

use super::{Seen, Subject};
use crate::{
    domain::{
        clean::clean,
        evidence::{EvidenceKind, Outcome},
        refusal::{Code, Refusal},
    },
    tools::UNTIL_STAMPED,
    world::{scripts::Placeholders, smoke::SmokeReport},
};

/// How many checks are named.
const NAMED: usize = 5;

pub(super) async fn look(subject: Subject<'_>) -> Vec<Seen> {
    let Subject { context, service, environment, target, live, .. } = subject;
    if target.url.is_none() && service.smoke.is_empty() {
        return Vec::new();
    }
    let placeholders = live.map(|live| Placeholders::new(&live.version, &live.commit, environment, target, None));
    let name = format!("{} in {environment}", service.name);
    let looked = context.reader.smoke(service, target, placeholders.as_ref(), &name, UNTIL_STAMPED).await;
    (context.progress)(format!("{}: smoke checks made", service.name));
    vec![match looked {
        Ok(report) => judged(subject, report),
        Err(error) => {
            let refusal = Refusal::from(error);
            let evidence = subject.evidence(EvidenceKind::Smoke, Outcome::Inconclusive, refusal.message.clone());
            Seen { evidence, blocker: Some(refusal), wrote: None }
        }
    }]
}

fn judged(subject: Subject<'_>, report: SmokeReport) -> Seen {
    let bad: Vec<_> = report.checks.iter().filter(|check| check.outcome != Outcome::Pass).collect();
    if report.evidence.outcome == Outcome::Pass {
        return Seen { evidence: report.evidence, blocker: None, wrote: None };
    }
    let found: Vec<String> =
        bad.iter().take(NAMED).map(|check| format!("{}: {}", check.name, check.detail.trim_end_matches('.'))).collect();
    let message = format!("{}: {}.", subject.service.name, found.join("; "));
    let fix = "Find out why, or go back; then validate again.";
    let blocker = subject.next().into_iter().fold(Refusal::new(Code::NotHealthy, message, fix), Refusal::with_next);
    let wrote: Vec<String> = bad
        .iter()
        .filter_map(|check| {
            Some(format!("{}, {}:\n{}", subject.service.name, check.name, clean(check.untrusted_text.as_ref()?)))
        })
        .collect();
    Seen { evidence: report.evidence, blocker: Some(blocker), wrote: (!wrote.is_empty()).then(|| wrote.join("\n")) }
}
