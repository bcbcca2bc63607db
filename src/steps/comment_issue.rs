//! Tell in an issue how an operation went. The marker in front of the text makes it one comment, however often it is told.

use super::{Context, Done, Failure, Probe};
use crate::{domain::issue::CommentIssue, world::github::Commented};

pub(super) async fn run(step: &CommentIssue, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let commented = context.world.comment_issue(context.permit, service, step).await?;
    Ok(done(step, commented))
}

/// A comment that is there and says something else is changed by running it.
pub(super) async fn probe(step: &CommentIssue, context: &Context<'_>) -> Probe {
    let Ok((service, _)) = context.target() else { return Probe::NotStarted };
    let Ok(repository) = context.world.reader().github(service) else { return Probe::NotStarted };
    match repository.has_comment(step).await {
        Ok(true) => Probe::Done(done(step, Commented::Same)),
        _ => Probe::NotStarted,
    }
}

fn done(step: &CommentIssue, commented: Commented) -> Done {
    let issue = step.issue;
    Done::new(match commented {
        Commented::New => format!("Issue {issue} has a new comment."),
        Commented::Changed => format!("The comment in issue {issue} was brought up to date."),
        Commented::Same => format!("Issue {issue} has the comment already."),
    })
}
