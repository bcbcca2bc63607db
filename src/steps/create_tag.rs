//! Give a commit an annotated tag. A tag that names the commit already is what was wanted; one that names another is a failure.

use super::{Context, Done, Failure, Probe};
use crate::{domain::step::CreateTag, world::github::Tagged};

pub(super) async fn run(step: &CreateTag, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let tagged = context.world.create_tag(context.permit, service, step).await?;
    Ok(done(step, tagged))
}

/// Done is what both GitHub and the repository here have; running it brings the rest.
pub(super) async fn probe(step: &CreateTag, context: &Context<'_>) -> Probe {
    let Ok((service, _)) = context.target() else { return Probe::NotStarted };
    let reader = context.world.reader();
    let Ok(repository) = reader.github(service) else { return Probe::NotStarted };
    let there = repository.tag_in_the_end(&step.tag).await;
    let here = reader.find_version(service, &step.tag).await;
    match (there, here) {
        (Ok(Some(there)), Ok(Some(here))) if there.commit == step.commit && here.commit == step.commit => {
            Probe::Done(done(step, Tagged { new: true, here: true }))
        }
        _ => Probe::NotStarted,
    }
}

fn done(step: &CreateTag, tagged: Tagged) -> Done {
    let commit = step.commit.get(..12).unwrap_or(&step.commit);
    let there = match (tagged.new, &step.signer) {
        (true, None) => "names",
        (true, Some(_)) => "is signed and names",
        (false, None) => "named before",
        (false, Some(_)) => "was not signed here and named before",
    };
    let here = if tagged.here {
        "the repository here has it too."
    } else {
        "fetch it into the repository here before it is deployed."
    };
    Done::new(format!("Tag {} {there} commit {commit} on GitHub; {here}", step.tag))
}
