//! Compare pages with what was accepted. A page that looks otherwise is an observation, not a failure of the step: the plan says whether
//! the verdict judges it.

use super::{Context, Done, Failure, pages, unseen};
use crate::domain::{
    evidence::{EvidenceKind, Outcome},
    step::CheckVisual,
};

/// How many pictures are taken in one look: a browser lives for half a minute.
const AT_ONCE: usize = 12;

pub(super) async fn run(step: &CheckVisual, context: &Context<'_>) -> Result<Done, Failure> {
    context.unless_cancelled("The looks at pages", observe(step, context)).await
}

async fn observe(step: &CheckVisual, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, target) = context.target()?;
    let environment = &context.permit.plan().body().environment;
    let pages = pages(service, &step.pages)?;
    let wanted: Vec<_> =
        pages.iter().flat_map(|page| page.viewports.iter().map(move |viewport| (*page, viewport))).collect();
    let reader = context.world.reader();
    let (mut evidence, mut lines) = (Vec::new(), Vec::new());
    for some in wanted.chunks(AT_ONCE) {
        let look = match reader.look_at_pages(service, environment, target, some, &*context.progress).await {
            Ok(look) => look,
            Err(error) => {
                evidence.extend(unseen(context, EvidenceKind::Visual, service, error).evidence);
                continue;
            }
        };
        for shot in look.shots.iter().filter(|shot| shot.outcome != Outcome::Pass) {
            let told = shot.untrusted_text.as_deref().unwrap_or_default();
            lines.push(format!("{} on {}: {}\n{told}", shot.page, shot.viewport, shot.detail));
        }
        evidence.push(look.evidence);
    }
    let summaries: Vec<&str> = evidence.iter().map(|one| one.summary.as_str()).collect();
    Ok(Done { summary: summaries.join(" "), untrusted_text: (!lines.is_empty()).then(|| lines.join("\n")), evidence })
}
