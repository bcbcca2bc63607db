//! `run_lighthouse`: how good are the pages of services, measured?

use schemars::JsonSchema;
use serde::Deserialize;

use super::{About, Context, Describe, Observation, Observed, Toolset, bounds::WaitSeconds, records::OperationView};
use crate::{
    domain::{
        effect::Effect,
        evidence::Outcome,
        inventory::{Inventory, Page, Service, Target},
        name::{EnvironmentName, PageName, ServiceName},
        refusal::{Code, Refusal},
    },
    world::browser::Measurement,
};

/// How many services a call names at most: a page takes a minute.
const SERVICES: usize = 50;

/// The tool.
#[derive(Debug)]
pub(super) struct RunLighthouse;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Whose pages.
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
        let services: Vec<&ServiceName> = wanted.iter().map(|one| &one.service.name).collect();
        Ok(About::of(&services, first.environment, None))
    }

    async fn observe(arguments: Arguments, context: Context<'_>) -> Result<Observed, Refusal> {
        let wanted = wanted(&arguments, context.reader.inventory())?;
        let mut found = Vec::new();
        for Wanted { service, environment, target, pages } in &wanted {
            found.extend(context.reader.measure_pages(service, environment, target, pages, context.progress).await?);
        }
        Ok(summed_up(&wanted, found))
    }
}

/// A service with the pages that are measured.
struct Wanted<'i> {
    service: &'i Service,
    environment: &'i EnvironmentName,
    target: &'i Target,
    pages: Vec<&'i Page>,
}

fn wanted<'i>(arguments: &Arguments, inventory: &'i Inventory) -> Result<Vec<Wanted<'i>>, Refusal> {
    super::bounds::at_most("services", arguments.services.len(), SERVICES)?;
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
    if wanted.iter().all(|one| one.pages.is_empty()) { Err(nothing()) } else { Ok(wanted) }
}

fn nothing() -> Refusal {
    Refusal::new(Code::BadArgument, "There is no page to measure.", "Name a service whose target has a url.")
}

/// The worst decides. What is below its minimum is degraded: no reason to go back by itself.
fn summed_up(wanted: &[Wanted<'_>], found: Vec<Measurement>) -> Observed {
    let count = |outcome| found.iter().filter(|one| one.evidence.outcome == outcome).count();
    let (below, unclear, all) = (count(Outcome::Fail), count(Outcome::Inconclusive), found.len());
    let names: Vec<&str> = wanted.iter().map(|one| one.service.name.as_str()).collect();
    let names = names.join(", ");
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
    Observed { summary, blockers, evidence: found.into_iter().map(|one| one.evidence).collect(), untrusted_text }
}
