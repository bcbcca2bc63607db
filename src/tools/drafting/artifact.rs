//! The artifact of a release: built here from the commit, or fetched from GitHub.

use super::super::Context;
use crate::{
    domain::{
        inventory::{Deploy, Fetch, ReleaseDeploy, Service},
        refusal::Refusal,
        version::Revision,
    },
    world::{artifacts::Artifact, github::Offer},
};

/// Where a service's artifact is fetched from, when it is.
pub(in crate::tools) fn fetched(service: &Service) -> Option<&Fetch> {
    match &service.deploy {
        Deploy::Release(deploy) => deploy.fetch.as_ref(),
        Deploy::Script(_) => None,
    }
}

/// Makes the artifact of a revision, and keeps it; and what GitHub offered, where it comes from there.
pub(in crate::tools) async fn make(
    context: Context<'_>,
    service: &Service,
    deploy: &ReleaseDeploy,
    revision: &Revision,
) -> Result<(Artifact, Option<Offer>), Refusal> {
    let Some(fetch) = &deploy.fetch else {
        (context.progress)("building the artifact in a clean export".to_owned());
        return Ok((context.reader.build_artifact(service, deploy, revision).await?, None));
    };
    let offer = context.reader.artifact_offer(service, fetch, revision).await?;
    (context.progress)(format!("fetching {} from GitHub", offer.what));
    Ok((context.reader.fetch_artifact(service, deploy, &offer).await?, Some(offer)))
}
