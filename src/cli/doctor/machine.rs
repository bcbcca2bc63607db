//! The machine: programs, runner, clock, time zones, account, space.

use std::{
    os::unix::fs::PermissionsExt,
    path::{Path, PathBuf},
};

use super::Finding;
use crate::{
    cli::wire,
    config::{Config, environment},
    domain::time::Time,
    world::{Clock, SystemClock},
};

/// Below this much free space something is wrong, bytes.
const TOO_LITTLE: u64 = 256 * 1024 * 1024;
/// Below this it is weak: a snapshot and its scratch restore need room.
const LITTLE: u64 = 2 * 1024 * 1024 * 1024;

/// What needs no configuration.
pub(super) fn check() -> Vec<Finding> {
    vec![git(), sqlite(), runner(), clock(SystemClock.now()), account(rustix::process::geteuid().as_raw())]
}

/// What the configuration asks of the machine.
pub(super) fn check_for(config: &Config) -> Vec<Finding> {
    let mut findings = Vec::new();
    for (what, directory) in [
        ("space for data", config.settings.state.data.as_path()),
        ("space for reports", config.settings.state.reports.as_path()),
    ] {
        findings.extend(space(what, directory));
    }
    let zones =
        config.inventory.environments.values().flat_map(|environment| &environment.windows).map(|window| &window.zone);
    for zone in zones {
        match jiff::tz::TimeZone::get(zone) {
            Ok(_) => findings.push(Finding::good("time zone", zone)),
            Err(_) => findings.push(Finding::wrong(
                "time zone",
                format!("{zone} is not known"),
                "use an IANA name, such as Europe/Vienna",
            )),
        }
    }
    findings.dedup();
    findings
}

fn git() -> Finding {
    match in_path("git") {
        Some(path) => Finding::good("git", path.display().to_string()),
        None => Finding::wrong("git", "is not in PATH", "install git, or start the server with a PATH that has it"),
    }
}

fn sqlite() -> Finding {
    Finding::good("sqlite", "is built in; no program is needed")
}

fn runner() -> Finding {
    let path = wire::runner();
    if is_program(&path) {
        return Finding::good("runner", path.display().to_string());
    }
    Finding::wrong(
        "runner",
        "the program of this process is gone; scripts cannot be run apart from the server",
        "restart the server after it was updated",
    )
}

/// A clock that is wrong makes every freshness and every deadline wrong.
fn clock(now: Time) -> Finding {
    // This version cannot run before it was written.
    const WRITTEN_MS: i64 = 1_735_689_600_000;
    let shown = now.to_string();
    if now.as_millis() < WRITTEN_MS {
        return Finding::wrong("clock", shown, "set the clock, and keep it set by NTP");
    }
    // systemd-timesyncd leaves this mark; others leave none, and nothing can be said.
    let synchronised = Path::new("/run/systemd/timesync/synchronized").exists();
    let remark = if synchronised { " (synchronised)" } else { "" };
    Finding::good("clock", format!("{shown}{remark}"))
}

fn account(uid: u32) -> Finding {
    if uid == 0 {
        return Finding::weak(
            "account",
            "root",
            "run the server under an account of its own: it needs no more than its directories",
        );
    }
    Finding::good("account", format!("uid {uid}"))
}

fn space(what: &str, directory: &Path) -> Option<Finding> {
    let nearest = directory.ancestors().find(|path| path.exists())?;
    let found = rustix::fs::statvfs(nearest).ok()?;
    let free = found.f_bavail.saturating_mul(found.f_frsize);
    let shown = format!("{} MiB free in {}", free / (1024 * 1024), nearest.display());
    let fix = "free some, or move state.data";
    Some(if free < TOO_LITTLE || found.f_favail == 0 && found.f_files > 0 {
        Finding::wrong(what, shown, fix)
    } else if free < LITTLE {
        Finding::weak(what, shown, fix)
    } else {
        Finding::good(what, shown)
    })
}

fn in_path(program: &str) -> Option<PathBuf> {
    let path = environment::variable("PATH")?.into_text();
    path.split(':')
        .filter(|directory| directory.starts_with('/'))
        .map(|directory| Path::new(directory).join(program))
        .find(|path| is_program(path))
}

fn is_program(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::{super::Health, *};

    #[test]
    fn a_clock_before_this_version_was_written_is_wrong() {
        assert_eq!(clock(Time::from_millis(0)).health, Health::Wrong);
        assert_eq!(clock(Time::from_millis(1_800_000_000_000)).health, Health::Good);
    }

    #[test]
    fn root_is_weak() {
        assert_eq!((account(0).health, account(1000).health), (Health::Weak, Health::Good));
    }
}
