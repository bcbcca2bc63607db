//! The secrets and variables that a service's workflows need on GitHub: whether they are there, never their values.

use super::super::Context;
use crate::{
    domain::{
        facts::Facts,
        inventory::Service,
        name::{EnvironmentName, SecretName},
        refusal::Refusal,
    },
    world::github::secrets::Stored,
};

/// A name that is needed, and where GitHub has it.
pub(in crate::tools) type Needed = (SecretName, Option<Stored>);

/// Every name that the service needs there; nothing, and no question, when it needs none.
pub(in crate::tools) async fn look(
    context: Context<'_>,
    service: &Service,
    environment: &EnvironmentName,
) -> Result<Vec<Needed>, Refusal> {
    if service.github_secrets.is_empty() {
        return Ok(Vec::new());
    }
    let stored = context.reader.stored_on_github(service, environment).await?;
    let found = |name: &SecretName| stored.iter().find(|stored| stored.name == name.as_str()).cloned();
    Ok(service.github_secrets.iter().map(|name| (name.clone(), found(name))).collect())
}

/// The names of those that are not there.
pub(in crate::tools) fn missing(needed: &[Needed]) -> impl Iterator<Item = &SecretName> {
    needed.iter().filter(|(_, stored)| stored.is_none()).map(|(name, _)| name)
}

/// A plan is bound to when they were set: one that is replaced or removed meanwhile makes it stale.
pub(in crate::tools) fn states(looked: &Result<Vec<Needed>, Refusal>, facts: &mut Facts) {
    match looked {
        Ok(needed) => {
            for (name, stored) in needed {
                let state = stored.as_ref().map_or_else(
                    || "missing".to_owned(),
                    |stored| format!("set in the {} at {}", stored.keeper.describe(), stored.updated_at),
                );
                facts.set(format!("{name} on GitHub"), state);
            }
        }
        Err(_) => facts.set("names on GitHub", "cannot be told"),
    }
}
