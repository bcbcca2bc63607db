//! Make a release the live one.

use super::{Context, Done, Failure, Probe, failed};
use crate::domain::{release::ReleaseId, step::SwitchRelease};

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
    Ok(done(&step.to))
}

pub(super) async fn probe(step: &SwitchRelease, context: &Context<'_>) -> Probe {
    match current(context).await {
        Ok(current) if current.as_ref() == Some(&step.to) => Probe::Done(done(&step.to)),
        Ok(current) if current == step.from => Probe::NotStarted,
        Ok(current) => Probe::Unknown(Done::new(format!(
            "{} is live: neither the release of the plan nor the one before it.",
            name(current.as_ref())
        ))),
        Err(Failure::Failed(done) | Failure::Cancelled(done) | Failure::Unknown(done)) => Probe::Unknown(done),
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
    Ok(undone(step))
}

pub(super) async fn probe_undo(step: &SwitchRelease, context: &Context<'_>) -> Probe {
    match current(context).await {
        Ok(current) if current == step.from => Probe::Done(undone(step)),
        _ => Probe::NotStarted,
    }
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
