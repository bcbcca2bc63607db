//! Measure pages with Lighthouse. A page that misses what it has to reach is an observation, not a failure of the step, and so is one
//! that could not be measured: the verdict judges both.

use super::{Context, Done, Failure, pages, unseen};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    step::CheckLighthouse,
};

pub(super) async fn run(step: &CheckLighthouse, context: &Context<'_>) -> Result<Done, Failure> {
    context.unless_cancelled("The measurements", observe(step, context)).await
}

async fn observe(step: &CheckLighthouse, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, target) = context.target()?;
    let environment = &context.permit.plan().body().environment;
    let pages = pages(service, &step.pages)?;
    let measured = context.world.reader().measure_pages(service, environment, target, &pages, &*context.progress).await;
    let measured = match measured {
        Ok(measured) => measured,
        Err(error) => return Ok(unseen(context, EvidenceKind::Lighthouse, service, error)),
    };
    let bad = measured.iter().filter(|one| one.evidence.outcome != Outcome::Pass);
    let words: Vec<String> = bad
        .map(|one| {
            format!(
                "{}: {}\n{}",
                one.evidence.subject,
                one.missed.join(", "),
                one.untrusted_text.as_deref().unwrap_or("")
            )
        })
        .collect();
    let summaries: Vec<&str> = measured.iter().map(|one| one.evidence.summary.as_str()).collect();
    Ok(Done {
        summary: summaries.join(" "),
        untrusted_text: (!words.is_empty()).then(|| words.join("\n")),
        evidence: measured.into_iter().map(|one| one.evidence).collect(),
    })
}
