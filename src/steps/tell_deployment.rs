//! Keep a deployment on GitHub in step with an operation. Its payload makes it one deployment.

use super::{Context, Done, Failure};
use crate::{domain::github_deployment::TellDeployment, world::github::DeploymentTold};

pub(super) async fn run(step: &TellDeployment, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let told = context.world.tell_deployment(context.permit, service, step).await?;
    let standing = step.standing.as_text();
    Ok(Done::new(match told {
        DeploymentTold::New => format!("Its deployment is {standing} now."),
        DeploymentTold::Same => format!("Its deployment is {standing} already."),
        DeploymentTold::Absent => "It has no deployment.".to_owned(),
    }))
}
