//! The monitors that have to be silent after a deployment.

use super::super::Context;
use crate::domain::{
    alert::{Scope, judge},
    evidence::Outcome,
    inventory::{Environment, Service},
    name::EnvironmentName,
    step::{CheckMonitoring, Step},
    version::Version,
};

fn environment<'i>(context: Context<'i>, name: &EnvironmentName) -> Option<&'i Environment> {
    context.reader.inventory().environments.get(name).filter(|environment| !environment.monitoring.is_empty())
}

/// The step that asks them, where the environment names some.
pub(in crate::tools) fn step(context: Context<'_>, name: &EnvironmentName, version: &Version) -> Option<Step> {
    let environment = environment(context, name)?;
    Some(Step::CheckMonitoring(CheckMonitoring {
        version: version.clone(),
        monitors: environment.monitoring.clone(),
        watch_s: environment.monitoring_watch_s,
    }))
}

/// What would fail or hold up the deployment if it were not over by then.
pub(in crate::tools) async fn warning(
    context: Context<'_>,
    service: &Service,
    name: &EnvironmentName,
) -> Option<String> {
    let environment = environment(context, name)?;
    let monitors = &context.reader.inventory().monitors;
    let asked = environment.monitoring.iter().filter_map(|name| monitors.get(name));
    let readings = context.reader.read_monitors(asked).await;
    let services = [service.name.clone()];
    let standing = judge(readings, Scope { services: &services, environment: Some(name) });
    match standing.outcome {
        Outcome::Pass => None,
        Outcome::Fail => Some(format!(
            "{} critical alerts fire already: the deployment would be taken back, unless they end or are silenced.",
            standing.blocking()
        )),
        Outcome::Inconclusive => Some(format!(
            "Monitoring cannot be read: the deployment would wait for a human. {}.",
            standing.doubts.join("; ")
        )),
    }
}
