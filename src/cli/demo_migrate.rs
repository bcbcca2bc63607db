//! `deploy-ops demo-migrate <database> <directory>`: the migration tool of the demo's shop, started by its script.

use std::path::PathBuf;

use super::{Exit, terminal::Terminal, wire};
use crate::demo::sandbox;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The SQLite file.
    database: PathBuf,
    /// The directory of the migrations.
    directory: PathBuf,
}

pub(super) fn run(options: &Options, terminal: &Terminal) -> Exit {
    let runtime = match wire::runtime(terminal) {
        Ok(runtime) => runtime,
        Err(exit) => return exit,
    };
    match runtime.block_on(sandbox::migrate(&options.database, &options.directory)) {
        Ok(applied) => {
            terminal.line(&format!("{} migrations applied", applied.len()));
            Exit::Done
        }
        Err(_) => terminal.mistake("the migration failed"),
    }
}
