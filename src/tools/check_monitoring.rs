//! `check_monitoring`: which alerts fire. Silence counts only where a monitor vouches for it.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::json;

use super::{Answer, Context, Describe, Query, Toolset};
use crate::domain::{
    alert::{AlertState, Judged, Scope, Standing, judge},
    effect::Effect,
    evidence::Outcome,
    name::{EnvironmentName, MonitorName, ServiceName},
    refusal::{Code, NextCall, Refusal},
    time::Time,
};

/// How many alerts are listed.
const LISTED: usize = 20;
/// How much is shown of an alert's name, characters.
const NAME: usize = 80;
/// How much is shown of what people are told about it, characters.
const ABOUT: usize = 200;

/// The tool.
#[derive(Debug)]
pub(super) struct CheckMonitoring;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Default all.
    #[serde(default)]
    service: Option<ServiceName>,
    /// Default all.
    #[serde(default)]
    environment: Option<EnvironmentName>,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// `FAIL`: an alert blocks; `INCONCLUSIVE`: none is seen to, and not everything could be seen.
    outcome: Outcome,
    /// Alerts that fire and are severe enough to block.
    blocking: usize,
    firing: usize,
    /// Not yet for long enough.
    pending: usize,
    silenced: usize,
    inhibited: usize,
    monitors: Vec<MonitorView>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    alerts: Vec<AlertView>,
    /// Further alerts.
    #[serde(skip_serializing_if = "Option::is_none")]
    not_shown: Option<usize>,
    /// Why silence is not certain.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    doubts: Vec<String>,
}

/// One monitor.
#[derive(Debug, Serialize, JsonSchema)]
struct MonitorView {
    monitor: MonitorName,
    kind: &'static str,
    /// Alerts it knows, also of other services.
    alerts: usize,
}

/// One alert.
#[derive(Debug, Serialize, JsonSchema)]
struct AlertView {
    monitor: MonitorName,
    state: AlertState,
    blocks: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    severity: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service: Option<ServiceName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    environment: Option<EnvironmentName>,
    /// UTC.
    #[serde(skip_serializing_if = "Option::is_none")]
    since: Option<Time>,
    /// Its name, and what people are told about it.
    untrusted_text: String,
}

impl Describe for CheckMonitoring {
    const NAME: &'static str = "check_monitoring";
    const TITLE: &'static str = "Check monitoring";
    const DESCRIPTION: &'static str = "Which alerts fire in Alertmanager, Prometheus, Grafana or Uptime Kuma, how severe and since when; \
        silenced ones apart. What cannot be read is INCONCLUSIVE, not silent. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for CheckMonitoring {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        let inventory = context.reader.inventory();
        if inventory.monitors.is_empty() {
            return Err(Refusal::new(
                Code::Unconfigured,
                "deploy-ops.toml names no monitor.",
                "Add [monitoring.<name>] with kind and url; docs/monitoring.md has all keys.",
            ));
        }
        if let Some(name) = &arguments.service {
            inventory.service(name)?;
        }
        if let Some(name) = &arguments.environment {
            inventory.environment(name)?;
        }
        let monitors = inventory.monitors.values();
        let readings = context.reader.read_monitors(monitors.clone()).await;
        let known: Vec<usize> = readings.iter().map(|reading| reading.alerts.len()).collect();
        let scope = Scope { services: arguments.service.as_slice(), environment: arguments.environment.as_ref() };
        let standing = judge(readings, scope);
        let views = monitors.zip(known).map(|(monitor, alerts)| MonitorView {
            monitor: monitor.name.clone(),
            kind: monitor.kind.word(),
            alerts,
        });
        Ok(report(context, &arguments, standing, views.collect()))
    }
}

fn report(
    context: Context<'_>,
    arguments: &Arguments,
    standing: Standing,
    monitors: Vec<MonitorView>,
) -> Answer<Output> {
    let status = status(&standing, monitors.len());
    let next = next(&standing, arguments);
    let not_shown = standing.alerts.len().checked_sub(LISTED).filter(|more| *more > 0);
    let output = Output {
        outcome: standing.outcome,
        blocking: standing.blocking(),
        firing: standing.count(AlertState::Firing),
        pending: standing.count(AlertState::Pending),
        silenced: standing.count(AlertState::Silenced),
        inhibited: standing.count(AlertState::Inhibited),
        monitors,
        alerts: standing.alerts.iter().take(LISTED).map(|judged| view(context, judged)).collect(),
        not_shown,
        doubts: standing.doubts,
    };
    Answer { status, output, next }
}

fn view(context: Context<'_>, judged: &Judged) -> AlertView {
    let alert = &judged.alert;
    let name = context.reader.line(&alert.name, NAME);
    let about = context.reader.line(&alert.about, ABOUT);
    AlertView {
        monitor: judged.monitor.clone(),
        state: alert.state,
        blocks: judged.blocks,
        severity: alert.severity.clone(),
        service: alert.service.as_ref().and_then(|name| name.parse().ok()),
        environment: alert.environment.as_ref().and_then(|name| name.parse().ok()),
        since: alert.since,
        untrusted_text: if about.is_empty() { name } else { format!("{name}: {about}") },
    }
}

/// The first line.
fn status(standing: &Standing, monitors: usize) -> String {
    let (blocking, firing) = (standing.blocking(), standing.count(AlertState::Firing));
    let place = if monitors == 1 { "1 monitor".to_owned() } else { format!("{monitors} monitors") };
    let quiet = standing.count(AlertState::Silenced) + standing.count(AlertState::Inhibited);
    let mut text = match standing.outcome {
        Outcome::Pass if firing == 0 => format!("PASS: no alert fires in {place} ✓"),
        Outcome::Pass => format!("PASS: {firing} alerts fire in {place}, none of them blocks ✓"),
        Outcome::Fail => format!("FAIL: {blocking} of {firing} firing alerts block, in {place}."),
        Outcome::Inconclusive => format!("INCONCLUSIVE: {firing} alerts fire in {place}, and not all could be seen."),
    };
    if quiet > 0 {
        text += &format!(" Silenced or inhibited: {quiet}.");
    }
    if !standing.doubts.is_empty() {
        text += &format!(" Not certain: {}.", standing.doubts.join("; "));
    }
    text
}

/// The service of the worst alert is looked at next, when it is one of the inventory.
fn next(standing: &Standing, arguments: &Arguments) -> Vec<NextCall> {
    let worst = standing.alerts.iter().filter(|judged| judged.alert.state == AlertState::Firing);
    let service = worst.filter_map(|judged| judged.alert.service.as_ref()?.parse::<ServiceName>().ok()).next();
    let service = service.or_else(|| arguments.service.clone()).filter(|_| standing.blocking() > 0);
    service
        .map(|service| NextCall::new("diagnose", json!({ "service": service }), "find out why"))
        .into_iter()
        .collect()
}
