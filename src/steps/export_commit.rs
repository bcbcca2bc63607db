//! Export a commit into the operation's own directory.

use super::{Context, Done, Failure, Probe};
use crate::domain::step::ExportCommit;

pub(super) async fn run(step: &ExportCommit, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    context.world.export_commit(context.permit, service, &step.commit, Some(&step.tree)).await?;
    Ok(done(step))
}

pub(super) fn probe(step: &ExportCommit, context: &Context<'_>) -> Probe {
    // It appears by one rename, after it was verified.
    if context.world.reader().export_path(context.permit.operation(), &step.commit).is_dir() {
        Probe::Done(done(step))
    } else {
        Probe::NotStarted
    }
}

fn done(step: &ExportCommit) -> Done {
    let short = step.commit.get(..12).unwrap_or(&step.commit);
    Done::new(format!("Commit {short} is exported; every file has the hash that the commit says."))
}
