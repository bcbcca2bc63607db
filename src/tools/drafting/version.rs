//! What a version was before.

use super::super::Context;
use crate::domain::{
    inventory::Service,
    name::EnvironmentName,
    refusal::{Code, Refusal},
    version::Revision,
};

/// Refuses a tag that named another commit when it was deployed: what was approved and proven under a name does not change below it.
pub(in crate::tools) async fn never_moved(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
    revision: &Revision,
) -> Result<(), Refusal> {
    let history = context.records.deployments(&service.name, environment).await?;
    let other = history.iter().find(|it| it.version == revision.version && it.commit != revision.commit);
    let Some(before) = other else { return Ok(()) };
    let short = |commit: &str| commit.get(..12).unwrap_or(commit).to_owned();
    let (then, now) = (short(&before.commit), short(&revision.commit));
    let moved = format!(
        "Tag {} named commit {then} when it was deployed on {}, and names {now} now.",
        before.version, before.at
    );
    Err(Refusal::new(
        Code::TagRefused,
        moved,
        "Tag the new commit with a new name, and find out who moved the old one.",
    )
    .with_evidence(format!("deployed by operation {}", before.operation)))
}
