//! `validate_deployment`: is what is deployed well? Every check of services at once, with a verdict per criterion.

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    About, Context, Describe, Observation, Observed, Toolset,
    bounds::WaitSeconds,
    drafting::place,
    readiness::Seen,
    records::OperationView,
    validating::{self, Looked, Subject},
};
use crate::domain::{
    effect::Effect,
    inventory::Inventory,
    name::{EnvironmentName, ServiceName},
    query::signature,
    refusal::{NextCall, Refusal},
};

/// How many services are named in a sentence.
const NAMED: usize = 5;

/// The tool.
#[derive(Debug)]
pub(super) struct ValidateDeployment;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Default all of the environment.
    #[serde(default)]
    #[schemars(length(max = 500))]
    services: Vec<ServiceName>,
    /// May be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// How long to wait for it, s.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for ValidateDeployment {
    const NAME: &'static str = "validate_deployment";
    const TITLE: &'static str = "Validate a deployment";
    const DESCRIPTION: &'static str = "Post-deployment validation of one, many or all services: smoke, databases, E2E, Lighthouse, \
        monitoring; verdict per criterion, what is not configured, next calls. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Observation for ValidateDeployment {
    const JUDGED: bool = true;

    fn wait_s(arguments: &Arguments) -> Option<u32> {
        arguments.wait_s.get()
    }

    fn about(arguments: &Arguments, inventory: &Inventory) -> Result<About, Refusal> {
        super::bounds::at_most("services", arguments.services.len(), 500)?;
        let (environment, services) = place::several(&arguments.services, arguments.environment.as_ref(), inventory)?;
        Ok(About::of(&services, environment, None))
    }

    async fn observe(arguments: Arguments, context: Context<'_>) -> Result<Observed, Refusal> {
        let inventory = context.reader.inventory();
        let (environment, names) = place::several(&arguments.services, arguments.environment.as_ref(), inventory)?;
        let mut places = Vec::with_capacity(names.len());
        for name in &names {
            let (service, _, target) = inventory.target(name, Some(environment))?;
            places.push((service, target, validating::history(context, service, environment).await?));
        }
        let subjects: Vec<Subject<'_>> = places
            .iter()
            .map(|(service, target, (live, previous))| Subject {
                context,
                service,
                environment,
                target,
                live: live.as_ref(),
                previous: previous.as_ref(),
            })
            .collect();
        let mut looked = validating::look(&subjects).await;
        // Red before yellow before green; the order of the services within.
        looked.seen.sort_by_key(|seen| Reverse(seen.evidence.outcome.severity()));
        if inventory.search.is_some() {
            ask_others(&mut looked.seen);
        }
        Ok(summed_up(environment, &names, looked))
    }
}

/// Offers to search for what the first error that somebody wrote is called elsewhere.
fn ask_others(seen: &mut [Seen]) {
    let query = |seen: &Seen| seen.blocker.as_ref().and(seen.wrote.as_deref()).and_then(signature);
    let found = seen.iter_mut().find_map(|seen| Some((query(seen)?, seen)));
    let Some((query, Seen { blocker, .. })) = found else { return };
    let arguments = serde_json::json!({ "query": query });
    let next = NextCall::new("search_web", arguments, "see what others know about it");
    *blocker = blocker.take().map(|blocker| blocker.with_next(next));
}

fn summed_up(environment: &EnvironmentName, names: &[&ServiceName], looked: Looked) -> Observed {
    let Looked { seen, lacks } = looked;
    let what = match names {
        [one] => format!("{one} in {environment}"),
        all => format!("{} services in {environment}", all.len()),
    };
    let lacks: Vec<String> = lacks
        .iter()
        .map(|(what, whose)| match whose.len() {
            all if all == names.len() => (*what).to_owned(),
            1..=NAMED => format!("{what} of {}", whose.iter().map(ServiceName::as_str).collect::<Vec<_>>().join(", ")),
            some => format!("{what} of {some} services"),
        })
        .collect();
    let lacks = if lacks.is_empty() { String::new() } else { format!(" Not configured: {}.", lacks.join("; ")) };
    let wrote: Vec<&str> = seen.iter().filter_map(|seen| seen.wrote.as_deref()).collect();
    Observed {
        summary: format!("{what}.{lacks}"),
        blockers: seen.iter().filter_map(|seen| seen.blocker.clone()).collect(),
        untrusted_text: (!wrote.is_empty()).then(|| wrote.join("\n")),
        evidence: seen.into_iter().map(|seen| seen.evidence).collect(),
    }
}
