//! Put an artifact into a new release directory.

use super::{Context, Done, Failure, Probe};
use crate::{domain::step::PlaceRelease, world::releases::ReleaseState};

pub(super) async fn run(step: &PlaceRelease, context: &Context<'_>) -> Result<Done, Failure> {
    let (_, target) = context.target()?;
    context.world.place_release(context.permit, target, step).await?;
    Ok(done(step))
}

pub(super) async fn probe(step: &PlaceRelease, context: &Context<'_>) -> Probe {
    let Ok((_, target)) = context.target() else { return Probe::NotStarted };
    match context.world.reader().release_state(target, &step.release, &step.artifact).await {
        Ok(ReleaseState::Intact) => Probe::Done(done(step)),
        _ => Probe::NotStarted,
    }
}

pub(super) async fn undo(step: &PlaceRelease, context: &Context<'_>) -> Result<Done, Failure> {
    let (_, target) = context.target()?;
    context.world.discard_partial_release(context.permit, target, &step.release).await?;
    Ok(Done::new(format!("Release {} is not live; its directory stays until old releases are removed.", step.release)))
}

fn done(step: &PlaceRelease) -> Done {
    Done::new(format!("Release {} is placed from artifact {}.", step.release, step.artifact.short()))
}
