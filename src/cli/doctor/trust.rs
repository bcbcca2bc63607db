//! What other checks lean on: the DNS server that is asked, and the files with authorities.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use super::Finding;
use crate::{
    cli::wire,
    config::Config,
    domain::{
        inventory::{Inventory, Tls},
        time::Time,
    },
    world::Reader,
};

/// With less time left, an authority is soon replaced by nobody, s.
const SOON_S: i64 = 30 * 24 * 60 * 60;

/// Asks the server for a name, and reads each file once.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    let mut findings = Vec::new();
    if let Some(server) = reader.inventory().smoke.dns_server {
        let what = format!("DNS server {server}");
        findings.push(if reader.dns_answers().await {
            Finding::good(what, "answers")
        } else {
            Finding::wrong(what, "does not answer", "correct dns_server in [smoke], or let it answer this machine")
        });
    }
    let files = files(reader.inventory());
    findings.extend(files.iter().map(|(file, of)| authorities(reader, file, of)));
    findings
}

/// The files with authorities, and whose certificates they are for.
fn files(inventory: &Inventory) -> BTreeMap<&Path, BTreeSet<String>> {
    let mut files: BTreeMap<&Path, BTreeSet<String>> = BTreeMap::new();
    let services = inventory.services.values();
    let targets = services.flat_map(|service| service.targets.values().map(move |target| (service, target)));
    let targets =
        targets.filter_map(|(service, target)| Some((target.ca.as_ref()?, format!("service {}", service.name))));
    let databases = inventory.databases.values().filter_map(|database| match &database.engine.server()?.tls {
        Tls::Verify { ca: Some(ca) } => Some((ca, format!("database {}", database.name))),
        _ => None,
    });
    let mailboxes = inventory.mailboxes.values();
    let mailboxes = mailboxes.filter_map(|mailbox| Some((mailbox.ca.as_ref()?, format!("mailbox {}", mailbox.name))));
    let monitors = inventory.monitors.values();
    let monitors = monitors.filter_map(|monitor| Some((monitor.way.ca.as_ref()?, format!("monitor {}", monitor.name))));
    let channels = inventory.channels.values();
    let channels = channels.filter_map(|channel| Some((channel.way.ca.as_ref()?, format!("channel {}", channel.name))));
    for (file, of) in targets.chain(databases).chain(mailboxes).chain(monitors).chain(channels) {
        files.entry(file.as_path()).or_default().insert(of);
    }
    files
}

fn authorities(reader: Reader<'_>, file: &Path, of: &BTreeSet<String>) -> Finding {
    let of: Vec<&str> = of.iter().map(String::as_str).collect();
    let what = format!("authorities of {}", of.join(", "));
    match reader.authorities_end(file) {
        Err(error) => Finding::wrong(what, format!("could not {}: {}", error.doing, error.problem), error.fix),
        Ok(ends) => of_end(what, file, ends, reader.now()),
    }
}

fn of_end(what: String, file: &Path, ends: Time, now: Time) -> Finding {
    let file = file.display();
    if ends <= now {
        let found = format!("all in {file} have expired, the last at {ends}");
        return Finding::wrong(what, found, "put the authority that signs now into the file");
    }
    if ends <= now.plus_s(SOON_S) {
        let fix = "put the authority that follows into the file as well";
        return Finding::weak(what, format!("{file} is good until {ends}"), fix);
    }
    Finding::good(what, format!("{file} is good until {ends}"))
}

#[cfg(test)]
mod tests {
    use super::{super::Health, *};

    #[test]
    fn an_end_is_told_before() {
        let now = Time::from_millis(1_800_000_000_000);
        let health = |days: i64| of_end(String::new(), Path::new("ca.pem"), now.plus_s(days * 86_400), now).health;
        assert_eq!([health(0), health(29), health(31)], [Health::Wrong, Health::Weak, Health::Good]);
    }
}
