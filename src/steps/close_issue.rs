//! Close an issue. Closing what is closed does nothing.

use super::{Context, Done, Failure};
use crate::domain::issue::CloseIssue;

pub(super) async fn run(step: &CloseIssue, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let was_open = context.world.close_issue(context.permit, service, step.issue).await?;
    let issue = step.issue;
    Ok(Done::new(if was_open {
        format!("Issue {issue} is closed.")
    } else {
        format!("Issue {issue} was closed before.")
    }))
}
