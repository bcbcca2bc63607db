//! `security_alerts`: what GitHub's scanners have found and nobody has closed. Never a leaked secret itself.

use std::{cmp::Reverse, collections::BTreeMap, time::Duration};

use futures::future::join_all;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{
    Answer, Context, Describe, Query, Toolset,
    bounds::{Limit, at_most},
};
use crate::{
    domain::{
        effect::Effect,
        evidence::Outcome,
        inventory::{AlertSeverity, AlertSource, RepositoryName, Service},
        name::ServiceName,
        refusal::{Code, NextCall, Refusal},
        time::Time,
    },
    world::github::{
        Repository,
        alerts::{Alert, unseen},
    },
};

/// How long one source of one repository may take: ten thousand alerts are a hundred pages.
const PATIENCE: Duration = Duration::from_secs(40);

/// The tool.
#[derive(Debug)]
pub(super) struct SecurityAlerts;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Default every service with a repository on GitHub.
    #[serde(default)]
    #[schemars(length(max = 200))]
    services: Vec<ServiceName>,
    /// Default all.
    #[serde(default)]
    #[schemars(length(max = 3))]
    sources: Vec<AlertSource>,
    /// List only what is as severe or more; counts are of all.
    #[serde(default)]
    severity: Option<AlertSeverity>,
    /// Alerts to list, the most severe first.
    #[serde(default)]
    limit: Limit,
    /// Alerts to skip.
    #[serde(default)]
    offset: usize,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// `PASS`: none is open; `INCONCLUSIVE`: none was seen, and not all could be asked.
    outcome: Outcome,
    /// Open alerts that are as severe as asked for.
    open: usize,
    repositories: Vec<RepositoryView>,
    alerts: Vec<AlertView>,
    /// Whether there are more alerts than listed.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    more: bool,
    /// Services without a repository on GitHub.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    not_on_github: Vec<ServiceName>,
}

/// One repository.
#[derive(Debug, Serialize, JsonSchema)]
struct RepositoryView {
    repository: String,
    services: Vec<ServiceName>,
    sources: Vec<SourceView>,
}

/// Open alerts of one source.
#[derive(Debug, Serialize, JsonSchema)]
struct SourceView {
    source: AlertSource,
    critical: usize,
    high: usize,
    medium: usize,
    low: usize,
    /// Of a severity that is not known.
    #[serde(skip_serializing_if = "is_zero")]
    unknown: usize,
    /// Why it could not be asked: its numbers say nothing.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

/// One alert.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertView {
    repository: String,
    source: AlertSource,
    number: u64,
    /// Absent when it is not known.
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<AlertSeverity>,
    /// Since when it is open (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
    untrusted: Untrusted,
    /// Where people look at it.
    #[serde(skip_serializing_if = "Option::is_none")]
    page: Option<String>,
}

/// What others wrote.
#[derive(Debug, Serialize, JsonSchema)]
struct Untrusted {
    /// The package, the rule, or the kind of secret.
    name: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    path: Option<String>,
    /// The first version of the package without it.
    #[serde(skip_serializing_if = "Option::is_none")]
    fixed_in: Option<String>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde wants it so")]
fn is_zero(number: &usize) -> bool {
    *number == 0
}

impl Describe for SecurityAlerts {
    const NAME: &'static str = "security_alerts";
    const TITLE: &'static str = "Security alerts";
    const DESCRIPTION: &'static str = "Counts and lists the open alerts of Dependabot, code scanning and secret scanning on GitHub, of \
        one service, many or all, over all pages: severity, package or rule, path, fixed version, page. Never shows a leaked secret. What \
        could not be asked is INCONCLUSIVE, not zero. Changes nothing.";
    const TOOLSET: Toolset = Toolset::GitHub;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    const OPEN_WORLD: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for SecurityAlerts {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        at_most("services", arguments.services.len(), 200)?;
        at_most("sources", arguments.sources.len(), 3)?;
        let (services, not_on_github) = services(&arguments, context)?;
        // Services may share a repository, which is asked once.
        let mut repositories: BTreeMap<&RepositoryName, (Repository<'_>, Vec<ServiceName>)> = BTreeMap::new();
        for service in services {
            let repository = context.reader.github(service)?;
            let (_, its) = repositories.entry(repository.name()).or_insert((repository, Vec::new()));
            its.push(service.name.clone());
        }
        let wanted = |source: &AlertSource| arguments.sources.is_empty() || arguments.sources.contains(source);
        let sources: Vec<AlertSource> = AlertSource::ALL.into_iter().filter(wanted).collect();
        let asked = repositories.into_values().map(|(repository, services)| {
            let sources = &sources;
            async move {
                let found = join_all(sources.iter().map(|source| ask(repository, *source))).await;
                (repository.name().to_string(), services, found)
            }
        });
        let found = join_all(asked).await;
        Ok(report(&arguments, found, not_on_github))
    }
}

/// The services to look at, and those of all that are not on GitHub.
fn services<'i>(arguments: &Arguments, context: Context<'i>) -> Result<(Vec<&'i Service>, Vec<ServiceName>), Refusal> {
    let inventory = context.reader.inventory();
    if !arguments.services.is_empty() {
        let mut names = arguments.services.clone();
        names.sort();
        names.dedup();
        let services = names.iter().map(|name| inventory.service(name)).collect::<Result<_, _>>()?;
        return Ok((services, Vec::new()));
    }
    let (there, elsewhere): (Vec<&Service>, Vec<&Service>) =
        inventory.services.values().partition(|service| service.github.is_some());
    if there.is_empty() {
        return Err(Refusal::new(
            Code::Unconfigured,
            "deploy-ops.toml names no service's repository on GitHub.",
            "Add [github], and github = \"owner/name\" to the services.",
        ));
    }
    Ok((there, elsewhere.into_iter().map(|service| service.name.clone()).collect()))
}

type Found = (AlertSource, Result<Vec<Alert>, String>);

async fn ask(repository: Repository<'_>, source: AlertSource) -> Found {
    match tokio::time::timeout(PATIENCE, repository.alerts(source)).await {
        Ok(found) => (source, found.map_err(|error| unseen(source, &error))),
        Err(_) => (source, Err(format!("GitHub did not give all of them within {} s", PATIENCE.as_secs()))),
    }
}

/// Puts together what was found.
fn report(
    arguments: &Arguments,
    found: Vec<(String, Vec<ServiceName>, Vec<Found>)>,
    not_on_github: Vec<ServiceName>,
) -> Answer<Output> {
    let mut repositories = Vec::with_capacity(found.len());
    let mut alerts: Vec<(String, Alert)> = Vec::new();
    let mut problems = Vec::new();
    for (repository, services, found) in found {
        let mut sources = Vec::with_capacity(found.len());
        for (source, said) in found {
            let (open, problem) = match said {
                Ok(open) => (open, None),
                Err(problem) => (Vec::new(), Some(problem)),
            };
            if let Some(problem) = &problem {
                problems.push(format!("{} of {repository}: {problem}", source.title()));
            }
            sources.push(SourceView::new(source, &open, problem));
            // What is of no known severity may be of any.
            let listed =
                open.into_iter().filter(|alert| alert.severity.is_none() || alert.severity >= arguments.severity);
            alerts.extend(listed.map(|alert| (repository.clone(), alert)));
        }
        repositories.push(RepositoryView { repository, services, sources });
    }
    alerts.sort_by(|(one_place, one), (other_place, other)| {
        let severity = |alert: &Alert| Reverse(alert.severity.unwrap_or(AlertSeverity::Critical));
        let order = severity(one).cmp(&severity(other)).then_with(|| one_place.cmp(other_place));
        order.then(one.source.cmp(&other.source)).then(one.number.cmp(&other.number))
    });
    let open = alerts.len();
    let limit = usize::try_from(arguments.limit.get()).unwrap_or(usize::MAX);
    let listed: Vec<AlertView> = alerts
        .into_iter()
        .skip(arguments.offset)
        .take(limit)
        .map(|(place, alert)| AlertView::new(place, alert))
        .collect();
    let seen = arguments.offset.saturating_add(listed.len());
    let more = open > seen && !listed.is_empty();
    let outcome = match () {
        () if open > 0 => Outcome::Fail,
        () if problems.is_empty() => Outcome::Pass,
        () => Outcome::Inconclusive,
    };
    let output = Output { outcome, open, repositories, alerts: listed, more, not_on_github };
    let next = if more {
        let call = json!({
            "services": arguments.services, "sources": arguments.sources, "severity": arguments.severity, "limit": limit, "offset": seen,
        });
        vec![NextCall::new(SecurityAlerts::NAME, super::read_file::without_null(call), "see the next ones")]
    } else {
        Vec::new()
    };
    Answer { status: status(&output, arguments.severity, &problems), output, next }
}

fn status(output: &Output, least: Option<AlertSeverity>, problems: &[String]) -> String {
    let sources = || output.repositories.iter().flat_map(|repository| &repository.sources);
    let counted = AlertSeverity::ALL.into_iter().rev().filter(|severity| Some(*severity) >= least);
    let counts =
        counted.map(|severity| (sources().map(|source| source.count(severity)).sum::<usize>(), severity.word()));
    let unknown = (sources().map(|source| source.unknown).sum::<usize>(), "of unknown severity");
    let counts = counts.chain([unknown]).filter(|(number, _)| *number > 0);
    let counts = counts.map(|(number, word)| format!("{number} {word}")).collect::<Vec<_>>().join(", ");
    let wanted = least.map(|least| format!(" ({} or worse)", least.word())).unwrap_or_default();
    let place = match output.repositories.len() {
        1 => "1 repository".to_owned(),
        many => format!("{many} repositories"),
    };
    let mut text = match output.outcome {
        Outcome::Pass => format!("PASS: no open security alert{wanted} in {place} ✓"),
        Outcome::Fail => format!("FAIL: {} open security alerts{wanted} in {place}: {counts}.", output.open),
        Outcome::Inconclusive => format!("INCONCLUSIVE: no open security alert{wanted} was seen in {place}."),
    };
    if !problems.is_empty() {
        text += &format!(" Could not be asked: {}.", problems.join("; "));
    }
    text
}

impl SourceView {
    fn new(source: AlertSource, open: &[Alert], problem: Option<String>) -> Self {
        let count = |wanted: Option<AlertSeverity>| open.iter().filter(|alert| alert.severity == wanted).count();
        Self {
            source,
            critical: count(Some(AlertSeverity::Critical)),
            high: count(Some(AlertSeverity::High)),
            medium: count(Some(AlertSeverity::Medium)),
            low: count(Some(AlertSeverity::Low)),
            unknown: count(None),
            problem,
        }
    }

    fn count(&self, severity: AlertSeverity) -> usize {
        match severity {
            AlertSeverity::Critical => self.critical,
            AlertSeverity::High => self.high,
            AlertSeverity::Medium => self.medium,
            AlertSeverity::Low => self.low,
        }
    }
}

impl AlertView {
    fn new(repository: String, alert: Alert) -> Self {
        Self {
            repository,
            source: alert.source,
            number: alert.number,
            severity: alert.severity,
            since: alert.since,
            untrusted: Untrusted { name: alert.name, path: alert.path, fixed_in: alert.fixed_in },
            page: alert.page,
        }
    }
}
