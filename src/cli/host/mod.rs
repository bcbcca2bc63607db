//! `deploy-ops host list|trust`

mod known_hosts;
mod list;
mod trust;

use super::{Exit, approve::at_terminal, plans::looking, terminal::Terminal, wire::Switches};
use crate::domain::name::HostName;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, clap::Subcommand)]
enum Command {
    /// The hosts: how they are reached, as whom, and by what they are recognised.
    List {
        /// Print JSON, one host a line.
        #[arg(long)]
        json: bool,
    },
    /// Show the keys of a host, for a human to compare with what is known on a trusted way.
    Trust {
        /// The host.
        host: HostName,
        /// Add the keys that a human has compared to the file of known hosts. Wants a terminal.
        #[arg(long)]
        write: bool,
    },
}

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    match &options.command {
        Command::List { json } => looking(switches, terminal, async |wired| Ok(list::list(wired, *json, terminal))),
        Command::Trust { host, write: false } => {
            looking(switches, terminal, async |wired| trust::show(wired, host, terminal).await)
        }
        Command::Trust { host, write: true } => {
            at_terminal(switches, terminal, async |wired, human| trust::write(wired, human, host).await)
        }
    }
}
