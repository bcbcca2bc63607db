//! `deploy-ops serve`: MCP on stdio, or over HTTP.

use std::{net::SocketAddr, sync::Arc};

use super::{
    Exit,
    call::{flush, stop_signal},
    terminal::Terminal,
    wire::{self, Switches, Wired},
};
use crate::{
    config::environment,
    server::{self, Handler, handler::HandlerSettings, limits::CallLimits},
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Serve HTTP on this loopback address instead of stdio; needs [[tokens]].
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Refuse every tool that changes something.
    #[arg(long)]
    read_only: bool,
    /// Only these groups of tools: deploy, inspect.
    #[arg(long, value_delimiter = ',', value_name = "GROUP,…")]
    toolsets: Vec<String>,
    /// Only these tools, or these besides the groups.
    #[arg(long, value_delimiter = ',', value_name = "TOOL,…")]
    tools: Vec<String>,
    /// Not these tools.
    #[arg(long, value_delimiter = ',', value_name = "TOOL,…")]
    exclude_tools: Vec<String>,
}

/// Threads that serve: reads are short and redaction is quick, so two keep one busy client from holding up another.
const WORKERS: usize = 2;

pub(super) fn run(switches: Switches, options: &Options, terminal: &Terminal) -> Exit {
    let switches = Switches {
        read_only: options.read_only,
        toolsets: options.toolsets.clone(),
        tools: options.tools.clone(),
        exclude_tools: options.exclude_tools.clone(),
        ..switches
    };
    let wired = match wire::wire(&switches, terminal) {
        Ok(wired) => wired,
        Err(exit) => return exit,
    };
    let level = environment::variable("DEPLOY_OPS_LOG").map_or_else(|| "info".to_owned(), environment::Variable::into_text);
    server::log::start(wired.redactor.clone(), &level);
    if let Some(config) = &wired.config {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
    }
    let Ok(runtime) =
        tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build()
    else {
        return wire::no_runtime(terminal);
    };
    let address = options.http.or_else(|| wired.config.as_ref().and_then(|config| config.settings.server.http));
    let exit = runtime.block_on(serve(&wired, address, terminal));
    // A read of stdin that nobody can interrupt must not keep the process.
    runtime.shutdown_background();
    exit
}

async fn serve(wired: &Wired, http: Option<SocketAddr>, terminal: &Terminal) -> Exit {
    let settings = HandlerSettings { calls: limits(wired), ..HandlerSettings::default() };
    let Ok(handler) = Handler::new(Arc::new(wired.engine.clone()), settings) else {
        return terminal.mistake("the system gives no random numbers, without which nothing can be served safely");
    };
    let served = async {
        match http {
            None => on_stdio(&handler, wired).await,
            Some(address) => over_http(handler, address, wired, terminal).await,
        }
    };
    tokio::select! {
        exit = served => exit,
        () = stop_signal() => {
            // Whatever runs is resumed by the next start: a quick end is a safe one.
            flush(wired).await;
            Exit::Done
        }
    }
}

/// The ledger, the secrets and interrupted operations, while the transport already answers. The first call waits for it.
fn start_in_background(wired: &Wired) {
    if wired.config.is_none() {
        return;
    }
    let engine = wired.engine.clone();
    tokio::spawn(async move {
        if let Err(refusal) = engine.start().await {
            tracing::error!("the engine cannot start yet: {refusal}");
        }
    });
}

async fn on_stdio(handler: &Handler, wired: &Wired) -> Exit {
    start_in_background(wired);
    let served = server::stdio::serve(handler).await;
    // The client has gone; what it started goes on to its end.
    wired.engine.drain().await;
    match served {
        Ok(_) => Exit::Done,
        Err(error) => {
            tracing::error!("{error}");
            Exit::Refused
        }
    }
}

/// The limits of the configuration.
fn limits(wired: &Wired) -> CallLimits {
    let Some(config) = &wired.config else { return CallLimits::default() };
    let limits = config.settings.limits;
    CallLimits {
        reads_per_minute: limits.calls_per_minute,
        changes_per_hour: limits.changes_per_hour,
        at_once: limits.concurrency,
        ..CallLimits::default()
    }
}
