//! `deploy-ops demo`: the whole story in a sandbox; with `--serve` the sandbox is there for a chat client to play with.

use std::{
    net::SocketAddr,
    path::{Path, PathBuf},
    process::ExitCode,
    time::Duration,
};

use tokio::runtime::{Builder, Runtime};

use super::{Exit, serve, terminal::Terminal, wire};
use crate::demo;

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Serve MCP over the sandbox, on stdio; it is removed when the client has gone.
    #[arg(long)]
    serve: bool,
    /// With --serve: leave the sandbox where it is.
    #[arg(long, requires = "serve")]
    keep: bool,
    /// With --serve: over HTTP on this loopback address.
    #[arg(long, value_name = "ADDRESS:PORT", requires = "serve")]
    http: Option<SocketAddr>,
    /// With --serve: build the sandbox here instead of in a new temporary directory, and leave it there. It must be empty.
    #[arg(long, value_name = "DIRECTORY", requires = "serve")]
    directory: Option<PathBuf>,
}

/// Threads of the demo: it plays client, human and web server at once.
const WORKERS: usize = 2;
/// How long the tasks of a server that has ended may take to end as well. A read of stdin that nobody can interrupt takes all of it.
const ENDING: Duration = Duration::from_millis(500);

pub(super) fn run(options: &Options, terminal: &Terminal) -> Exit {
    let Ok(runtime) = Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() else {
        return wire::no_runtime(terminal);
    };
    if options.serve {
        return serve_sandbox(runtime, options, terminal);
    }
    if runtime.block_on(demo::play(&wire::runner())) == ExitCode::SUCCESS { Exit::Done } else { Exit::Failed }
}

fn serve_sandbox(runtime: Runtime, options: &Options, terminal: &Terminal) -> Exit {
    let (directory, temporary) = match &options.directory {
        Some(directory) => (directory.clone(), None),
        None => match tempfile::Builder::new().prefix("deploy-ops-sandbox-").disable_cleanup(options.keep).tempdir() {
            Ok(temporary) => (temporary.path().to_owned(), Some(temporary)),
            Err(_) => return terminal.mistake("no temporary directory can be made; give one with --directory"),
        },
    };
    let exit = serve_in(&directory, &runtime, options, terminal);
    // Nothing is to be written any more into what is removed.
    runtime.shutdown_timeout(ENDING);
    match temporary.filter(|_| !options.keep).map(tempfile::TempDir::close) {
        Some(Err(_)) => terminal.mistake(&format!("the sandbox cannot be removed whole: {}", directory.display())),
        Some(Ok(())) | None => exit,
    }
}

fn serve_in(directory: &Path, runtime: &Runtime, options: &Options, terminal: &Terminal) -> Exit {
    match runtime.block_on(demo::keep(directory, &wire::runner())) {
        Ok(sandbox) => serve::sandbox(runtime, &sandbox, options.http, terminal),
        Err(error) => terminal.mistake(&format!("the sandbox cannot be built: {error}")),
    }
}
