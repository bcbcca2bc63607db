//! `run_smoke`: do the services answer?

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Describe, Query, Toolset};
use crate::{
    domain::{
        clean::clean,
        effect::Effect,
        evidence::Outcome,
        name::{EnvironmentName, ServiceName},
        refusal::{Code, NextCall, Refusal},
    },
    world::scripts::Placeholders,
};

/// The tool.
#[derive(Debug)]
pub(super) struct RunSmoke;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The services; default all.
    #[serde(default)]
    #[schemars(length(max = 500))]
    services: Vec<ServiceName>,
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

impl Describe for RunSmoke {
    const NAME: &'static str = "run_smoke";
    const TITLE: &'static str = "Run smoke checks";
    const DESCRIPTION: &'static str = "Checks that services answer: HTTP status and content of their URLs, databases, smoke scripts; one, \
        many or all services at once. Shows what failed. Only targets of the inventory. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for RunSmoke {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        super::bounds::at_most("services", arguments.services.len(), 500)?;
        let inventory = context.reader.inventory();
        let mut wanted: Vec<(&ServiceName, &EnvironmentName)> = Vec::new();
        let names: Vec<&ServiceName> = if arguments.services.is_empty() {
            inventory.services.keys().collect()
        } else {
            arguments.services.iter().collect()
        };
        if let Some(environment) = &arguments.environment {
            inventory.environment(environment)?;
        }
        for name in names {
            let service = inventory.service(name)?;
            let targets = service.targets.keys();
            wanted.extend(
                targets
                    .filter(|environment| arguments.environment.as_ref().is_none_or(|only| only == *environment))
                    .map(|environment| (&service.name, environment)),
            );
        }
        if wanted.is_empty() {
            return Err(Refusal::new(
                Code::UnknownName,
                "None of these services runs in that environment.",
                "Call list_services to see where they run.",
            ));
        }
        let begun = context.reader.now();
        let checks =
            wanted.iter().map(|(service, environment)| one(context, service, environment, arguments.all_checks));
        let results = futures::future::join_all(checks).await;
        let mut services = Vec::with_capacity(results.len());
        let (mut http, mut http_passed) = (0, 0);
        for result in results {
            let (service, of_http, of_http_passed) = result?;
            http += of_http;
            http_passed += of_http_passed;
            services.push(service);
        }
        let checks: u64 = services.iter().map(|service| service.checks).sum();
        let passed: u64 = services.iter().map(|service| service.passed).sum();
        let outcome = if services.iter().any(|s| s.outcome == Outcome::Fail) {
            Outcome::Fail
        } else if checks == 0 || services.iter().any(|s| s.outcome == Outcome::Inconclusive) {
            Outcome::Inconclusive
        } else {
            Outcome::Pass
        };
        let bad: Vec<&ServiceResult> = services.iter().filter(|service| service.outcome != Outcome::Pass).collect();
        let status = match outcome {
            Outcome::Pass => format!("PASS: {} services answer, {passed} of {checks} checks ✓", services.len()),
            Outcome::Fail | Outcome::Inconclusive => {
                let names: Vec<&str> = bad.iter().map(|service| service.service.as_str()).take(10).collect();
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
        #[expect(clippy::cast_precision_loss, reason = "counts of checks are far below 2^52")]
        let http_200_rate = (http > 0).then(|| http_passed as f64 / http as f64);
        let duration_ms = context.reader.now().millis_since(begun);
        Ok(Answer { status, output: Output { outcome, checks, passed, http_200_rate, duration_ms, services }, next })
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
            .map(|check| CheckResult {
                check: check.name,
                outcome: check.outcome,
                found: check.detail,
                duration_ms: check.time_ms,
                untrusted_text: check.untrusted_text.map(|text| clean(&text)),
            })
            .collect(),
    };
    Ok((result, http, http_passed))
}
