//! `run_smoke`: do the services and mailboxes answer?

use std::{cmp::Reverse, sync::Arc, time::Duration};

use futures::StreamExt;
use schemars::JsonSchema;
use serde::Deserialize;
use tokio::time::Instant;

use super::{
    Answer, Context, Describe, Query, Toolset,
    smoke_page::{self, Page, Shown},
};
use crate::{
    domain::{
        effect::Effect,
        inventory::SmokeKind,
        name::{EnvironmentName, MailboxName, ServiceName},
        refusal::{Code, Refusal},
    },
    world::{
        scripts::Placeholders,
        smoke::{SmokeReport, SmokeRun},
    },
};

/// How many services are looked at, at once.
const SERVICES_AT_ONCE: usize = 256;
/// How many mailboxes are logged in to at once: often one server has them all, and counts.
const LOGINS_AT_ONCE: usize = 8;
/// What has no answer by then is inconclusive: no call takes longer than 40 s.
const LIMIT: Duration = Duration::from_secs(35);

/// The tool.
#[derive(Debug)]
pub(super) struct RunSmoke;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The services; default all, unless mailboxes are given.
    #[serde(default)]
    #[schemars(length(max = 500))]
    services: Vec<ServiceName>,
    /// Mailboxes to log in to; default all, unless services or an environment are given.
    #[serde(default)]
    #[schemars(length(max = 200))]
    mailboxes: Vec<MailboxName>,
    /// Only in this environment.
    #[serde(default)]
    environment: Option<EnvironmentName>,
    /// Show the checks that passed as well.
    #[serde(default)]
    all_checks: bool,
    /// Of an earlier answer: shows its rest, checks nothing.
    #[serde(default)]
    #[schemars(length(max = 40))]
    cursor: Option<String>,
}

impl Describe for RunSmoke {
    const NAME: &'static str = "run_smoke";
    const TITLE: &'static str = "Run smoke checks";
    const DESCRIPTION: &'static str = "Checks that services answer: HTTP (status, redirects, headers, content, latency, certificate), DNS, \
        webhooks, databases, mailbox logins, smoke scripts; one, many or all at once. Shows what failed, with attempts and headers. \
        Only targets of the inventory. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Page;
}

impl Query for RunSmoke {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Page>, Refusal> {
        super::bounds::at_most("services", arguments.services.len(), 500)?;
        super::bounds::at_most("mailboxes", arguments.mailboxes.len(), 200)?;
        let shown = Shown { passed: arguments.all_checks, mailboxes: !arguments.mailboxes.is_empty() };
        if let Some(cursor) = &arguments.cursor {
            let rest = smoke_page::place(cursor).and_then(|(run, from)| Some((context.reader.smoke_run(run)?, from)));
            let (run, from) = rest.ok_or_else(|| {
                Refusal::new(Code::UnknownName, "The rest of that answer is gone.", "Call run_smoke without cursor.")
            })?;
            return Ok(smoke_page::answer(&run, from, shown));
        }
        let wanted = targets(&arguments, context)?;
        let mailboxes = mailboxes(&arguments, context, &wanted)?;
        if wanted.is_empty() && (mailboxes.is_empty() || !arguments.services.is_empty()) {
            return Err(Refusal::new(
                Code::UnknownName,
                "None of these services runs in that environment.",
                "Call list_services to see where they run.",
            ));
        }
        let run = Arc::new(run(context, wanted, mailboxes).await?);
        let answer = smoke_page::answer(&run, 0, shown);
        if answer.output.has_more() {
            context.reader.keep_smoke_run(&run);
        }
        Ok(answer)
    }
}

/// Makes all checks; the worst come first.
async fn run(
    context: Context<'_>,
    wanted: Vec<(&ServiceName, &EnvironmentName)>,
    mailboxes: Vec<&MailboxName>,
) -> Result<SmokeRun, Refusal> {
    let (begun, until) = (context.reader.now(), Instant::now() + LIMIT);
    let checks = wanted.into_iter().map(|(service, environment)| one(context, service, environment, until));
    let checks: Vec<_> = checks.map(Box::pin).collect();
    let checks = futures::stream::iter(checks).buffer_unordered(SERVICES_AT_ONCE).collect::<Vec<_>>();
    let logins: Vec<_> = mailboxes.into_iter().map(|name| context.reader.smoke_mailbox(name, until)).collect();
    let logins = futures::stream::iter(logins).buffered(LOGINS_AT_ONCE).collect::<Vec<_>>();
    let (services, mut mailboxes) = futures::future::join(checks, logins).await;
    let mut services = services.into_iter().collect::<Result<Vec<_>, _>>()?;
    services.sort_by_cached_key(|(service, environment, report)| {
        let warned = report.checks.iter().any(|check| check.warning.is_some());
        (Reverse((report.evidence.outcome.severity(), warned)), service.clone(), environment.clone())
    });
    mailboxes.sort_by_key(|mailbox| Reverse(mailbox.outcome.severity()));
    let duration_ms = context.reader.now().millis_since(begun);
    Ok(SmokeRun { id: super::random(), services, mailboxes, duration_ms })
}

/// The services that are checked, each where it runs.
fn targets<'a>(
    arguments: &'a Arguments,
    context: Context<'a>,
) -> Result<Vec<(&'a ServiceName, &'a EnvironmentName)>, Refusal> {
    let inventory = context.reader.inventory();
    if let Some(environment) = &arguments.environment {
        inventory.environment(environment)?;
    }
    let names: Vec<&ServiceName> = if arguments.services.is_empty() && arguments.mailboxes.is_empty() {
        inventory.services.keys().collect()
    } else {
        arguments.services.iter().collect()
    };
    let mut wanted = Vec::new();
    for name in names {
        let service = inventory.service(name)?;
        let targets = service.targets.keys();
        wanted.extend(
            targets
                .filter(|environment| arguments.environment.as_ref().is_none_or(|only| only == *environment))
                .map(|environment| (&service.name, environment)),
        );
    }
    Ok(wanted)
}

/// The mailboxes that are logged in to: those that were named, or all that no check of these services logs in to.
fn mailboxes<'a>(
    arguments: &'a Arguments,
    context: Context<'a>,
    services: &[(&ServiceName, &EnvironmentName)],
) -> Result<Vec<&'a MailboxName>, Refusal> {
    let inventory = context.reader.inventory();
    if !arguments.mailboxes.is_empty() {
        return arguments.mailboxes.iter().map(|name| inventory.mailbox(name).map(|mailbox| &mailbox.name)).collect();
    }
    if !arguments.services.is_empty() || arguments.environment.is_some() {
        return Ok(Vec::new());
    }
    let checks = services.iter().filter_map(|(name, _)| inventory.services.get(*name)).flat_map(|s| &s.smoke);
    let checked: Vec<&MailboxName> = checks
        .filter_map(|check| match &check.kind {
            SmokeKind::Mailbox { mailbox } => Some(mailbox),
            _ => None,
        })
        .collect();
    let to_ask = inventory.mailboxes.values().filter(|mailbox| mailbox.has_login() || !mailbox.aliases.is_empty());
    Ok(to_ask.map(|mailbox| &mailbox.name).filter(|name| !checked.contains(name)).collect())
}

async fn one(
    context: Context<'_>,
    name: &ServiceName,
    environment: &EnvironmentName,
    until: Instant,
) -> Result<(ServiceName, EnvironmentName, SmokeReport), Refusal> {
    let (service, environment, target) = context.reader.inventory().target(name, Some(environment))?;
    // Only scripts want to know.
    let live = if service.smoke.iter().any(|check| matches!(check.kind, SmokeKind::Script { .. })) {
        super::drafting::way_back::live(context, service, environment).await?
    } else {
        None
    };
    let live = live.map(|live| Placeholders::new(&live.version, &live.commit, environment, target, None));
    let subject = format!("{name} in {environment}");
    let report = context.reader.smoke_until(service, target, live.as_ref(), &subject, until).await;
    Ok((service.name.clone(), environment.clone(), report))
}
