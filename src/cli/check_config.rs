//! `deploy-ops check-config [FILE]`

use std::path::PathBuf;

use super::{
    Exit,
    terminal::{Terminal, Tone},
    wire::Switches,
};
use crate::config;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// The file, instead of --config.
    file: Option<PathBuf>,
    /// Count warnings as errors.
    #[arg(long)]
    strict: bool,
}

/// Reads the file and looks at permissions; opens nothing else and contacts nobody.
pub(super) fn run(switches: &Switches, options: &Options, terminal: &Terminal) -> Exit {
    let Some(file) = config::locate(options.file.clone().or_else(|| switches.config.clone())) else {
        return terminal
            .mistake("there is no configuration: give a FILE, or set DEPLOY_OPS_CONFIG, or go to its directory");
    };
    let (problems, count) = match config::load(&file) {
        Ok(config) => {
            let mut problems = config.warnings.clone();
            problems.extend(config::check_permissions(&config));
            let inventory = &config.inventory;
            let count = format!(
                "{} services, {} databases, {} environments, {} secrets",
                inventory.services.len(),
                inventory.databases.len(),
                inventory.environments.len(),
                inventory.secrets.len()
            );
            (problems, count)
        }
        Err(problems) => (problems, String::new()),
    };
    terminal.problems(&problems);
    let errors = problems.iter().filter(|problem| problem.is_error()).count();
    if errors > 0 || (options.strict && !problems.is_empty()) {
        let warnings = problems.len() - errors;
        terminal.line(&format!("{} {errors} errors, {warnings} warnings", terminal.tone(Tone::Bad, "BAD")));
        return Exit::Refused;
    }
    terminal.line(&format!("{} {count}", terminal.tone(Tone::Good, "OK")));
    Exit::Done
}
