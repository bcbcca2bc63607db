//! Secrets and variables on GitHub: whether they are there, since when, and who needs them. GitHub gives nobody a secret's value.

use std::collections::{BTreeMap, BTreeSet};

use futures::future::join_all;
use schemars::JsonSchema;
use serde::Serialize;

use super::super::{
    Context,
    drafting::{github_secrets, way_back},
};
use crate::{
    domain::{
        inventory::{Inventory, Service},
        name::{EnvironmentName, SecretName, ServiceName},
        refusal::Refusal,
        time::Time,
    },
    world::github::secrets::Stored,
};

/// A secret or a variable that a service's workflows need on GitHub.
#[derive(Debug, Serialize, JsonSchema)]
pub(in crate::tools) struct OnGitHub {
    /// Its name.
    pub(in crate::tools) name: SecretName,
    /// The service that needs it.
    needed_by: ServiceName,
    /// The workflow files, of what is live or else checked out, that name it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    workflows: Vec<String>,
    /// Where the service runs.
    environment: EnvironmentName,
    /// `exists`, `missing`, or `unknown` when GitHub does not say.
    pub(in crate::tools) state: &'static str,
    /// `secret` or `variable`.
    #[serde(skip_serializing_if = "Option::is_none")]
    kind: Option<&'static str>,
    /// Where GitHub keeps it: environment, repository or organisation.
    #[serde(skip_serializing_if = "Option::is_none")]
    keeper: Option<&'static str>,
    /// When it was last set (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_at: Option<Time>,
    /// Since when it should have been replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(in crate::tools) due_since: Option<Time>,
    /// Why it cannot be told.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// Whether a service's workflows need this name.
pub(in crate::tools) fn is_needed(inventory: &Inventory, name: &SecretName) -> bool {
    inventory.services.values().any(|service| service.github_secrets.contains(name))
}

/// What the services need on GitHub, of these names or of all.
pub(in crate::tools) async fn look(
    context: Context<'_>,
    names: &[SecretName],
    service: Option<&Service>,
    environment: Option<&EnvironmentName>,
) -> Vec<OnGitHub> {
    let services = context.reader.inventory().services.values();
    let services = services.filter(|one| service.is_none_or(|only| only.name == one.name));
    let places = services.flat_map(|service| service.targets.keys().map(move |environment| (service, environment)));
    let places = places.filter(|(_, there)| environment.is_none_or(|only| only == *there));
    let only: BTreeSet<&SecretName> = names.iter().collect();
    let looks = places.map(|(service, environment)| of_service(context, service, environment, &only));
    join_all(looks).await.into_iter().flatten().collect()
}

async fn of_service(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
    only: &BTreeSet<&SecretName>,
) -> Vec<OnGitHub> {
    let wanted = |name: &SecretName| only.is_empty() || only.contains(name);
    if !service.github_secrets.iter().any(wanted) {
        return Vec::new();
    }
    let days = context.reader.inventory().github.as_ref().and_then(|github| github.rotate_after_days);
    let now = context.reader.now();
    let workflows = workflows(context, service, environment).await;
    let naming = |name: &SecretName| {
        let files = workflows.iter().filter(|(_, names)| names.contains(&name.as_str().to_ascii_uppercase()));
        files.map(|(file, _)| file.clone()).collect()
    };
    let entry = |name: SecretName, state, stored: Option<Stored>, problem| {
        let due = stored.as_ref().filter(|stored| !stored.variable).zip(days);
        let due = due.map(|(stored, days)| stored.updated_at.plus_s(i64::from(days) * 24 * 60 * 60));
        OnGitHub {
            workflows: naming(&name),
            name,
            needed_by: service.name.clone(),
            environment: environment.clone(),
            state,
            kind: stored.as_ref().map(|stored| if stored.variable { "variable" } else { "secret" }),
            keeper: stored.as_ref().map(|stored| stored.keeper.describe()),
            updated_at: stored.map(|stored| stored.updated_at),
            due_since: due.filter(|due| *due <= now),
            problem,
        }
    };
    match github_secrets::look(context, service, environment).await {
        Ok(needed) => needed
            .into_iter()
            .filter(|(name, _)| wanted(name))
            .map(|(name, stored)| entry(name, if stored.is_some() { "exists" } else { "missing" }, stored, None))
            .collect(),
        Err(refusal) => {
            let names = service.github_secrets.iter().filter(|name| wanted(name));
            names.map(|name| entry(name.clone(), "unknown", None, Some(refusal.message.clone()))).collect()
        }
    }
}

/// The workflow files of what is live, or else checked out, and what each names; nothing when they cannot be read.
async fn workflows(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
) -> BTreeMap<String, BTreeSet<String>> {
    let found = async {
        let commit = match way_back::live(context, service, environment).await? {
            Some(live) => live.commit,
            None => context.reader.head(service).await?.commit,
        };
        Ok::<_, Refusal>(context.reader.workflow_names(service, &commit).await?)
    };
    found.await.unwrap_or_default()
}
