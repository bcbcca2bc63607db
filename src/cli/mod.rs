//! What the operator types. One file per command; `docs/cli.md` describes them all.
//!
//! Everything goes through the engine that MCP clients use too. What a client must not be able to do (`approve`, `decide`,
//! `resume`, `unfreeze`, `snapshot prune`, `baseline accept`) exists only here, and wants a human at a terminal.

mod approve;
mod arguments;
mod baseline;
mod call;
mod check_config;
mod confined_run;
mod decide;
mod demo;
mod demo_migrate;
mod deny;
mod detached_run;
mod doctor;
pub mod exit;
mod halt;
mod host;
mod human;
mod ledger;
mod live;
mod notice;
mod operations;
mod package;
mod person;
mod plans;
mod prune;
mod redact;
mod report;
mod resume;
mod schema;
mod serve;
mod show_plan;
mod snapshot;
pub mod terminal;
mod totp;
mod unfreeze;
mod version;
pub mod wire;

use std::{ffi::OsString, path::PathBuf};

use clap::{Parser, Subcommand};

pub use exit::Exit;
use terminal::Terminal;
use wire::Switches;

/// Deployments that cannot skip their safety rules: an MCP server, and its operator's commands.
#[derive(Debug, Parser)]
#[command(name = "deploy-ops", disable_version_flag = true, args_conflicts_with_subcommands = false)]
struct Arguments {
    /// The configuration file; else $DEPLOY_OPS_CONFIG, else ./deploy-ops.toml.
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Print the version and the digest of the tool list.
    #[arg(short = 'V', long)]
    version: bool,
    #[command(flatten)]
    serve: serve::Options,
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Serve MCP on stdio, or over HTTP with --http (the default command).
    Serve(serve::Options),
    /// Call a tool: deploy-ops call list_services, deploy-ops call deploy_service service=crm version=v1.
    Call(call::Options),
    /// Show a plan, and approve it. Wants a terminal.
    Approve(approve::Options),
    /// Show a plan, and refuse it for good. Wants a terminal.
    Deny(deny::Options),
    /// The plans that can be executed or wait for an approval.
    Plans(plans::Options),
    /// The last operations, or everything about one.
    Operations(operations::Options),
    /// Decide about an operation that waits for a human. Wants a terminal.
    Decide(decide::Options),
    /// Stop all changes. Works without a terminal.
    Halt(halt::Options),
    /// Allow changes again. Wants a terminal.
    Resume(resume::Options),
    /// Record that users were told of a deployment window. Works without a terminal.
    Notice(notice::Options),
    /// Say that a frozen service is repaired. Wants a terminal.
    Unfreeze(unfreeze::Options),
    /// Look at the ledger, and prove that nobody changed it.
    Ledger(ledger::Options),
    /// List the hosts, and see whether they are who they should be.
    Host(host::Options),
    /// Prove that nobody edited a report.
    Report(report::Options),
    /// List, verify and prune snapshots.
    Snapshot(snapshot::Options),
    /// The accepted pictures of pages; accept new ones.
    Baseline(baseline::Options),
    /// Look for what is wrong or weak, and say how to mend it.
    Doctor(doctor::Options),
    /// Read the configuration and report every problem at its line.
    CheckConfig(check_config::Options),
    /// The tools with their schemas, or one tool whole.
    Schema(schema::Options),
    /// Write the MCP bundle and the registry entry of this program.
    Package(package::Options),
    /// Copy stdin to stdout with all secrets masked.
    Redact(redact::Options),
    /// Print the version and the digest of the tool list.
    Version,
    /// Play the whole story in a sandbox, or serve the sandbox.
    Demo(demo::Options),
    /// Migrate the demo's shop.
    #[command(hide = true)]
    DemoMigrate(demo_migrate::Options),
    /// Run a script apart from the server.
    #[command(hide = true)]
    DetachedRun(detached_run::Options),
    /// Become another program, within limits.
    #[command(hide = true)]
    ConfinedRun(confined_run::Options),
}

/// Runs the command line; the process ends with what this returns.
pub fn main(arguments: impl IntoIterator<Item = OsString>) -> Exit {
    let terminal = Terminal::new();
    let parsed = match Arguments::try_parse_from(arguments) {
        Ok(parsed) => parsed,
        Err(problem) => return terminal.usage(&problem),
    };
    let config = parsed.config;
    if parsed.version {
        return version::run(&terminal);
    }
    let switches = Switches { config, ..Switches::default() };
    match parsed.command.unwrap_or(Command::Serve(parsed.serve)) {
        Command::Serve(options) => serve::run(switches, &options, &terminal),
        Command::Call(options) => call::run(switches, options, &terminal),
        Command::Approve(options) => approve::run(switches, &options, &terminal),
        Command::Deny(options) => deny::run(switches, &options, &terminal),
        Command::Plans(options) => plans::run(switches, &options, &terminal),
        Command::Operations(options) => operations::run(switches, &options, &terminal),
        Command::Decide(options) => decide::run(switches, &options, &terminal),
        Command::Halt(options) => halt::run(switches, &options, &terminal),
        Command::Resume(options) => resume::run(switches, &options, &terminal),
        Command::Notice(options) => notice::run(switches, &options, &terminal),
        Command::Unfreeze(options) => unfreeze::run(switches, &options, &terminal),
        Command::Ledger(options) => ledger::run(switches, &options, &terminal),
        Command::Host(options) => host::run(switches, &options, &terminal),
        Command::Report(options) => report::run(switches, &options, &terminal),
        Command::Snapshot(options) => snapshot::run(switches, &options, &terminal),
        Command::Baseline(options) => baseline::run(switches, &options, &terminal),
        Command::Doctor(options) => doctor::run(switches, &options, &terminal),
        Command::CheckConfig(options) => check_config::run(&switches, &options, &terminal),
        Command::Schema(options) => schema::run(&options, &terminal),
        Command::Package(options) => package::run(&options, &terminal),
        Command::Redact(options) => redact::run(switches, &options, &terminal),
        Command::Version => version::run(&terminal),
        Command::Demo(options) => demo::run(&options, &terminal),
        Command::DemoMigrate(options) => demo_migrate::run(&options, &terminal),
        Command::DetachedRun(options) => detached_run::run(&options),
        Command::ConfinedRun(options) => confined_run::run(&options),
    }
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    #[test]
    fn the_command_line_is_consistent() {
        super::Arguments::command().debug_assert();
    }
}
