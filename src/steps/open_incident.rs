//! Open an issue for an operation that went wrong. The marker in front of its text makes it one issue, however often it is opened.

use super::{Context, Done, Failure, Probe};
use crate::domain::issue::OpenIncident;

pub(super) async fn run(step: &OpenIncident, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let (number, new) = context.world.open_incident(context.permit, service, step).await?;
    Ok(if new { done(number) } else { Done::new(format!("Issue {number} was opened for this operation before.")) })
}

pub(super) async fn probe(step: &OpenIncident, context: &Context<'_>) -> Probe {
    let Ok((service, _)) = context.target() else { return Probe::NotStarted };
    let Ok(repository) = context.world.reader().github(service) else { return Probe::NotStarted };
    match repository.incident(step).await {
        Ok(Some(number)) => Probe::Done(done(number)),
        _ => Probe::NotStarted,
    }
}

fn done(number: u64) -> Done {
    Done::new(format!("Issue {number} is open for this operation."))
}
