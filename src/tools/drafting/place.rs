//! Where something belongs that is about a service and not about one of its targets.

use crate::domain::{
    inventory::{Inventory, Service},
    name::{EnvironmentName, ServiceName},
    refusal::{Code, Refusal},
};

/// The service, and the environment of its targets that wants the most care.
pub(in crate::tools) fn of<'i>(
    name: &ServiceName,
    inventory: &'i Inventory,
) -> Result<(&'i Service, &'i EnvironmentName), Refusal> {
    let service = inventory.service(name)?;
    let care = |name: &&EnvironmentName| inventory.environments.get(*name).map(|environment| environment.tier);
    let environment = service.targets.keys().max_by_key(care).ok_or_else(|| {
        Refusal::new(Code::Unconfigured, "The service has no target.", "The operator adds one to the configuration.")
    })?;
    Ok((service, environment))
}
