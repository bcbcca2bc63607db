//! Remove old releases.

use super::{Context, Done, Failure};
use crate::domain::step::PruneReleases;

pub(super) async fn run(step: &PruneReleases, context: &Context<'_>) -> Result<Done, Failure> {
    let (_, target) = context.target()?;
    let removed = context.world.prune_releases(context.permit, target, step).await?;
    Ok(Done::new(if removed.is_empty() {
        format!("No release is older than the {} that are kept.", step.keep)
    } else {
        let names: Vec<String> = removed.iter().map(ToString::to_string).collect();
        format!("Removed old releases: {}.", names.join(", "))
    }))
}
