//! `deploy-ops serve`: MCP on stdio, or over HTTP.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use futures::FutureExt;
use tokio_util::sync::CancellationToken;

use super::{
    Exit,
    call::{flush, stop_signal},
    terminal::Terminal,
    wire::{self, Switches, Wired},
};
use crate::{
    config::environment,
    server::{
        self, Handler,
        handler::HandlerSettings,
        http::{self, HttpSettings},
        limits::CallLimits,
    },
};

#[derive(Debug, clap::Args)]
pub(super) struct Options {
    /// Serve HTTP on this loopback address instead of stdio; needs [[tokens]].
    #[arg(long, value_name = "ADDRESS:PORT")]
    http: Option<SocketAddr>,
    /// Refuse every tool that changes something.
    #[arg(long)]
    read_only: bool,
    /// Only these groups of tools: deploy, inspect, quality, github, research, report.
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

/// How often the file of the metrics is written when nothing happens.
const METRICS_EVERY: Duration = Duration::from_mins(1);

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
    let level =
        environment::variable("DEPLOY_OPS_LOG").map_or_else(|| "info".to_owned(), environment::Variable::into_text);
    server::log::start(wired.redactor.clone(), &level);
    if let Some(config) = &wired.config {
        for warning in &config.warnings {
            tracing::warn!("{warning}");
        }
    }
    let Ok(runtime) = tokio::runtime::Builder::new_multi_thread().worker_threads(WORKERS).enable_all().build() else {
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
    let described = handler.clone();
    tokio::spawn(async move {
        described.listed();
    });
    if let Some(address) = http {
        return over_http(handler, address, wired, terminal).await;
    }
    tokio::select! {
        exit = on_stdio(&handler, wired) => exit,
        () = stop_signal() => {
            // Whatever runs is resumed by the next start: a quick end is a safe one.
            flush(wired).await;
            Exit::Done
        }
    }
}

/// Serves the demo's sandbox, which lives as long as the server.
pub(super) fn sandbox(
    runtime: &tokio::runtime::Runtime,
    sandbox: &crate::demo::sandbox::Sandbox,
    http: Option<SocketAddr>,
    terminal: &Terminal,
) -> Exit {
    let switches = Switches { config: Some(sandbox.config.clone()), ..Switches::default() };
    let wired = match wire::wire(&switches, terminal) {
        Ok(wired) => wired,
        Err(exit) => return exit,
    };
    server::log::start(wired.redactor.clone(), "info");
    tracing::info!("the sandbox is {}", sandbox.directory.display());
    runtime.block_on(serve(&wired, http, terminal))
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
        // Numbers that stay the same are told as well: a file that grows old says that nobody is there.
        let mut turns = tokio::time::interval(METRICS_EVERY);
        while engine.inventory().telemetry.metrics_file.is_some() {
            turns.tick().await;
            engine.write_metrics().await;
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

/// Serves HTTP until a signal comes; open requests get a moment to end.
async fn over_http(handler: Handler, address: SocketAddr, wired: &Wired, terminal: &Terminal) -> Exit {
    let settings = match http_settings(address, wired).await {
        Ok(settings) => settings,
        Err(mistake) => return terminal.mistake(&mistake),
    };
    let listener = match http::listen(&settings).await {
        Ok(listener) => listener,
        Err(error) => return terminal.mistake(&error.to_string()),
    };
    start_in_background(wired);
    let shown = listener.local_addr().unwrap_or(address);
    tracing::info!(
        "serving MCP at http://{shown}/mcp, and at http://{shown}/sse for older clients; numbers at /metrics"
    );
    let stop = CancellationToken::new();
    let redactor = wired.redactor.clone();
    let served = http::serve(listener, handler, redactor, settings, stop.clone());
    tokio::pin!(served);
    let ended = tokio::select! {
        ended = &mut served => ended,
        () = stop_signal() => {
            stop.cancel();
            served.await
        }
    };
    flush(wired).await;
    match ended {
        Ok(()) => Exit::Done,
        Err(error) => terminal.mistake(&error.to_string()),
    }
}

/// The settings of the configuration, with the tokens' values read.
async fn http_settings(address: SocketAddr, wired: &Wired) -> Result<HttpSettings, String> {
    let mut settings = HttpSettings { listen: address, ..HttpSettings::loopback(address.port()) };
    let engine = wired.engine.clone();
    settings.metrics = wired.config.is_some().then(|| {
        http::Metrics::new(move || {
            let engine = engine.clone();
            async move { engine.metrics().await.ok() }.boxed()
        })
    });
    let Some(config) = &wired.config else { return Ok(settings) };
    for token in &config.settings.tokens {
        let secret = wire::secret(config, &wired.paths, &token.secret).await.ok_or_else(|| {
            format!("the token {} cannot be read: set secret {}, or remove the token", token.name, token.secret)
        })?;
        settings.tokens.push(http::Token::new(&token.name, &secret, token.scopes.clone()).within(token.reach.clone()));
    }
    settings.hosts.clone_from(&config.settings.server.allowed_hosts);
    settings.origins.clone_from(&config.settings.server.allowed_origins);
    settings.limits.body_bytes =
        usize::try_from(config.settings.limits.body_bytes).unwrap_or(settings.limits.body_bytes);
    Ok(settings)
}

/// The limits of the configuration.
fn limits(wired: &Wired) -> CallLimits {
    let Some(config) = &wired.config else { return CallLimits::default() };
    let limits = config.settings.limits;
    CallLimits {
        reads_per_minute: limits.calls_per_minute,
        plans_per_hour: limits.plans_per_hour,
        changes_per_hour: limits.changes_per_hour,
        verifies_per_minute: limits.verifies_per_minute,
        string_bytes: limits.string_bytes,
        at_once: limits.concurrency,
        ..CallLimits::default()
    }
}
