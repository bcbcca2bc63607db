//! Monitors, the search, channels and remotes: whether they answer, as far as that can be asked without telling anybody anything.

use super::Finding;
use crate::{
    cli::wire,
    config::Config,
    domain::{
        alert::{Reading, Scope, judge},
        inventory::{Channel, Inventory, Service},
    },
    world::Reader,
};

/// Asks every monitor, and connects to where channels lead without a word.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    let inventory = reader.inventory();
    let readings = reader.read_monitors(inventory.monitors.values()).await;
    let mut findings: Vec<Finding> = readings.into_iter().map(|reading| of_monitor(inventory, reading)).collect();
    for channel in inventory.channels.values() {
        findings.push(of_channel(reader, channel).await);
    }
    let remotes = inventory.services.values().filter(|service| service.remote.is_some());
    findings.extend(futures::future::join_all(remotes.map(|service| of_remote(reader, service))).await);
    findings
}

fn of_monitor(inventory: &Inventory, reading: Reading) -> Finding {
    let what = format!("monitor {}", reading.monitor);
    let watchdog = inventory.monitors.get(&reading.monitor).is_some_and(|monitor| monitor.watchdog.is_some());
    let kind = inventory.monitors.get(&reading.monitor).map(|monitor| monitor.kind.word()).unwrap_or_default();
    if !reading.doubts.is_empty() {
        let doubts = reading.doubts.join("; ");
        return Finding::wrong(what, doubts, "correct its entry in [monitoring], or see why it does not answer");
    }
    if matches!(kind, "alertmanager" | "grafana") && !watchdog {
        let found = "answers; nobody would see that alerts have ceased to arrive";
        return Finding::weak(what, found, "let an alert fire always, and name it as watchdog");
    }
    let standing = judge(vec![reading], Scope::default());
    Finding::good(what, format!("answers; {} alerts block", standing.blocking()))
}

async fn of_remote(reader: Reader<'_>, service: &Service) -> Finding {
    let what = format!("remote of service {}", service.name);
    match reader.remote_answers(service).await {
        Ok(()) => Finding::good(what, "answers"),
        Err(error) => Finding::wrong(what, error.problem, error.fix),
    }
}

async fn of_channel(reader: Reader<'_>, channel: &Channel) -> Finding {
    let what = format!("channel {}", channel.name);
    match reader.channel_answers(channel).await {
        Err(error) => Finding::wrong(what, error.problem, error.fix),
        Ok(()) if channel.signing_key.is_none() => Finding::weak(
            what,
            "can be reached; whoever listens cannot tell that a message is from us",
            "give it a signing_key, and let the receiver check it",
        ),
        Ok(()) => Finding::good(what, "can be reached; nothing was sent"),
    }
}
