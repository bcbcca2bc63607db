//! `run_e2e`: do users still get through?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    About, Context, Describe, Observation, Observed, Toolset, bounds::WaitSeconds, drafting::way_back,
    records::OperationView, suites::kept,
};
use crate::{
    domain::{
        e2e::TestId,
        effect::Effect,
        evidence::Evidence,
        inventory::{EndToEndSuite, Inventory, Service, Target},
        name::{EnvironmentName, FlowName, ServiceName},
        refusal::{Code, Refusal},
        verdict::{self, EndToEndCounts, Judgement},
    },
    world::e2e::{Part, SuiteCall, runs_alone},
};

/// How many services a call names at most.
const SERVICES: usize = 100;
/// How many flows.
const FLOWS: usize = 50;

/// The tool.
#[derive(Debug)]
pub(super) struct RunE2e;

/// The arguments. Every client carries their schema along, so it says no more than it must.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    services: Vec<ServiceName>,
    /// Where.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    environment: Option<EnvironmentName>,
    /// These flows.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    flows: Vec<FlowName>,
    /// One failed test, traced.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    #[schemars(with = "String")]
    test: Option<TestId>,
    /// Seconds.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for RunE2e {
    const NAME: &'static str = "run_e2e";
    const TITLE: &'static str = "Run end-to-end tests";
    const DESCRIPTION: &'static str =
        "Runs the E2E suites of services: failed tests with error, screenshot, hints; flaky apart.";
    const TOOLSET: Toolset = Toolset::Quality;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Observation for RunE2e {
    fn wait_s(arguments: &Arguments) -> Option<u32> {
        arguments.wait_s.get()
    }

    fn about(arguments: &Arguments, inventory: &Inventory) -> Result<About, Refusal> {
        let wanted = wanted(arguments, inventory)?;
        let first = wanted.first().ok_or_else(no_suite)?;
        let services: Vec<&ServiceName> = wanted.iter().map(|one| &one.service.name).collect();
        Ok(About::of(&services, first.environment, None))
    }

    async fn observe(arguments: Arguments, context: Context<'_>) -> Result<Observed, Refusal> {
        let mut wanted = wanted(&arguments, context.reader.inventory())?;
        if let Some(id) = &arguments.test {
            wanted = vec![alone(context, id, &wanted).await?];
        }
        let mut evidence = Vec::new();
        let mut doubts = Vec::new();
        for one in &wanted {
            let live = way_back::live(context, one.service, one.environment).await?;
            let commit = match &live {
                Some(live) => live.commit.clone(),
                None => context.reader.head(one.service).await?.commit,
            };
            if live.is_none() {
                doubts.push(one.service.name.as_str());
            }
            for (suite, parts) in &one.suites {
                let trusted = live.is_some() || suite.directory.is_some();
                let Wanted { service, environment, target, .. } = one;
                let call = SuiteCall { service, environment, target, suite, commit: Some(&commit), trusted };
                evidence.extend(context.reader.run_suite(call, parts, context.progress).await);
            }
        }
        let mut summary = summed_up(&wanted, &evidence);
        if !doubts.is_empty() {
            summary.push_str(&format!(
                " Nothing is deployed by this server of {}: the tests are those of what is checked out.",
                doubts.join(", ")
            ));
        }
        Ok(Observed { summary, blockers: Vec::new(), evidence, untrusted_text: None })
    }
}

/// A service with the parts of its suites that are run.
struct Wanted<'i> {
    service: &'i Service,
    environment: &'i EnvironmentName,
    target: &'i Target,
    suites: Vec<(&'i EndToEndSuite, Vec<Part>)>,
}

/// What is run: of each service the suites that have one of the flows, or all.
fn wanted<'i>(arguments: &Arguments, inventory: &'i Inventory) -> Result<Vec<Wanted<'i>>, Refusal> {
    super::bounds::at_most("services", arguments.services.len(), SERVICES)?;
    super::bounds::at_most("flows", arguments.flows.len(), FLOWS)?;
    if arguments.test.is_some() && !arguments.flows.is_empty() {
        return Err(bad("A test is run alone, without flows.", "Leave out flows, or test."));
    }
    let services: Vec<&Service> = if arguments.services.is_empty() {
        inventory.services.values().filter(|service| !service.e2e.is_empty()).collect()
    } else {
        let named = arguments.services.iter().map(|name| inventory.service(name));
        named.collect::<Result<Vec<_>, _>>()?
    };
    let flows = services.iter().flat_map(|service| &service.e2e).flat_map(|suite| suite.flows.keys());
    let known: Vec<&str> = flows.map(FlowName::as_str).collect();
    if let Some(unknown) = arguments.flows.iter().find(|flow| !known.contains(&flow.as_str())) {
        return Err(Refusal::unknown_name("flow", unknown.as_str(), known));
    }
    let environment = environment(arguments, inventory, &services)?;
    let mut wanted = Vec::new();
    for service in services {
        // Of all services those that run there; what was named has to.
        let (service, environment, target) = match inventory.target(&service.name, environment) {
            Ok(found) => found,
            Err(_) if arguments.services.is_empty() => continue,
            Err(refusal) => return Err(refusal),
        };
        let suites: Vec<_> = service.e2e.iter().map(|suite| (suite, parts(suite, &arguments.flows))).collect();
        let suites: Vec<_> = suites.into_iter().filter(|(_, parts)| !parts.is_empty()).collect();
        if !suites.is_empty() {
            wanted.push(Wanted { service, environment, target, suites });
        }
    }
    if wanted.is_empty() { Err(no_suite()) } else { Ok(wanted) }
}

/// One environment for all: an operation is about one.
fn environment<'i>(
    arguments: &Arguments,
    inventory: &'i Inventory,
    services: &[&Service],
) -> Result<Option<&'i EnvironmentName>, Refusal> {
    match (&arguments.environment, services) {
        (Some(name), _) => Ok(Some(&inventory.environment(name)?.name)),
        (None, [_]) => Ok(None),
        (None, _) => match inventory.environments.keys().collect::<Vec<_>>().as_slice() {
            [only] => Ok(Some(only)),
            all => {
                let names: Vec<&str> = all.iter().map(|name| name.as_str()).collect();
                let fix = format!("Give environment as one of: {}.", names.join(", "));
                Err(bad("There is more than one environment.", &fix))
            }
        },
    }
}

fn parts(suite: &EndToEndSuite, flows: &[FlowName]) -> Vec<Part> {
    if flows.is_empty() {
        return vec![Part::Whole];
    }
    flows.iter().filter(|flow| suite.flows.contains_key(flow)).cloned().map(Part::Flow).collect()
}

/// The one test that is wanted, where it stood when it failed.
async fn alone<'i>(context: Context<'i>, id: &TestId, wanted: &[Wanted<'i>]) -> Result<Wanted<'i>, Refusal> {
    let (run, test) = kept::test(context, id).await?;
    let its = wanted.iter().find(|one| one.service.name == run.service);
    let suite = its.and_then(|one| one.suites.iter().find(|(suite, _)| suite.name == run.suite));
    let (Some(its), Some((suite, _))) = (its, suite) else {
        return Err(bad("That test belongs to no suite that is asked for.", "Leave out services, or name its own."));
    };
    let Some(place) = test.place.filter(|_| runs_alone(suite.format)) else {
        return Err(Refusal::new(
            Code::Unsupported,
            "A test of that suite cannot be run alone: its report does not say where it stands.",
            "Run its flow, or the whole suite.",
        ));
    };
    let suites = vec![(*suite, vec![Part::Test(id.clone(), place)])];
    Ok(Wanted { service: its.service, environment: its.environment, target: its.target, suites })
}

/// The judgement of all tests together, with the numbers.
fn summed_up(wanted: &[Wanted<'_>], evidence: &[Evidence]) -> String {
    let counts = evidence.iter().map(EndToEndCounts::of).reduce(EndToEndCounts::and).unwrap_or_default();
    let seen = verdict::end_to_end(counts);
    let names: Vec<&str> = wanted.iter().map(|one| one.service.name.as_str()).collect();
    let environment = wanted.first().map(|one| one.environment.as_str()).unwrap_or_default();
    let (word, mark) = match seen.judgement {
        Judgement::Success => ("PASS", " ✓"),
        Judgement::Degraded => ("DEGRADED", ""),
        Judgement::Inconclusive => ("INCONCLUSIVE", ""),
        Judgement::Failed => ("FAIL", ""),
    };
    // What stands behind `PASS:` is a word, or it would look like a password.
    let mut text =
        format!("{word}: tests of {} in {environment}, end to end: {}{mark}.", names.join(", "), seen.reason);
    if let Some(doubt) = evidence.iter().find(|one| one.outcome == crate::domain::evidence::Outcome::Inconclusive) {
        text.push_str(&format!(" {}", doubt.summary));
    }
    text
}

fn no_suite() -> Refusal {
    bad(
        "None of these services has a suite of end-to-end tests there.",
        "The operator adds [[services.<name>.e2e]] to deploy-ops.toml; list_services shows where services run.",
    )
}

fn bad(message: &str, fix: &str) -> Refusal {
    Refusal::new(Code::BadArgument, message, fix)
}
