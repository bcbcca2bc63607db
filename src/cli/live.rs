//! What is live where a plan would run, and what else is different since that was planned.

use crate::{
    domain::{
        facts::Drift,
        plan::Plan,
        refusal::Refusal,
        release::{Deployment, DeploymentState},
    },
    ledger::Ledger,
};

/// The live release of the plan's service, and the facts that differ between the plan that brought it and this one.
#[derive(Debug, Default)]
pub(crate) struct Live {
    pub(crate) deployment: Option<Deployment>,
    /// Empty as well when the old plan is not in the ledger.
    pub(crate) differences: Vec<Drift>,
}

impl Live {
    /// Looks it up.
    pub(crate) async fn of(ledger: &Ledger, plan: &Plan) -> Result<Self, Refusal> {
        let body = plan.body();
        let Some(service) = &body.service else { return Ok(Self::default()) };
        let all = ledger.deployments(service, &body.environment).await?;
        let Some(deployment) = all.into_iter().find(|deployment| deployment.state == DeploymentState::Live) else {
            return Ok(Self::default());
        };
        let before = match ledger.operation(&deployment.operation).await?.and_then(|operation| operation.plan) {
            Some(id) => ledger.plan(&id).await?,
            None => None,
        };
        let differences = before.map(|before| before.plan.body().facts.drift(&body.facts)).unwrap_or_default();
        Ok(Self { deployment: Some(deployment), differences })
    }
}
