//! `run_smoke`: do the services and mailboxes answer?

use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Describe, Query, Toolset};
use crate::{
    domain::{
        clean::clean,
        effect::Effect,
        evidence::Outcome,
        inventory::SmokeKind,
        name::{EnvironmentName, MailboxName, ServiceName},
        refusal::{Code, NextCall, Refusal},
    },
    world::{scripts::Placeholders, smoke},
};

/// How many mailboxes are logged in to at once: often one server has them all, and counts.
const LOGINS_AT_ONCE: usize = 8;

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
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// `PASS` only when every check of every service passed.
    outcome: Outcome,
    /// Checks that were made.
    checks: u64,
    /// Checks that passed.
    passed: u64,
    /// Wanted HTTP answers of all HTTP checks, 0 to 1; absent without HTTP checks.
    #[serde(skip_serializing_if = "Option::is_none")]
    http_200_rate: Option<f64>,
    /// From the first check to the last answer, ms.
    duration_ms: u64,
    /// One line per service.
    services: Vec<ServiceResult>,
    /// Mailboxes that did not pass, and those that were named; all of them with all_checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<CheckResult>,
}

/// One service in one environment.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceResult {
    service: ServiceName,
    environment: EnvironmentName,
    outcome: Outcome,
    passed: u64,
    checks: u64,
    /// Checks that did not pass; all of them with all_checks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<CheckResult>,
}

/// One check.
#[derive(Debug, Serialize, JsonSchema)]
struct CheckResult {
    check: String,
    outcome: Outcome,
    /// What was found, in one sentence.
    found: String,
    duration_ms: u64,
    /// What the page or script wrote.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
}

impl CheckResult {
    fn of(check: smoke::CheckResult) -> Self {
        Self {
            check: check.name,
            outcome: check.outcome,
            found: check.detail,
            duration_ms: check.time_ms,
            untrusted_text: check.untrusted_text.map(|text| clean(&text)),
        }
    }
}

impl Describe for RunSmoke {
    const NAME: &'static str = "run_smoke";
    const TITLE: &'static str = "Run smoke checks";
    const DESCRIPTION: &'static str = "Checks that services answer: HTTP status and content of their URLs, databases, mailbox logins \
        (SMTP, IMAP), smoke scripts; one, many or all at once. Shows what failed. Only targets of the inventory. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for RunSmoke {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        super::bounds::at_most("services", arguments.services.len(), 500)?;
        super::bounds::at_most("mailboxes", arguments.mailboxes.len(), 200)?;
        let wanted = targets(&arguments, context)?;
        let mailboxes = mailboxes(&arguments, context, &wanted)?;
        if wanted.is_empty() && (mailboxes.is_empty() || !arguments.services.is_empty()) {
            return Err(Refusal::new(
                Code::UnknownName,
                "None of these services runs in that environment.",
                "Call list_services to see where they run.",
            ));
        }
        let begun = context.reader.now();
        let checks =
            wanted.iter().map(|(service, environment)| one(context, service, environment, arguments.all_checks));
        let logins: Vec<_> = mailboxes.into_iter().map(|name| context.reader.smoke_mailbox(name)).collect();
        let logins = futures::stream::iter(logins).buffered(LOGINS_AT_ONCE).collect::<Vec<_>>();
        let (results, mailboxes) = futures::future::join(futures::future::join_all(checks), logins).await;
        let mut services = Vec::with_capacity(results.len());
        let (mut http, mut http_passed) = (0, 0);
        for result in results {
            let (service, of_http, of_http_passed) = result?;
            http += of_http;
            http_passed += of_http_passed;
            services.push(service);
        }
        let count = |all: usize| u64::try_from(all).unwrap_or(u64::MAX);
        let good = mailboxes.iter().filter(|mailbox| mailbox.outcome == Outcome::Pass).count();
        let checks = services.iter().map(|service| service.checks).sum::<u64>() + count(mailboxes.len());
        let passed = services.iter().map(|service| service.passed).sum::<u64>() + count(good);
        let outcomes = services.iter().map(|service| service.outcome);
        let outcome = worst(outcomes.chain(mailboxes.iter().map(|mailbox| mailbox.outcome)), checks);
        let bad: Vec<&ServiceResult> = services.iter().filter(|service| service.outcome != Outcome::Pass).collect();
        let status = match (outcome, mailboxes.as_slice()) {
            (Outcome::Pass, [one]) if services.is_empty() => format!("PASS: {}", one.detail),
            (Outcome::Pass, []) => format!("PASS: {} services answer, {passed} of {checks} checks ✓", services.len()),
            (Outcome::Pass, all) => {
                let (services, mailboxes) = (services.len(), all.len());
                format!("PASS: {services} services and {mailboxes} mailboxes answer, {passed} of {checks} checks ✓")
            }
            (Outcome::Fail | Outcome::Inconclusive, all) => {
                let names = bad.iter().map(|service| service.service.as_str());
                let mailboxes = all.iter().filter(|one| one.outcome != Outcome::Pass).map(|one| one.name.as_str());
                let names: Vec<&str> = names.chain(mailboxes).take(10).collect();
                format!("{outcome:?}: {passed} of {checks} checks passed; look at {}", names.join(", "))
                    .to_uppercase_head()
            }
        };
        let next = bad
            .first()
            .map(|service| {
                let arguments = serde_json::json!({ "services": [service.service], "all_checks": true });
                NextCall::new("run_smoke", arguments, "check it again, with every check")
            })
            .into_iter()
            .collect();
        let all = arguments.all_checks || !arguments.mailboxes.is_empty();
        let mailboxes = mailboxes.into_iter().filter(|one| all || one.outcome != Outcome::Pass);
        let mailboxes = mailboxes.map(CheckResult::of).collect();
        #[expect(clippy::cast_precision_loss, reason = "counts of checks are far below 2^52")]
        let http_200_rate = (http > 0).then(|| http_passed as f64 / http as f64);
        let duration_ms = context.reader.now().millis_since(begun);
        let output = Output { outcome, checks, passed, http_200_rate, duration_ms, services, mailboxes };
        Ok(Answer { status, output, next })
    }
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
    let with_login = inventory.mailboxes.values().filter(|mailbox| mailbox.has_login());
    Ok(with_login.map(|mailbox| &mailbox.name).filter(|name| !checked.contains(name)).collect())
}

/// Good only when everything is, and something was checked.
fn worst(outcomes: impl Iterator<Item = Outcome> + Clone, checks: u64) -> Outcome {
    let any = |wanted: Outcome| outcomes.clone().any(|outcome| outcome == wanted);
    if any(Outcome::Fail) {
        Outcome::Fail
    } else if checks == 0 || any(Outcome::Inconclusive) {
        Outcome::Inconclusive
    } else {
        Outcome::Pass
    }
}

/// The outcome word of a status line in capitals.
trait UppercaseHead {
    fn to_uppercase_head(self) -> String;
}

impl UppercaseHead for String {
    fn to_uppercase_head(self) -> String {
        match self.split_once(':') {
            Some((head, rest)) => format!("{}:{rest}", head.to_uppercase()),
            None => self,
        }
    }
}

async fn one(
    context: Context<'_>,
    name: &ServiceName,
    environment: &EnvironmentName,
    all: bool,
) -> Result<(ServiceResult, u64, u64), Refusal> {
    let (service, environment, target) = context.reader.inventory().target(name, Some(environment))?;
    let live = super::drafting::way_back::live(context, service, environment).await?;
    let placeholders =
        live.as_ref().map(|live| Placeholders::new(&live.version, &live.commit, environment, target, None));
    let subject = format!("{name} in {environment}");
    let report = context.reader.smoke(service, target, placeholders.as_ref(), &subject, 0).await?;
    let counter = |name: &str| report.evidence.counters.get(name).copied().unwrap_or(0);
    let (http, http_passed) = (counter("http_wanted"), counter("http_passed"));
    let result = ServiceResult {
        service: name.clone(),
        environment: environment.clone(),
        outcome: report.evidence.outcome,
        passed: counter("passed"),
        checks: counter("wanted"),
        details: report
            .checks
            .into_iter()
            .filter(|check| all || check.outcome != Outcome::Pass)
            .map(CheckResult::of)
            .collect(),
    };
    Ok((result, http, http_passed))
}
