//! `check_readiness`: may this version be deployed? Everything that stands in the way, with its evidence.

use std::cmp::Reverse;

use futures::future::join_all;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::sync::Semaphore;

use super::{
    About, Context, Describe, Observation, Observed, Toolset,
    bounds::WaitSeconds,
    drafting::place,
    readiness::{Candidate, Seen, gates},
    records::OperationView,
};
use crate::domain::{
    effect::Effect,
    evidence::{Evidence, EvidenceKind, Outcome},
    inventory::Inventory,
    name::{EnvironmentName, ServiceName},
    refusal::Refusal,
    version::{Revision, Version},
};

/// How many gates that are commands run at once.
const COMMANDS: usize = 2;
/// How many services are named in the status line.
const NAMED: usize = 10;

/// The tool.
#[derive(Debug)]
pub(super) struct CheckReadiness;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The services; default all of the environment.
    #[serde(default)]
    #[schemars(length(max = 500))]
    services: Vec<ServiceName>,
    /// Where; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// Git tag or commit; default what is checked out.
    #[serde(default)]
    version: Option<Version>,
    /// Run every gate again, also where one was green for this commit a short while ago.
    #[serde(default)]
    again: bool,
    /// How long to wait for it, s.
    #[serde(default)]
    wait_s: WaitSeconds,
}

impl Describe for CheckReadiness {
    const NAME: &'static str = "check_readiness";
    const TITLE: &'static str = "Check readiness";
    const DESCRIPTION: &'static str = "Pre-deployment check of one, many or all services: quality gates (run here or asked of GitHub), \
        secrets, .env keys, last backups, room, way back, window. Blockers first, each with evidence, fix and next call. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = OperationView;
}

impl Observation for CheckReadiness {
    fn wait_s(arguments: &Arguments) -> Option<u32> {
        arguments.wait_s.get()
    }

    fn about(arguments: &Arguments, inventory: &Inventory) -> Result<About, Refusal> {
        super::bounds::at_most("services", arguments.services.len(), 500)?;
        let (environment, services) = place::several(&arguments.services, arguments.environment.as_ref(), inventory)?;
        Ok(About::of(&services, environment, arguments.version.clone()))
    }

    async fn observe(arguments: Arguments, context: Context<'_>) -> Result<Observed, Refusal> {
        let inventory = context.reader.inventory();
        let (environment, services) = place::several(&arguments.services, arguments.environment.as_ref(), inventory)?;
        let turns = Semaphore::new(COMMANDS);
        let earlier = if arguments.again { Vec::new() } else { gates::earlier(context).await? };
        let version = arguments.version.as_ref();
        let looks = services.iter().map(|name| one(context, name, environment, version, &earlier, &turns));
        let looks = join_all(looks).await.into_iter().collect::<Result<Vec<_>, _>>()?;
        Ok(summed_up(&services, environment, looks))
    }
}

/// What was seen of one service.
struct Look {
    revision: Option<Revision>,
    seen: Vec<Seen>,
    /// Whether no gate guards it: then nothing is red either.
    ungated: bool,
}

async fn one(
    context: Context<'_>,
    name: &ServiceName,
    environment: &EnvironmentName,
    version: Option<&Version>,
    earlier: &[Evidence],
    turns: &Semaphore,
) -> Result<Look, Refusal> {
    let (service, environment, target) = context.reader.inventory().target(name, Some(environment))?;
    let ungated = service.gates.is_empty();
    let found = match version {
        Some(version) => context.reader.fetch_version(service, version).await,
        None => context.reader.head(service).await,
    };
    let revision = match found {
        Ok(revision) => revision,
        Err(error) => {
            let mut blocker = Refusal::from(error);
            let mut evidence = context.reader.evidence(
                EvidenceKind::Schedule,
                &format!("{name} in {environment}"),
                Outcome::Inconclusive,
                0,
            );
            evidence.collector.push_str(CheckReadiness::NAME);
            evidence.summary.clone_from(&blocker.message);
            blocker.message = format!("{name}: {}", blocker.message);
            let seen = vec![Seen { evidence, blocker: Some(blocker), wrote: None }];
            return Ok(Look { revision: None, seen, ungated });
        }
    };
    let candidate = Candidate { context, service, environment, target, revision: &revision, earlier, turns };
    // It looks at all things at once, which is much to keep on the stack of each of many services.
    let seen = Box::pin(candidate.look()).await;
    (context.progress)(format!("{name}: looked at"));
    Ok(Look { revision: Some(revision), seen, ungated })
}

fn summed_up(services: &[&ServiceName], environment: &EnvironmentName, looks: Vec<Look>) -> Observed {
    let count =
        |outcome| looks.iter().flat_map(|look| &look.seen).filter(|seen| seen.evidence.outcome == outcome).count();
    let (green, yellow, red) = (count(Outcome::Pass), count(Outcome::Inconclusive), count(Outcome::Fail));
    let what = match (services, looks.as_slice()) {
        ([name], [Look { revision: Some(revision), .. }]) => {
            let commit = revision.commit.get(..12).unwrap_or(&revision.commit);
            format!("{name} {} (commit {commit}) in {environment}", revision.version)
        }
        ([name], _) => format!("{name} in {environment}"),
        (all, _) => format!("{} services in {environment}", all.len()),
    };
    let waiting: Vec<&str> = services
        .iter()
        .zip(&looks)
        .filter(|(_, look)| look.seen.iter().any(|seen| seen.blocker.is_some()))
        .map(|(name, _)| name.as_str())
        .collect();
    let ungated: Vec<&str> =
        services.iter().zip(&looks).filter(|(_, look)| look.ungated).map(|(name, _)| name.as_str()).collect();
    let but = if ungated.is_empty() { String::new() } else { format!("; no quality gate guards {}", first(&ungated)) };
    let summary = if waiting.is_empty() {
        let well = if ungated.is_empty() { " ✓" } else { "" };
        format!("READY: {what}, {green} checks are green{well}{but}")
    } else {
        let whose = if services.len() == 1 { String::new() } else { format!("; look at {}", first(&waiting)) };
        format!("NOT READY: {what}, {red} red, {yellow} yellow, {green} green{whose}{but}")
    };
    let mut seen: Vec<Seen> = looks.into_iter().flat_map(|look| look.seen).collect();
    // Red before yellow before green; the order of the services within.
    seen.sort_by_key(|seen| Reverse(seen.evidence.outcome.severity()));
    let blockers = seen.iter().filter_map(|seen| seen.blocker.clone()).collect();
    let wrote: Vec<&str> = seen.iter().filter_map(|seen| seen.wrote.as_deref()).collect();
    let untrusted_text = (!wrote.is_empty()).then(|| wrote.join("\n"));
    let evidence = seen.into_iter().map(|seen| seen.evidence).collect();
    Observed { summary, blockers, evidence, untrusted_text }
}

fn first(names: &[&str]) -> String {
    let mut text = names.iter().take(NAMED).copied().collect::<Vec<_>>().join(", ");
    if names.len() > NAMED {
        text.push_str(&format!(" and {} more", names.len() - NAMED));
    }
    text
}
