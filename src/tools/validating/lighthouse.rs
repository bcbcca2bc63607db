//! Are pages as fast and as sound as they have to be?

use super::{Seen, Subject};
use crate::{
    domain::{
        evidence::{EvidenceKind, Outcome},
        inventory::Page,
        refusal::{Code, NextCall, Refusal},
    },
    world::browser::Measurement,
};

pub(super) async fn look(subject: Subject<'_>) -> Vec<Seen> {
    let Subject { context, service, environment, target, .. } = subject;
    if !subject.measures_pages() {
        return Vec::new();
    }
    let pages: Vec<&Page> = service.pages.iter().collect();
    match context.reader.measure_pages(service, environment, target, &pages, context.progress).await {
        Ok(measured) => measured.into_iter().map(|one| judged(subject, one)).collect(),
        Err(error) => {
            let refusal = Refusal::from(error);
            let evidence = subject.evidence(EvidenceKind::Lighthouse, Outcome::Inconclusive, refusal.message.clone());
            vec![Seen { evidence, blocker: Some(refusal), wrote: None }]
        }
    }
}

fn judged(subject: Subject<'_>, Measurement { evidence, missed, untrusted_text }: Measurement) -> Seen {
    if evidence.outcome == Outcome::Pass {
        return Seen { evidence, blocker: None, wrote: None };
    }
    let found = if missed.is_empty() { evidence.summary.clone() } else { missed.join(", ") };
    let again = serde_json::json!({ "services": [subject.service.name], "environment": subject.environment });
    let blocker = Refusal::new(
        Code::NotHealthy,
        format!("{}: {found}", evidence.subject),
        "Mend what Lighthouse says is wrong, or change the minimum in deploy-ops.toml.",
    );
    let next = NextCall::new("run_lighthouse", again, "measure again, and see what is wrong");
    Seen { wrote: untrusted_text, blocker: Some(blocker.with_next(next)), evidence }
}
