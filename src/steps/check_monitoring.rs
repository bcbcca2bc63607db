//! Ask monitors whether anything is wrong with the service. An alert is an observation, not a failure of the step: the verdict
//! judges it.

use std::time::Duration;

use super::{Context, Done, Failure};
use crate::domain::{
    alert::{Scope, Standing, judge},
    evidence::Outcome,
    inventory::Monitor,
    step::CheckMonitoring,
};

/// How long the observation counts, s.
const VALID: u32 = 15 * 60;
/// How long is waited before they are asked again.
const PAUSE: Duration = Duration::from_secs(5);
/// How many alerts are told.
const TOLD: usize = 10;
/// How much of each, characters.
const WORDS: usize = 200;

pub(super) async fn run(step: &CheckMonitoring, context: &Context<'_>) -> Result<Done, Failure> {
    let (service, _) = context.target()?;
    let reader = context.world.reader();
    let inventory = reader.inventory();
    let monitors: Vec<&Monitor> = step
        .monitors
        .iter()
        .map(|name| inventory.monitor(name))
        .collect::<Result<_, _>>()
        .map_err(|refusal| super::failed(refusal.to_string()))?;
    let services = [service.name.clone()];
    let scope = Scope { services: &services, environment: Some(&context.permit.plan().body().environment) };
    let end = tokio::time::Instant::now() + Duration::from_secs(u64::from(step.watch_s));
    let standing = loop {
        let standing = judge(reader.read_monitors(monitors.iter().copied()).await, scope);
        let left = end.saturating_duration_since(tokio::time::Instant::now());
        // What is bad does not become good by waiting; what is good may not stay so.
        if standing.outcome == Outcome::Fail || left.is_zero() {
            break standing;
        }
        tokio::select! {
            () = tokio::time::sleep(PAUSE.min(left)) => {}
            () = context.cancelled.cancelled() => break standing,
        }
    };
    let subject = format!("{}@{}", service.name, step.version);
    let evidence = reader.monitoring_evidence(monitors.len(), &standing, &subject, VALID);
    (context.progress)(evidence.summary.clone());
    Ok(Done { summary: evidence.summary.clone(), evidence: vec![evidence], untrusted_text: told(context, &standing) })
}

/// The alerts that block.
fn told(context: &Context<'_>, standing: &Standing) -> Option<String> {
    let reader = context.world.reader();
    let blocking = standing.alerts.iter().filter(|judged| judged.blocks).take(TOLD);
    let lines: Vec<String> =
        blocking.map(|judged| reader.line(&format!("{}: {}", judged.alert.name, judged.alert.about), WORDS)).collect();
    (!lines.is_empty()).then(|| lines.join("\n"))
}
