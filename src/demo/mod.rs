//! `deploy-ops demo`: a sandbox, and the whole story played against a real server through a real MCP connection.

mod client;
mod operator;
pub mod sandbox;
mod screen;
mod story;

use std::{io, path::Path, process::ExitCode};

use sandbox::{Approvals, Sandbox};

/// Builds the sandbox and plays the story. Succeeds only if every act was really observed.
pub async fn play(program: &Path) -> ExitCode {
    let mut screen = screen::Screen::new();
    let directory = match tempfile::Builder::new().prefix("deploy-ops-demo-").tempdir() {
        Ok(directory) => directory,
        Err(error) => return screen.broken(&format!("cannot make a temporary directory: {error}")),
    };
    let sandbox = match Sandbox::build(directory.path(), program, Approvals::Needed).await {
        Ok(sandbox) => sandbox,
        Err(error) => return screen.broken(&format!("cannot build the sandbox: {error}")),
    };
    match story::tell(&sandbox, program, &mut screen).await {
        Ok(()) => screen.end(),
        Err(error) => screen.broken(&error.to_string()),
    }
}

/// Builds the sandbox for `demo --serve`.
pub async fn keep(directory: &Path, program: &Path) -> io::Result<Sandbox> {
    std::fs::create_dir_all(directory)?;
    Sandbox::build(directory, program, Approvals::NotNeeded).await
}
