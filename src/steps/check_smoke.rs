//! Check the service from outside. A failed check is an observation, not a failure of the step: the verdict judges it.

use super::{Context, Done, Failure};
use crate::{
    domain::{evidence::Outcome, step::CheckSmoke},
    world::scripts::Placeholders,
};

/// How long the observation counts, s.
const VALID: u32 = 15 * 60;

pub(super) async fn run(step: &CheckSmoke, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, target) = context.target()?;
    let body = context.permit.plan().body();
    // Going back makes another version live than the plan's own.
    let back = body.rollback.as_ref().and_then(|rollback| rollback.to.as_ref());
    let live = [body.revision.as_ref(), back].into_iter().flatten().find(|revision| revision.version == step.version);
    let previous = back.map(|back| &back.version);
    let placeholders = live
        .map(|revision| Placeholders::new(&revision.version, &revision.commit, &body.environment, target, previous));
    let subject = format!("{}@{}", service.name, step.version);
    let report = context.world.reader().smoke(service, target, placeholders.as_ref(), &subject, VALID).await?;
    let mut lines = Vec::new();
    for check in &report.checks {
        (context.progress)(format!("{}: {}", check.name, check.detail));
        if check.outcome != Outcome::Pass {
            lines.push(format!("{}: {}\n{}", check.name, check.detail, check.untrusted_text.as_deref().unwrap_or("")));
        }
    }
    Ok(Done {
        summary: report.evidence.summary.clone(),
        evidence: vec![report.evidence],
        untrusted_text: (!lines.is_empty()).then(|| lines.join("\n")),
    })
}
