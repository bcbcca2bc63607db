//! Replace a database by a snapshot.

use super::{Context, Done, Failure, Probe};
use crate::{domain::step::RestoreDatabase, world::snapshots::RestoreState};

pub(super) async fn run(step: &RestoreDatabase, context: &Context<'_>) -> Result<Done, Failure> {
    (context.progress)(format!("restoring {} beside the live database and comparing it", step.database));
    context.world.restore_database(context.permit, step).await?;
    Ok(done(step))
}

pub(super) async fn probe(step: &RestoreDatabase, context: &Context<'_>) -> Probe {
    match state(step, context).await {
        Ok(RestoreState::Done) => Probe::Done(done(step)),
        Ok(RestoreState::NotDone) => Probe::NotStarted,
        Ok(RestoreState::TakenBack) => Probe::Failed(undone(step)),
        Err(failure) => Probe::Unknown(failure.done()),
    }
}

pub(super) async fn undo(step: &RestoreDatabase, context: &Context<'_>) -> Result<Done, Failure> {
    context.world.take_back_restore(context.permit, step).await?;
    Ok(undone(step))
}

pub(super) async fn probe_undo(step: &RestoreDatabase, context: &Context<'_>) -> Probe {
    match state(step, context).await {
        Ok(RestoreState::TakenBack) => Probe::Done(undone(step)),
        _ => Probe::NotStarted,
    }
}

async fn state(step: &RestoreDatabase, context: &Context<'_>) -> Result<RestoreState, Failure> {
    Ok(context.world.reader().restore_state(context.permit.operation(), step).await?)
}

fn done(step: &RestoreDatabase) -> Done {
    Done::new(format!("Database {} is what snapshot {} holds; the old one is kept.", step.database, step.snapshot))
}

fn undone(step: &RestoreDatabase) -> Done {
    Done::new(format!("Database {} is the one it was before the restore.", step.database))
}
