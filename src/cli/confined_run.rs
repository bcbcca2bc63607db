//! `deploy-ops confined-run -- <program> …`: started by the server itself, never by hand.

use std::ffi::OsString;

use super::Exit;
use crate::world::process;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The program and its arguments.
    #[arg(required = true, last = true)]
    command: Vec<OsString>,
}

pub(super) fn run(options: &Options) -> Exit {
    process::confined_run(&options.command);
    Exit::NotStarted
}
