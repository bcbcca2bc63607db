//! `run_lighthouse`: how good are the pages of services, measured?

use std::cmp::Reverse;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    About, Context, Describe, Observation, Observed, Toolset, bounds::WaitSeconds, drafting::place,
    records::OperationView,
};
use crate::{
    domain::{
        effect::Effect,
        evidence::{EvidenceKind, Outcome},
        inventory::{Inventory, Page, Service, Target},
        name::{EnvironmentName, PageName, ServiceName},
        refusal::{Code, Refusal},
    },
    world::browser::Measurement,
};

/// How many services a call names at most: a page takes a minute.
const SERVICES: usize = 50;
/// How many of them are named in a sentence.
const NAMED: usize = 5;
/// A page whose turn has not come by then is not measured, s.
const LIMIT_S: u64 = 30 * 60;

/// The tool.
#[derive(Debug)]
pub(super) struct RunLighthouse;

/// The arguments.
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
    /// Default all.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schemars(with = "Vec<String>")]
    pages: Vec<PageName>,
    /// Seconds.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for RunLighthouse {
    const NAME: &'static str = "run_lighthouse";
    const TITLE: &'static str = "Run Lighthouse";
    const DESCRIPTION: &'static str =
        "Median Lighthouse scores of services' pages, by category, against their minimum. Takes minutes.";
    const TOOLSET: Toolset = Toolset::Quality;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Observation for RunLighthouse {
    fn wait_s(arguments: &Arguments) -> Option<u32> {
        arguments.wait_s.get()
    }

    fn about(arguments: &Arguments, inventory: &Inventory) -> Result<About, Refusal> {
        let wanted = wanted(arguments, inventory)?;
        let first = wanted.first().ok_or_else(nothing)?;
        Ok(About::of(&measured(&wanted), first.environment, None))
    }

    async fn observe(arguments: Arguments, context: Context<'_>) -> Result<Observed, Refusal> {
        let wanted = wanted(&arguments, context.reader.inventory())?;
        let begun = context.reader.now();
        let mut found = Vec::new();
        for one in &wanted {
            for page in &one.pages {
                if context.reader.now().seconds_since(begun) < LIMIT_S {
                    found.extend(measure(context, one, page, wanted.len() == 1).await?);
                } else {
                    let why = format!("the others took {LIMIT_S} s, before its turn had come; name it in services");
                    found.push(unmeasured(context, one, page, &why));
                }
            }
        }
        found.sort_by_key(|one| Reverse(one.evidence.outcome.severity()));
        Ok(summed_up(&wanted, found))
    }
}

/// Measures a page. What keeps one of several services from being looked at keeps none of the others.
async fn measure(
    context: Context<'_>,
    wanted: &Wanted<'_>,
    page: &Page,
    alone: bool,
) -> Result<Vec<Measurement>, Refusal> {
    let Wanted { service, environment, target, .. } = wanted;
    let measured = context.reader.measure_pages(service, environment, target, &[page], context.progress).await;
    let nobody_can = alone || context.reader.inventory().lighthouse.is_none();
    match measured.map_err(Refusal::from) {
        Err(refusal) if !nobody_can => Ok(vec![unmeasured(context, wanted, page, &refusal.message)]),
        result => result,
    }
}

fn unmeasured(context: Context<'_>, wanted: &Wanted<'_>, page: &Page, why: &str) -> Measurement {
    let subject = format!("{} {} in {}", wanted.service.name, page.name, wanted.environment);
    let outcome = Outcome::Inconclusive;
    let mut evidence = context.reader.evidence(EvidenceKind::Lighthouse, &subject, outcome, super::UNTIL_STAMPED);
    evidence.summary = format!("{subject}: not measured: {why}");
    RunLighthouse::NAME.clone_into(&mut evidence.collector);
    Measurement { evidence, missed: Vec::new(), untrusted_text: None }
}

/// A service with the pages that are measured.
struct Wanted<'i> {
    service: &'i Service,
    environment: &'i EnvironmentName,
    target: &'i Target,
    pages: Vec<&'i Page>,
}

/// The services that have a page to measure.
fn measured<'i>(wanted: &[Wanted<'i>]) -> Vec<&'i ServiceName> {
    wanted.iter().filter(|one| !one.pages.is_empty()).map(|one| &one.service.name).collect()
}

/// What is measured: of the services that are named, or of all that run there.
fn wanted<'i>(arguments: &Arguments, inventory: &'i Inventory) -> Result<Vec<Wanted<'i>>, Refusal> {
    super::bounds::at_most("services", arguments.services.len(), SERVICES)?;
    let wanted = if arguments.services.is_empty() { all(arguments, inventory) } else { named(arguments, inventory) }?;
    if wanted.iter().all(|one| one.pages.is_empty()) { Err(nothing()) } else { Ok(wanted) }
}

/// Every service of the environment, with what it has of the pages.
fn all<'i>(arguments: &Arguments, inventory: &'i Inventory) -> Result<Vec<Wanted<'i>>, Refusal> {
    let (environment, names) = place::several(&[], arguments.environment.as_ref(), inventory)?;
    let asked = |page: &&Page| arguments.pages.is_empty() || arguments.pages.contains(&page.name);
    let one = |name: &ServiceName| {
        let (service, environment, target) = inventory.target(name, Some(environment))?;
        let pages = service.pages.iter().filter(|page| target.url.is_some() && asked(page)).collect();
        Ok(Wanted { service, environment, target, pages })
    };
    names.into_iter().map(one).collect()
}

fn named<'i>(arguments: &Arguments, inventory: &'i Inventory) -> Result<Vec<Wanted<'i>>, Refusal> {
    let mut wanted: Vec<Wanted<'i>> = Vec::new();
    for name in &arguments.services {
        let (service, environment, target) = inventory.target(name, arguments.environment.as_ref())?;
        if wanted.first().is_some_and(|first| first.environment != environment) {
            return Err(Refusal::new(
                Code::BadArgument,
                "These services run in different environments.",
                "Give environment, or ask for one after the other.",
            ));
        }
        let pages = match arguments.pages.as_slice() {
            [] => service.pages.iter().collect(),
            named => named.iter().map(|name| service.page(name)).collect::<Result<_, _>>()?,
        };
        wanted.push(Wanted { service, environment, target, pages });
    }
    Ok(wanted)
}

fn nothing() -> Refusal {
    Refusal::new(Code::BadArgument, "There is no page to measure.", "Name a service whose target has a url.")
}

/// The worst decides. What is below its minimum is degraded: no reason to go back by itself.
fn summed_up(wanted: &[Wanted<'_>], found: Vec<Measurement>) -> Observed {
    let count = |outcome| found.iter().filter(|one| one.evidence.outcome == outcome).count();
    let (below, unclear, all) = (count(Outcome::Fail), count(Outcome::Inconclusive), found.len());
    let names = listed(&measured(wanted));
    let without: Vec<&ServiceName> =
        wanted.iter().filter(|one| one.pages.is_empty()).map(|one| &one.service.name).collect();
    let without =
        if without.is_empty() { String::new() } else { format!(" No page to measure: {}.", listed(&without)) };
    let summary = match (below, unclear) {
        (0, 0) => format!("PASS: Lighthouse of {names}: {all} of {all} pages are as good as they have to be ✓."),
        (0, _) => format!("INCONCLUSIVE: Lighthouse of {names}: {unclear} of {all} pages could not be measured."),
        _ => format!(
            "DEGRADED: Lighthouse of {names}: {below} of {all} pages miss their minimum, {unclear} could not be measured."
        ),
    };
    let blocker = |one: &Measurement| {
        let subject = &one.evidence.subject;
        match one.evidence.outcome {
            Outcome::Pass => None,
            Outcome::Fail => Some(Refusal::new(
                Code::GatesNotGreen,
                format!("{subject}: {}.", one.missed.join(", ")),
                "Mend what Lighthouse says is wrong, or change the minimum in deploy-ops.toml.",
            )),
            Outcome::Inconclusive => Some(Refusal::new(
                Code::GatesNotGreen,
                one.evidence.summary.clone(),
                "Look at the page with take_screenshot; check [lighthouse] with `deploy-ops doctor`.",
            )),
        }
    };
    let blockers = found.iter().filter_map(blocker).collect();
    let told: Vec<String> = found
        .iter()
        .filter(|one| one.evidence.outcome != Outcome::Pass)
        .filter_map(|one| Some(format!("{}:\n{}", one.evidence.subject, one.untrusted_text.as_ref()?)))
        .collect();
    let untrusted_text = (!told.is_empty()).then(|| told.join("\n"));
    let evidence = found.into_iter().map(|one| one.evidence).collect();
    Observed { summary: summary + &without, blockers, evidence, untrusted_text }
}

/// The services by name, or how many they are.
fn listed(services: &[&ServiceName]) -> String {
    match services.len() {
        ..=NAMED => services.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", "),
        many => format!("{many} services"),
    }
}
