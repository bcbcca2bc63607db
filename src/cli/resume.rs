//! `deploy-ops resume`

use super::{Exit, approve::at_terminal, person::Person, terminal::Terminal, wire::Switches};
use crate::domain::refusal::{Code, Refusal};

#[derive(Debug, clap::Args)]
pub(super) struct Options {}

pub(super) fn run(switches: Switches, _: &Options, terminal: &Terminal) -> Exit {
    at_terminal(switches, terminal, async |wired, human| {
        let ledger = wired.engine.ledger_for_operator().await?;
        let file = wired.paths.halt_file();
        let by_file = file.exists();
        match (ledger.halted().await?, by_file) {
            (None, false) => return human.show("Nothing is halted.\n"),
            (Some(reason), _) => human.show(&format!("Halted: {}\n", *wired.redactor.text(&reason)))?,
            (None, true) => human.show("Halted by the HALT file in the data directory.\n")?,
        }
        if human.ask("To allow changes again, type resume: ")? != "resume" {
            return Err(Refusal::new(
                Code::WrongState,
                "That is not the word; it stays halted.",
                "Run the command again.",
            ));
        }
        // The ledger first: a file that cannot be removed keeps everything halted, which is the safe way to fail.
        wired.engine.resume_changes(&Person::here().operator()).await?;
        if by_file && std::fs::remove_file(&file).is_err() {
            return Err(Refusal::new(
                Code::WrongState,
                "The HALT file in the data directory cannot be removed; it stays halted.",
                format!("Remove {} yourself.", file.display()),
            ));
        }
        human.show("Changes are allowed again.\n")
    })
}
