//! `deploy-ops doctor`: what is wrong, what is weak, and how to mend it. Changes nothing but what `--canary` says.

mod browser;
mod e2e;
mod github;
mod hosts;
mod inventory;
mod machine;
mod outside;
mod state;
mod telemetry;
mod trust;

use serde_json::json;

use super::{
    Exit,
    terminal::{Terminal, Tone},
    wire::{self, Switches},
};
use crate::{
    config::{self, Config, Problem},
    redact::Redactor,
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Print JSON, one finding a line.
    #[arg(long)]
    json: bool,
    /// Also leave a harmless process on each host for 20 s, to see whether the host lets it go on without a connection.
    #[arg(long)]
    canary: bool,
}

/// How a check came out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Health {
    Good,
    Weak,
    Wrong,
}

/// One thing that was looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Finding {
    health: Health,
    /// What was looked at.
    what: String,
    /// What was found.
    found: String,
    /// What to do; empty when nothing.
    fix: String,
}

impl Finding {
    fn good(what: impl Into<String>, found: impl Into<String>) -> Self {
        Self { health: Health::Good, what: what.into(), found: found.into(), fix: String::new() }
    }
    fn weak(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { health: Health::Weak, what: what.into(), found: found.into(), fix: fix.into() }
    }
    fn wrong(what: impl Into<String>, found: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { health: Health::Wrong, what: what.into(), found: found.into(), fix: fix.into() }
    }
    fn of_problem(problem: &Problem) -> Self {
        let health = if problem.is_error() { Health::Wrong } else { Health::Weak };
        let place = if problem.line > 0 { format!("line {}: ", problem.line) } else { String::new() };
        Self {
            health,
            what: "configuration".to_owned(),
            found: format!("{place}{}", problem.message),
            fix: problem.fix.clone(),
        }
    }
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    let (redactor, _) = Redactor::new([]);
    let mut findings = machine::check();
    match configuration(&switches, &mut findings) {
        Some(config) => {
            let runtime = match wire::runtime(terminal) {
                Ok(runtime) => runtime,
                Err(exit) => return exit,
            };
            findings.extend(machine::check_for(&config));
            findings.extend(inventory::check(&config));
            findings.extend(runtime.block_on(async {
                let (secrets, unread) = wire::all_secrets(&config).await;
                let weak = redactor.add(secrets);
                let mut found = inventory::check_secrets(&config, &unread, &weak);
                found.extend(github::check(&config).await);
                found.extend(trust::check(&config).await);
                found.extend(outside::check(&config).await);
                found.extend(browser::check(&config).await);
                found.extend(e2e::check(&config).await);
                found.extend(telemetry::check(&config).await);
                found.extend(hosts::check(&config, options.canary).await);
                found.extend(state::check(&config, switches, terminal).await);
                found
            }));
        }
        None => findings.push(Finding::wrong("state", "was not looked at", "mend the configuration first")),
    }
    show(&findings, options.json, &redactor, terminal)
}

fn configuration(switches: &Switches, findings: &mut Vec<Finding>) -> Option<Config> {
    let Some(file) = config::locate(switches.config.clone()) else {
        findings.push(Finding::wrong(
            "configuration",
            "there is none",
            "create deploy-ops.toml; docs/deploy-ops.example.toml shows everything",
        ));
        return None;
    };
    match config::load(&file) {
        Ok(config) => {
            findings.push(Finding::good("configuration", config.file.display().to_string()));
            findings.extend(config.warnings.iter().map(Finding::of_problem));
            let permissions = config::check_permissions(&config);
            if permissions.is_empty() {
                findings.push(Finding::good("permissions", "of the configuration, secrets and data are private"));
            }
            findings.extend(permissions.iter().map(Finding::of_problem));
            Some(config)
        }
        Err(problems) => {
            findings.extend(problems.iter().map(Finding::of_problem));
            None
        }
    }
}

fn show(findings: &[Finding], json: bool, redactor: &Redactor, terminal: &Terminal) -> Exit {
    for finding in findings {
        if json {
            let word = match finding.health {
                Health::Good => "good",
                Health::Weak => "weak",
                Health::Wrong => "wrong",
            };
            terminal.json(
                &redactor
                    .json(json!({ "health": word, "what": finding.what, "found": finding.found, "fix": finding.fix })),
            );
            continue;
        }
        let (tone, mark) = match finding.health {
            Health::Good => (Tone::Good, "✓"),
            Health::Weak => (Tone::Weak, "!"),
            Health::Wrong => (Tone::Bad, "✗"),
        };
        let fix = if finding.fix.is_empty() { String::new() } else { format!(". Fix: {}", finding.fix) };
        terminal.mark(redactor, tone, mark, &format!("{} — {}{fix}", finding.what, finding.found));
    }
    let count = |health| findings.iter().filter(|finding| finding.health == health).count();
    let (weak, wrong) = (count(Health::Weak), count(Health::Wrong));
    if !json {
        terminal.line(&format!("{wrong} wrong, {weak} weak, {} good", count(Health::Good)));
    }
    if wrong > 0 { Exit::Refused } else { Exit::Done }
}
