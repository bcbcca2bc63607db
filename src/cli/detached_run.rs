//! `deploy-ops detached-run <directory>`: started by the server itself, never by hand.

use std::{path::PathBuf, process::ExitCode};

use super::Exit;
use crate::world::detached;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The directory of one run.
    directory: PathBuf,
}

pub(super) fn run(options: &Options) -> Exit {
    if detached::detached_run(&options.directory) == ExitCode::SUCCESS { Exit::Done } else { Exit::Refused }
}
