//! From the configuration to an engine: the same for serving and for every command.

use std::{
    collections::BTreeSet,
    os::unix::fs::DirBuilderExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::{Exit, terminal::Terminal};
use crate::{
    config::{
        self, Config,
        secrets::SecretProblem,
        settings::{ServerSettings, StateStore, StateTls},
    },
    domain::{
        inventory::{Inventory, SecretReference},
        name::{self, SecretName},
        refusal::Refusal,
    },
    engine::{Engine, Hooks, NoHooks, Options, Waits},
    ledger::{Location, Server, Tls},
    policy,
    redact::{Redactor, Secret},
    tools::{self, Tool},
    world::{
        Clock, Paths, SystemClock, World,
        secrets::{SecretStore, Unresolved},
    },
};

/// What the command line says about the set-up.
#[derive(Debug, Clone, Default)]
pub struct Switches {
    /// The configuration file that was named.
    pub config: Option<PathBuf>,
    /// Refuse every tool that changes something, whatever the configuration says.
    pub read_only: bool,
    /// Only tools of these groups, instead of those of the configuration.
    pub toolsets: Vec<String>,
    /// Only these tools, or these besides those of `toolsets`.
    pub tools: Vec<String>,
    /// Not these tools.
    pub exclude_tools: Vec<String>,
    /// Leave interrupted operations to a server: for commands that end at once.
    pub look_only: bool,
}

/// An engine with what it was made from.
#[derive(Debug)]
pub struct Wired {
    /// The engine. Nothing is opened yet.
    pub engine: Engine,
    /// The configuration; absent when there is none.
    pub config: Option<Config>,
    /// Where our own files live.
    pub paths: Paths,
    /// The redactor, without the secrets until the engine starts.
    pub redactor: Redactor,
}

/// What an unconfigured server tells those who call.
const UNCONFIGURED: &str = "Create deploy-ops.toml (docs/deploy-ops.example.toml shows everything), check it with `deploy-ops check-config`, \
                            and start the server with --config FILE, with DEPLOY_OPS_CONFIG, or in the file's directory.";

/// Makes the engine. Opens and contacts nothing; without a configuration the engine lists its tools and refuses calls.
///
/// # Errors
/// The problems were shown; the process ends with that code.
pub fn wire(switches: &Switches, terminal: &Terminal) -> Result<Wired, Exit> {
    wire_with(switches, terminal, Parts { hooks: Arc::new(NoHooks), runner: &runner(), clock: Arc::new(SystemClock) })
}

/// What tests bring themselves.
pub struct Parts<'a> {
    /// Hooks into running operations.
    pub hooks: Arc<dyn Hooks>,
    /// The program that runs scripts.
    pub runner: &'a Path,
    /// The present.
    pub clock: Arc<dyn Clock>,
}

impl std::fmt::Debug for Parts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Parts").field("runner", &self.runner).field("clock", &self.clock).finish_non_exhaustive()
    }
}

/// The same with parts that a test brings.
///
/// # Errors
/// As [`wire`].
pub fn wire_with(switches: &Switches, terminal: &Terminal, parts: Parts<'_>) -> Result<Wired, Exit> {
    let config = match config::locate(switches.config.clone()) {
        Some(file) => Some(load(&file, terminal)?),
        None => None,
    };
    let options = options(switches, config.as_ref()).map_err(|mistake| terminal.mistake(&mistake))?;
    let (redactor, _) = Redactor::new(config.iter().flat_map(extra_secrets));
    let paths = match &config {
        Some(config) => {
            let state = &config.settings.state;
            private_directory(&state.data).map_err(|mistake| terminal.mistake(&mistake))?;
            Paths { data: state.data.clone(), reports: state.reports.clone() }
        }
        None => Paths { data: PathBuf::from("deploy-ops-data"), reports: PathBuf::from("quality-reports") },
    };
    let inventory = config.as_ref().map_or_else(Inventory::default, |config| config.inventory.clone());
    let settings =
        config.as_ref().map(|config| policy::Settings::from(config.settings.policy.clone())).unwrap_or_default();
    let world = world(inventory, paths.clone(), parts.runner, parts.clock).with_redactor(redactor.clone());
    let engine = Engine::new(world, redactor.clone(), settings, options, parts.hooks);
    Ok(Wired { engine, config, paths, redactor })
}

impl Wired {
    /// The same, for a command that is nothing without a configuration.
    pub(crate) fn configured(self, terminal: &Terminal) -> Result<Self, Exit> {
        if self.config.is_some() {
            Ok(self)
        } else {
            Err(terminal.mistake(&format!("There is no configuration. {UNCONFIGURED}")))
        }
    }

    /// The same world once more, for commands that look at something themselves.
    pub(crate) fn world(&self) -> World {
        let world = world(self.engine.inventory().clone(), self.paths.clone(), &runner(), Arc::new(SystemClock));
        world.with_redactor(self.redactor.clone())
    }

    /// Shows a refusal; the exit code is its own.
    pub(crate) fn refuse(&self, terminal: &Terminal, refusal: &Refusal) -> Exit {
        terminal.refuse(&self.redactor, refusal)
    }
}

/// The world of an inventory, with secrets read as the configuration says.
fn world(inventory: Inventory, paths: Paths, runner: &Path, clock: Arc<dyn Clock>) -> World {
    let resolve = |reference: &SecretReference| {
        config::secrets::read(reference).map_err(|problem| match problem {
            SecretProblem::NeedsCommand(command) => Unresolved::NeedsCommand(command),
            other => Unresolved::Problem(other.to_string()),
        })
    };
    World::new(Arc::new(inventory), clock, paths, runner.to_owned()).with_secrets(SecretStore::new(Arc::new(resolve)))
}

/// The value of one secret of the configuration, for the commands themselves (bearer tokens, keys of one-time passwords). The other
/// secrets are not read.
pub(crate) async fn secret(config: &Config, paths: &Paths, name: &SecretName) -> Option<Secret> {
    let reference = config.inventory.secrets.get_key_value(name);
    let secrets = reference.map(|(name, reference)| (name.clone(), reference.clone())).into_iter().collect();
    let world = world(Inventory { secrets, ..Inventory::default() }, paths.clone(), &runner(), Arc::new(SystemClock));
    let (found, _) = world.reader().all_for_redaction().await;
    found.into_iter().next()
}

/// The world of a configuration, for commands that look at it before there is any state.
pub(crate) fn world_of(config: &Config) -> World {
    let state = &config.settings.state;
    let paths = Paths { data: state.data.clone(), reports: state.reports.clone() };
    world(config.inventory.clone(), paths, &runner(), Arc::new(SystemClock))
}

/// Every secret of the configuration that can be read, and the names of those that cannot.
pub(crate) async fn all_secrets(config: &Config) -> (Vec<Secret>, Vec<String>) {
    let world = world_of(config);
    let (mut secrets, unread) = world.reader().all_for_redaction().await;
    let mut unread: Vec<String> = unread.iter().map(ToString::to_string).collect();
    let extra = extra_secrets(config);
    if extra.len() < config.settings.redaction.extra_secrets.len() {
        unread.push("in redaction.extra_secrets".to_owned());
    }
    secrets.extend(extra);
    (secrets, unread)
}

/// What a command needs that ends at once, and is nothing without a configuration. Interrupted operations are left to a server.
///
/// # Errors
/// The problems were shown; the process ends with that code.
pub(super) fn command(switches: Switches, terminal: &Terminal) -> Result<(Wired, tokio::runtime::Runtime), Exit> {
    let wired = wire(&Switches { look_only: true, ..switches }, terminal)?.configured(terminal)?;
    Ok((wired, runtime(terminal)?))
}

/// A runtime for a command that does one thing after another.
pub(crate) fn runtime(terminal: &Terminal) -> Result<tokio::runtime::Runtime, Exit> {
    tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(|_| no_runtime(terminal))
}

pub(crate) fn no_runtime(terminal: &Terminal) -> Exit {
    terminal.mistake("the process cannot get the files and threads it needs; raise its limits (ulimit -n, ulimit -u)");
    Exit::Refused
}

/// The configuration, or its problems on stderr.
pub(crate) fn load(file: &Path, terminal: &Terminal) -> Result<Config, Exit> {
    let config = config::load(file).map_err(|problems| {
        terminal.problems(&problems);
        Exit::Usage
    })?;
    let problems = config::check_permissions(&config);
    if problems.iter().any(config::Problem::is_error) {
        terminal.problems(&problems);
        return Err(Exit::Usage);
    }
    Ok(config)
}

/// The program that runs scripts apart from the server: this one.
pub(crate) fn runner() -> PathBuf {
    std::env::current_exe().unwrap_or_else(|_| PathBuf::from("/proc/self/exe"))
}

/// Secrets that no service needs. One that cannot be read cannot be masked; `doctor` says so.
fn extra_secrets(config: &Config) -> Vec<Secret> {
    let references = config.settings.redaction.extra_secrets.iter().enumerate();
    references
        .filter_map(|(index, reference)| {
            let value = config::secrets::read(reference).ok()?;
            Some(Secret::new(format!("EXTRA_{}", index + 1), value))
        })
        .collect()
}

fn private_directory(path: &Path) -> Result<(), String> {
    std::fs::DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(|_| {
        format!(
            "the data directory {} cannot be created; create it for this user with mode 0700, or set state.data",
            path.display()
        )
    })
}

fn options(switches: &Switches, config: Option<&Config>) -> Result<Options, String> {
    let server = config.map(|config| config.settings.server.clone()).unwrap_or_default();
    let all = tools::all();
    let toolsets: BTreeSet<&str> = all.iter().map(|tool| tool.toolset.name()).collect();
    if let Some(wanted) = switches.toolsets.iter().find(|wanted| !toolsets.contains(wanted.as_str())) {
        let near = name::nearest(wanted, toolsets.iter().copied()).into_iter().next();
        let known: Vec<&str> = toolsets.into_iter().collect();
        let hint = near.map_or_else(String::new, |near| format!("did you mean {near}? "));
        return Err(format!("there is no such toolset; {hint}there are {}", known.join(", ")));
    }
    let named = switches.tools.iter().chain(&switches.exclude_tools).chain(&server.tools).chain(&server.exclude_tools);
    for wanted in named {
        if !all.iter().any(|tool| tool.name == wanted) {
            let near = name::nearest(wanted, all.iter().map(|tool| tool.name));
            return Err(format!(
                "there is no such tool among those to show or hide; {}",
                if near.is_empty() {
                    "see deploy-ops schema".to_owned()
                } else {
                    format!("did you mean {}?", near.join(" or "))
                }
            ));
        }
    }
    let (tools, exclude_tools) = shown(switches, &server, &all);
    let (state, state_password) =
        config.map_or_else(Default::default, |config| state(config.settings.state.store.clone()));
    Ok(Options {
        state,
        state_password,
        read_only: switches.read_only || server.read_only,
        toolsets: BTreeSet::new(),
        tools,
        exclude_tools,
        unconfigured: config.is_none().then(|| UNCONFIGURED.to_owned()),
        session_stop_hits: config.map_or(0, |config| u64::from(config.settings.redaction.session_stop_hits)),
        look_only: switches.look_only,
        waits: config.map_or_else(Waits::default, |config| Waits {
            default_s: config.settings.limits.wait_default_s,
            most_s: config.settings.limits.wait_max_s,
        }),
    })
}

/// Where the ledger is, and the secret that opens it.
fn state(store: StateStore) -> (Location, Option<SecretName>) {
    match store {
        StateStore::Sqlite { path } => (Location::Sqlite(path), None),
        StateStore::Postgres { address, port, database, user, password, tls } => {
            let tls = match tls {
                StateTls::Off => Tls::Off,
                StateTls::Verified { authority } => Tls::Verified { authority },
            };
            (Location::Postgres(Server { address, port, database, user, password: None, tls }), password)
        }
    }
}

/// The tools to show (empty: all) and to hide. The command line replaces the lists of the configuration, but what one of them hides
/// stays hidden.
fn shown(switches: &Switches, server: &ServerSettings, all: &[Tool]) -> (BTreeSet<String>, BTreeSet<String>) {
    let asked = !(switches.toolsets.is_empty() && switches.tools.is_empty());
    let (toolsets, tools) = if asked {
        (switches.toolsets.clone(), switches.tools.clone())
    } else {
        (server.toolsets.clone().unwrap_or_default(), server.tools.clone())
    };
    let mut hidden: BTreeSet<String> = switches.exclude_tools.iter().chain(&server.exclude_tools).cloned().collect();
    let narrowed = !tools.is_empty() || !toolsets.is_empty() || server.toolsets.is_some();
    if !narrowed {
        return (BTreeSet::new(), hidden);
    }
    let chosen = |tool: &&Tool| {
        toolsets.iter().any(|set| set == tool.toolset.name()) || tools.iter().any(|name| name == tool.name)
    };
    let names: BTreeSet<String> = all.iter().filter(chosen).map(|tool| tool.name.to_owned()).collect();
    if names.is_empty() {
        // To the engine an empty list means all tools, but here it means none.
        hidden.extend(all.iter().map(|tool| tool.name.to_owned()));
    }
    (names, hidden)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_empty_choice_of_tools_is_not_all_tools() {
        let all = tools::all();
        let switches = Switches { toolsets: vec!["empty".to_owned()], ..Switches::default() };
        let (names, hidden) = shown(&switches, &ServerSettings::default(), &all);
        assert!(names.is_empty() && hidden.len() == all.len());
        let (names, hidden) = shown(&Switches::default(), &ServerSettings::default(), &all);
        assert!(names.is_empty() && hidden.is_empty());
    }

    #[test]
    fn what_the_configuration_hides_stays_hidden() {
        let server = ServerSettings { exclude_tools: vec!["rollback".to_owned()], ..ServerSettings::default() };
        let switches = Switches { tools: vec!["rollback".to_owned()], ..Switches::default() };
        assert!(shown(&switches, &server, &tools::all()).1.contains("rollback"));
    }
}
