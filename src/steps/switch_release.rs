//! Make a release the live one.

use super::{Context, Done, Failure, Probe, failed};
use crate::{
    domain::{release::ReleaseId, step::SwitchRelease},
    world::releases::{OpcacheState, Reset},
};

pub(super) async fn run(step: &SwitchRelease, context: &Context<'_>) -> Result<Done, Failure> {
    let current = current(context).await?;
    if current.as_ref() != Some(&step.to) {
        if current != step.from {
            return Err(failed(format!(
                "{} is live, which the plan did not expect. Nothing was switched.",
                name(current.as_ref())
            )));
        }
        let (_, target) = context.target()?;
        context.world.switch_release(context.permit, target, Some(&step.to)).await?;
    }
    let mut done = done(&step.to);
    // Without it PHP may go on with the release before, and checks would look at that one.
    if let Some(said) = reset_opcache(step, Some(&step.to), step.from.as_ref(), context).await? {
        done.summary = format!("{} {said}", done.summary);
    }
    Ok(done)
}

pub(super) async fn probe(step: &SwitchRelease, context: &Context<'_>) -> Probe {
    match current(context).await {
        // Whether the OPcache was reset cannot be seen; to switch and reset again does no harm.
        Ok(current) if current.as_ref() == Some(&step.to) && step.reset_opcache.is_some() => Probe::NotStarted,
        Ok(current) if current.as_ref() == Some(&step.to) => Probe::Done(done(&step.to)),
        Ok(current) if current == step.from => Probe::NotStarted,
        Ok(current) => Probe::Unknown(Done::new(format!(
            "{} is live: neither the release of the plan nor the one before it.",
            name(current.as_ref())
        ))),
        Err(failure) => Probe::Unknown(failure.done()),
    }
}

pub(super) async fn undo(step: &SwitchRelease, context: &Context<'_>) -> Result<Done, Failure> {
    let current = current(context).await?;
    if current != step.from {
        if current.as_ref() != Some(&step.to) {
            return Err(failed(format!("{} is live, which is not ours to switch away from.", name(current.as_ref()))));
        }
        let (_, target) = context.target()?;
        context.world.switch_release(context.permit, target, step.from.as_ref()).await?;
    }
    let mut undone = undone(step);
    match reset_opcache(step, step.from.as_ref(), Some(&step.to), context).await {
        Ok(said) => undone.summary.extend(said.map(|said| format!(" {said}"))),
        // The way back is gone. Whether PHP goes it too is seen by the checks that follow.
        Err(failure) => {
            let why = failure.done().summary;
            undone.summary = format!("{} PHP's OPcache was not reset: {why}", undone.summary);
        }
    }
    Ok(undone)
}

pub(super) async fn probe_undo(step: &SwitchRelease, context: &Context<'_>) -> Probe {
    match current(context).await {
        Ok(current) if current == step.from && step.reset_opcache.is_none() => Probe::Done(undone(step)),
        _ => Probe::NotStarted,
    }
}

/// Resets PHP's OPcache, where that is wanted, for the release that is live now; what came of it.
async fn reset_opcache(
    step: &SwitchRelease,
    live: Option<&ReleaseId>,
    before: Option<&ReleaseId>,
    context: &Context<'_>,
) -> Result<Option<&'static str>, Failure> {
    let Some(web_root) = &step.reset_opcache else { return Ok(None) };
    let (_, target) = context.target()?;
    let state = context.world.reset_opcache(context.permit, target, Reset { web_root, live, before }).await?;
    Ok(live.map(|_| match state {
        OpcacheState::Reset => "PHP's OPcache was reset.",
        OpcacheState::Off => "PHP keeps no OPcache there.",
    }))
}

async fn current(context: &Context<'_>) -> Result<Option<ReleaseId>, Failure> {
    let (_, target) = context.target()?;
    Ok(context.world.live_release(context.permit, target).await?)
}

fn done(to: &ReleaseId) -> Done {
    Done::new(format!("Release {to} is live."))
}

fn undone(step: &SwitchRelease) -> Done {
    match &step.from {
        Some(from) => Done::new(format!("Release {from} is live again.")),
        None => Done::new("No release is live, as before."),
    }
}

fn name(release: Option<&ReleaseId>) -> String {
    release.map_or_else(|| "No release".to_owned(), |release| format!("Release {release}"))
}
