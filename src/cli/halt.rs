//! `deploy-ops halt --reason TEXT`

use std::{io::Write, os::unix::fs::OpenOptionsExt, path::Path};

use super::{
    Exit,
    person::Person,
    terminal::{Terminal, Tone},
    wire::{self, Switches},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Why, for those who are refused.
    #[arg(long, value_name = "TEXT", default_value = "halted by the operator")]
    reason: String,
}

/// Whoever may run this may stop everything: it needs no terminal, so that a watchdog can do it too. When the ledger cannot be written, a
/// file in the data directory stops the server just as well.
pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    let (wired, runtime) = match wire::command(switches, terminal) {
        Ok(both) => both,
        Err(exit) => return exit,
    };
    let Err(refusal) = runtime.block_on(wired.engine.halt(&Person::here().operator(), &options.reason)) else {
        terminal.mark(
            &wired.redactor,
            Tone::Good,
            "halted",
            "No plan is executed; what runs stops at its next safe point.",
        );
        return Exit::Done;
    };
    let file = wired.paths.halt_file();
    let reason = wired.redactor.text(&options.reason);
    if write(&file, &reason).is_err() {
        wired.refuse(terminal, &refusal);
        return terminal.mistake(&format!(
            "NOT HALTED: neither the ledger nor {} can be written; stop the server process",
            file.display()
        ));
    }
    terminal.remark(&wired.redactor, &format!("The ledger cannot be written: {refusal}"));
    let text = format!("Halted by the file {}. `deploy-ops resume` removes it.", file.display());
    terminal.mark(&wired.redactor, Tone::Weak, "halted", &text);
    Exit::Done
}

fn write(file: &Path, reason: &str) -> std::io::Result<()> {
    let mut opened = std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(file)?;
    writeln!(opened, "{reason}")?;
    opened.sync_all()
}
