//! `deploy-ops demo`: the whole story in a sandbox; with `--serve` the sandbox stays, for a chat client to play with.

use std::{net::SocketAddr, path::PathBuf, process::ExitCode};

use super::{Exit, serve, terminal::Terminal, wire};
use crate::demo;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Keep the sandbox and serve MCP over it, on stdio.
    #[arg(long)]
    serve: bool,
    /// With --serve: over HTTP on this loopback address.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "serve")]
    http: Option<SocketAddr>,
    /// With --serve: build the sandbox here instead of in a new temporary directory. It must be empty.
    #[arg(long, value_name = "DIRECTORY", requires = "serve")]
    directory: Option<PathBuf>,
}

/// Threads of the demo: it plays client, human and web server at once.
const WORKERS: usize = 2;

pub(super) fn run(options: &Options, terminal: &Terminal) -> Exit {
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() else {
        return wire::no_runtime(terminal);
    };
    if options.serve {
        return keep(&runtime, options, terminal);
    }
    if runtime.block_on(demo::play(&wire::runner())) == ExitCode::SUCCESS { Exit::Done } else { Exit::Failed }
}

fn keep(runtime: &tokio::runtime::Runtime, options: &Options, terminal: &Terminal) -> Exit {
    let directory = match &options.directory {
        Some(directory) => directory.clone(),
        None => match tempfile::Builder::new().prefix("deploy-ops-sandbox-").tempdir() {
            Ok(directory) => directory.keep(),
            Err(_) => return terminal.mistake("no temporary directory can be made; give one with --directory"),
        },
    };
    match runtime.block_on(demo::keep(&directory, &wire::runner())) {
        Ok(sandbox) => serve::sandbox(runtime, &sandbox, options.http, terminal),
        Err(error) => terminal.mistake(&format!("the sandbox cannot be built: {error}")),
    }
}
