//! Where something belongs that is about services and not about one of their targets.

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

/// Where, and which services, by name: those that were named, all of which must run there, or all that do.
pub(in crate::tools) fn several<'i>(
    names: &[ServiceName],
    environment: Option<&EnvironmentName>,
    inventory: &'i Inventory,
) -> Result<(&'i EnvironmentName, Vec<&'i ServiceName>), Refusal> {
    let environment = match environment {
        Some(name) => &inventory.environment(name)?.name,
        None => match (names, inventory.environments.keys().next()) {
            ([one], _) => inventory.target(one, None)?.1,
            (_, Some(only)) if inventory.environments.len() == 1 => only,
            _ => {
                let names: Vec<&str> = inventory.environments.keys().map(EnvironmentName::as_str).collect();
                return Err(Refusal::new(
                    Code::BadArgument,
                    "There is more than one environment.",
                    format!("Give environment as one of: {}.", names.join(", ")),
                ));
            }
        },
    };
    let mut services = Vec::new();
    for name in names {
        services.push(&inventory.target(name, Some(environment))?.0.name);
    }
    if services.is_empty() {
        let there = inventory.services.values().filter(|service| service.targets.contains_key(environment));
        services.extend(there.map(|service| &service.name));
    }
    services.sort();
    services.dedup();
    if services.is_empty() {
        return Err(Refusal::new(
            Code::UnknownName,
            "No service runs in that environment.",
            "Call list_services to see where they run.",
        ));
    }
    Ok((environment, services))
}
