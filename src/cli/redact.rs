//! `deploy-ops redact [--config FILE]`

use super::{
    Exit,
    terminal::Terminal,
    wire::{self, Switches},
};
use crate::redact::{Redactor, filter};

#[derive(Debug, clap::Args)]
pub(super) struct Options {}

/// Copies stdin to stdout, masked. With a configuration that was named, its secrets are masked in all their forms; without one, only what
/// looks like a secret. A file that merely lies in the working directory is not read: a filter must not depend on where it runs.
pub(super) fn run(switches: Switches, _: &Options, terminal: &Terminal) -> Exit {
    let (redactor, _) = Redactor::new([]);
    if let Some(file) = switches.config {
        let config = match wire::load(&file, terminal) {
            Ok(config) => config,
            Err(exit) => return exit,
        };
        let runtime = match wire::runtime(terminal) {
            Ok(runtime) => runtime,
            Err(exit) => return exit,
        };
        let (secrets, unread) = runtime.block_on(wire::all_secrets(&config));
        redactor.add(secrets);
        // What cannot be read cannot be masked, and a filter that masks less than was asked for must not look like one that does.
        if !unread.is_empty() {
            for name in unread {
                terminal.mistake(&format!(
                    "secret {name} cannot be read, so it would not be masked; see deploy-ops doctor"
                ));
            }
            return Exit::Refused;
        }
    }
    match filter(std::io::stdin().lock(), std::io::stdout().lock(), &redactor) {
        Ok(_) => Exit::Done,
        // Whoever reads us has enough.
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Exit::Done,
        Err(_) => {
            terminal.mistake("stdin cannot be read to its end, or stdout cannot be written");
            Exit::Refused
        }
    }
}
