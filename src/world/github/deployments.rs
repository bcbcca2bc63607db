//! Deployments and their statuses (<https://docs.github.com/rest/deployments>).

use serde::Deserialize;
use serde_json::{Value, json};
use url::form_urlencoded::byte_serialize;

use super::{
    super::{World, WorldError},
    Listed, Repository, Writer,
    error::GitHubError,
    issues::User,
    once::{Once, once},
};
use crate::{
    domain::{
        github_deployment::{DeploymentStanding, TellDeployment},
        inventory::Service,
    },
    policy::Permit,
};

/// What came of telling how a deployment stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DeploymentTold {
    /// It has a new status.
    New,
    /// Its newest status said so already.
    Same,
    /// There is none, so there is nothing that is not live any more.
    Absent,
}

#[derive(Debug, Deserialize)]
struct Deployment {
    id: u64,
    #[serde(default)]
    payload: Value,
    #[serde(default)]
    creator: Option<User>,
}

#[derive(Debug, Deserialize)]
struct Status {
    id: u64,
    state: String,
    #[serde(default)]
    creator: Option<User>,
}

impl Deployment {
    /// The operation that it belongs to. GitHub gives a payload back as the object that it was, or as its text.
    fn belongs_to(&self, operation: &str) -> bool {
        let read: Option<Value> = self.payload.as_str().and_then(|text| serde_json::from_str(text).ok());
        let payload = read.as_ref().unwrap_or(&self.payload);
        payload.pointer("/deploy_ops/operation").and_then(Value::as_str) == Some(operation)
    }
}

impl Repository<'_> {
    async fn deployment(&self, step: &TellDeployment) -> Result<Option<u64>, GitHubError> {
        let doing = format!("list the deployments of {}", self.name());
        let encoded = |text: &str| byte_serialize(text.as_bytes()).collect::<String>();
        let (sha, task) = (encoded(&step.commit), encoded(&step.task()));
        let below = format!("/deployments?sha={sha}&task={task}&environment={}", encoded(step.environment.as_str()));
        let all: Vec<Deployment> = self.list(&doing, &below, Listed::Plain).await?;
        let us = self.us().await?;
        let ours = |one: &Deployment| us.wrote(one.creator.as_ref()) && one.belongs_to(step.about.operation.as_str());
        Ok(all.into_iter().filter(ours).map(|one| one.id).min())
    }

    /// What we said last of a deployment, when it is this.
    async fn stands(&self, deployment: u64, standing: DeploymentStanding) -> Result<Option<u64>, GitHubError> {
        let doing = format!("list the statuses of deployment {deployment} of {}", self.name());
        let all: Vec<Status> = self.list(&doing, &format!("/deployments/{deployment}/statuses"), Listed::Plain).await?;
        let us = self.us().await?;
        let newest = all.into_iter().filter(|status| us.wrote(status.creator.as_ref())).max_by_key(|status| status.id);
        Ok(newest.filter(|status| status.state == standing.as_text()).map(|status| status.id))
    }
}

impl World {
    /// Tells GitHub how the deployment of an operation stands. It is made when there is none, but never to say that it is not live.
    pub async fn tell_deployment(
        &self,
        permit: &Permit,
        service: &Service,
        step: &TellDeployment,
    ) -> Result<DeploymentTold, WorldError> {
        let writer = self.github(permit, service)?;
        let there = writer.reading();
        let doing = format!("make a deployment of {}", there.name());
        let new = json!({
            "ref": step.commit,
            "task": step.task(),
            "environment": step.environment,
            "production_environment": step.production,
            "auto_merge": false,
            // What has to be green before is for the gates to say.
            "required_contexts": [],
            "payload": { "deploy_ops": { "operation": step.about.operation } },
            "description": format!("{} to {}", step.service, step.environment),
        });
        let id = if step.standing == DeploymentStanding::Inactive {
            match there.deployment(step).await? {
                Some(id) => id,
                None => return Ok(DeploymentTold::Absent),
            }
        } else {
            let make = || async { Ok(writer.post::<Deployment>(&doing, "/deployments", &new).await?.id) };
            match once(|| there.deployment(step), make).await? {
                Once::Found(id) => id,
                Once::Made(id) => {
                    writer.give_status(id, DeploymentStanding::Queued, "queued").await?;
                    id
                }
            }
        };
        Ok(writer.give_status(id, step.standing, &step.description).await?)
    }
}

impl Writer<'_> {
    async fn give_status(
        &self,
        deployment: u64,
        standing: DeploymentStanding,
        description: &str,
    ) -> Result<DeploymentTold, GitHubError> {
        let there = self.reading();
        let doing = format!("give deployment {deployment} of {} a status", there.name());
        let status = json!({
            "state": standing.as_text(),
            "description": description,
            // Other services may share the repository and the environment: each says for itself what is live no more.
            "auto_inactive": false,
        });
        let below = format!("/deployments/{deployment}/statuses");
        let make = || async { Ok(self.post::<Status>(&doing, &below, &status).await?.id) };
        Ok(match once(|| there.stands(deployment, standing), make).await? {
            Once::Made(_) => DeploymentTold::New,
            Once::Found(_) => DeploymentTold::Same,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payload_is_read_as_an_object_and_as_a_text() {
        let of = |payload: Value| Deployment { id: 1, payload, creator: None }.belongs_to("op_1");
        let payload = json!({ "deploy_ops": { "operation": "op_1" } });
        assert!(of(payload.clone()) && of(json!(payload.to_string())));
        for other in [json!({ "deploy_ops": { "operation": "op_2" } }), json!("op_1"), json!({}), Value::Null] {
            assert!(!of(other.clone()), "{other}");
        }
    }
}
