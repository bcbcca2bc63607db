//! `deploy-ops report verify`

use std::path::PathBuf;

use super::{
    Exit,
    plans::looking,
    terminal::{Terminal, Tone},
    wire::{Switches, Wired},
};
use crate::{domain::refusal::Refusal, engine::CheckedReport};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// Compute a report again from the ledger; names the first value in it that was edited.
    Verify {
        /// The Markdown or HTML file, wherever it was copied to.
        file: PathBuf,
    },
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    let Command::Verify { file } = &options.command;
    looking(switches, terminal, async |wired| verify(wired, file.clone(), terminal).await)
}

async fn verify(wired: &Wired, file: PathBuf, terminal: &Terminal) -> Result<Exit, Refusal> {
    let text = wired.world().reader().report_at(file).await?;
    let problem = match wired.engine.check_report(&text).await? {
        CheckedReport::Sound(operation) => {
            let text = format!("every value is what the ledger says of {operation}");
            terminal.mark(&wired.redactor, Tone::Good, "OK", &text);
            return Ok(Exit::Done);
        }
        CheckedReport::Edited(difference) => {
            let (place, says, should) = (difference.place, difference.says, difference.should);
            format!("{place} was edited: it says {}, and should say {}", quoted(&says), quoted(&should))
        }
        CheckedReport::Unreadable(why) => format!("this is no whole report: {why}"),
        CheckedReport::LedgerChanged(seq, why) => {
            format!("the ledger itself was changed, entry {seq}: {why}. Run `deploy-ops ledger verify`.")
        }
    };
    terminal.mark(&wired.redactor, Tone::Bad, "BAD", &problem);
    Ok(Exit::Refused)
}

/// The begin of a value, which may be a whole table.
fn quoted(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        Some((end, _)) => format!("“{}…”", text.get(..end).unwrap_or_default()),
        None => format!("“{text}”"),
    }
}
