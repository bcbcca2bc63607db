//! The way back from a deployment, found before the way forth is planned.

use super::super::{Context, Describe, UNTIL_STAMPED, deploy_service::DeployService};
use crate::{
    domain::{
        evidence::{Evidence, EvidenceKind, Outcome},
        inventory::{Deploy, Service, Target},
        name::EnvironmentName,
        plan::{DatabaseStrategy, RollbackPlan},
        refusal::Refusal,
        release::{Deployment, DeploymentState},
        version::Revision,
    },
    world::releases::ReleaseState,
};

/// The rollback plan of a deployment, with the evidence that it can work.
pub(in crate::tools) async fn of_deployment(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
    target: &Target,
    subject: &str,
) -> Result<(RollbackPlan, Evidence), Refusal> {
    let live = live(context, service, environment).await?;
    let to = match &live {
        Some(deployment) => Some(revision_of(context, service, deployment).await?),
        None => None,
    };
    let (code, problem) = match (&service.deploy, &live) {
        (Deploy::Release(_), Some(deployment)) => of_release(context, target, deployment).await?,
        (Deploy::Release(_), None) => ("first deployment: take the new release offline again".to_owned(), None),
        (Deploy::Script(deploy), _) => match &deploy.rollback {
            Some(script) => (format!("run {}", script.path), None),
            None => ("none".to_owned(), Some("the service has no rollback script".to_owned())),
        },
    };
    let release = live.and_then(|deployment| deployment.release);
    let database = if target.databases.is_empty() { DatabaseStrategy::NotTouched } else { DatabaseStrategy::Keep };
    let outcome = if problem.is_none() { Outcome::Pass } else { Outcome::Fail };
    let evidence = Evidence {
        summary: problem.unwrap_or_else(|| code.clone()),
        collector: DeployService::NAME.to_owned(),
        ..context.reader.evidence(EvidenceKind::RollbackReady, subject, outcome, UNTIL_STAMPED)
    };
    Ok((RollbackPlan { to, release, code, database, rebuilt: false }, evidence))
}

/// What is live, as far as this server deployed it.
pub(in crate::tools) async fn live(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
) -> Result<Option<Deployment>, Refusal> {
    let history = context.records.deployments(&service.name, environment).await?;
    Ok(history.into_iter().find(|deployment| deployment.state == DeploymentState::Live))
}

/// What git says of a deployed version now. The tag may have moved or gone: then its commit counts.
pub(in crate::tools) async fn revision_of(
    context: Context<'_>,
    service: &Service,
    deployment: &Deployment,
) -> Result<Revision, Refusal> {
    if let Ok(revision) = context.reader.resolve_version(service, &deployment.version).await
        && revision.commit == deployment.commit
    {
        return Ok(revision);
    }
    let commit = deployment.commit.parse().map_err(|_| super::super::unwritable())?;
    Ok(context.reader.resolve_version(service, &commit).await?)
}

async fn of_release(
    context: Context<'_>,
    target: &Target,
    live: &Deployment,
) -> Result<(String, Option<String>), Refusal> {
    let Some(release) = &live.release else {
        return Ok(("none".to_owned(), Some("the live version was not deployed as a release".to_owned())));
    };
    let releases = context.reader.releases(target).await?;
    let placed = releases.placed.iter().find(|placed| placed.id == *release);
    if releases.current.as_ref() != Some(release) {
        return Ok((
            "none".to_owned(),
            Some(format!("the live link does not point to {release}: somebody changed it by hand")),
        ));
    }
    let Some(placed) = placed else {
        return Ok((format!("switch back to release {release}"), Some(format!("release directory {release} is gone"))));
    };
    // It is what users see now: going back to it brings just that back, and whoever approves should know.
    let as_placed = match &placed.artifact {
        Some(artifact) => context.reader.release_state(target, release, artifact).await? == ReleaseState::Intact,
        None => false,
    };
    let doubt = if as_placed { "" } else { ", whose files are not as they were placed" };
    Ok((format!("switch back to release {release}{doubt}"), None))
}
