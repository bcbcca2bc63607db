//! Tell in the issue about all deployments of a service how an operation goes. Markers make it one issue and one comment.

use super::{Context, Done, Failure};
use crate::{domain::issue::TellProgress, world::github::Commented};

pub(super) async fn run(step: &TellProgress, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let (issue, commented) = context.world.tell_progress(context.permit, service, step).await?;
    Ok(Done::new(match commented {
        Commented::New => format!("Issue {issue} has a comment about it."),
        Commented::Changed => format!("The comment in issue {issue} was brought up to date."),
        Commented::Same => format!("The comment in issue {issue} is up to date."),
    }))
}
