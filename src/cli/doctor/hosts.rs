//! The hosts over SSH: whether they answer, what they have, and what follows from what they lack.

use std::time::Duration;

use super::Finding;
use crate::{
    cli::wire,
    config::Config,
    domain::{
        capabilities::{Capabilities, Shell},
        inventory::HostKind,
        name::HostName,
        space::{Room, Space},
    },
    world::Reader,
};

/// How long one host may take. All are asked at once.
const PATIENCE: Duration = Duration::from_secs(45);
/// How long the canary lives, and how much longer it is waited for.
const CANARY: Duration = Duration::from_secs(20);
const CANARY_PATIENCE: Duration = Duration::from_secs(90);

/// Looks at every host, and remembers what was seen. One that does not answer hides no other. With `canary` it is tried whether each lets
/// processes go on.
pub(super) async fn check(config: &Config, canary: bool) -> Vec<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    let hosts = reader.inventory().hosts.values().filter(|host| matches!(host.kind, HostKind::Ssh(_)));
    let looks = hosts.map(|host| look(reader, &host.name, canary));
    futures::future::join_all(looks).await.into_iter().flatten().collect()
}

async fn look(reader: Reader<'_>, name: &HostName, canary: bool) -> Vec<Finding> {
    let what = format!("host {name}");
    match tokio::time::timeout(PATIENCE, reader.look_at_host(name)).await {
        Ok(Ok(Some(seen))) => {
            let mut found = findings(&what, &seen);
            if seen.shell.is_some() {
                found.extend(detaches(reader, name, canary).await);
            }
            found
        }
        Ok(Ok(None)) => Vec::new(),
        Ok(Err(error)) => vec![Finding::wrong(what, error.problem, error.fix)],
        Err(_) => {
            let found = format!("gave no answer within {} s", PATIENCE.as_secs());
            vec![Finding::wrong(what, found, "look at the host and at the way to it")]
        }
    }
}

/// Whether it lets processes go on without a connection, as far as that was tried.
async fn detaches(reader: Reader<'_>, name: &HostName, canary: bool) -> Option<Finding> {
    let what = format!("scripts on host {name}");
    if canary {
        match tokio::time::timeout(CANARY_PATIENCE, reader.detaches(name, CANARY)).await {
            Ok(Ok(_)) => {}
            Ok(Err(error)) => return Some(Finding::weak(what, error.problem, error.fix)),
            Err(_) => return Some(Finding::weak(what, "the canary was not seen again", "try again")),
        }
    }
    let goes_on = reader.known_to_detach(name)?;
    Some(if goes_on {
        Finding::good(what, "go on when the connection ends")
    } else {
        Finding::weak(
            what,
            "end with the connection: the host ends what a login leaves behind, so none is run there",
            "ask the provider to let processes go on (linger), or let scripts run here",
        )
    })
}

fn findings(what: &str, seen: &Capabilities) -> Vec<Finding> {
    let fix = "docs/ssh.md says what needs it";
    let mut found = vec![Finding::good(what, summary(seen))];
    for lack in seen.lacks() {
        found.push(if lack.stops { Finding::weak(what, lack.so, fix) } else { Finding::good(what, lack.so) });
    }
    if let Some((room, said)) = seen.space.as_ref().map(Space::room) {
        found.push(match room {
            Room::Enough => Finding::good(format!("space on {what}"), said),
            Room::Little => Finding::weak(format!("space on {what}"), said, "free some before the next deployment"),
            Room::Full => Finding::wrong(format!("space on {what}"), said, "free some: nothing can be written there"),
        });
    }
    found
}

fn summary(seen: &Capabilities) -> String {
    let login = match &seen.shell {
        Some(shell) => of_shell(shell),
        None => "SFTP only".to_owned(),
    };
    format!("answers in {} ms with key {}; {login}", seen.round_trip_ms, seen.fingerprint)
}

fn of_shell(shell: &Shell) -> String {
    let named = |text: &str| if text.is_empty() { "?".to_owned() } else { text.to_owned() };
    let programs: Vec<&str> = shell.programs.iter().map(String::as_str).collect();
    let umask = shell.umask.map_or_else(|| "?".to_owned(), |umask| format!("{umask:03o}"));
    format!(
        "{} ({}), login shell {}, sh {}, {} tools, home {}, umask {umask}; has {}",
        named(&shell.system),
        named(&shell.distribution),
        named(&shell.login),
        named(&shell.sh),
        shell.coreutils,
        named(&shell.home),
        if programs.is_empty() { "none of the programs that are looked for".to_owned() } else { programs.join(" ") }
    )
}
