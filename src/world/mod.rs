//! The outside: clock, hosts, databases, HTTP, git, secrets. The only module that reads or changes anything.
//!
//! Whoever only reads gets a [`Reader`]. Every method that changes something is on [`World`] and takes a `&Permit`.

mod api;
pub mod artifacts;
pub mod audit;
pub(crate) mod blocking;
pub mod browser;
pub mod bundle;
pub mod capabilities;
mod certificate;
mod chain;
pub mod clock;
mod contact;
pub mod database;
pub mod detached;
mod dns;
pub mod e2e;
pub mod error;
pub mod files;
pub mod gates;
pub mod git;
pub mod github;
pub(crate) mod host;
pub mod http;
pub mod instance;
mod kept;
pub mod mail;
pub mod migrations;
pub mod monitoring;
mod names;
mod notes;
mod notify;
pub mod paths;

pub mod probe;
pub mod process;
mod refusals;
pub mod rehearse;
pub mod releases;
pub mod reports;
mod scratch;
pub mod scripts;
pub mod search;
pub mod secrets;
mod signing;
pub mod smoke;
pub mod snapshots;
pub mod space;
pub mod ssh;
pub mod state;
mod telemetry;
mod tls;
pub(crate) mod tree;
mod words;

use std::{path::PathBuf, sync::Arc};

pub use clock::{Clock, SystemClock};
pub use error::WorldError;
pub use paths::Paths;
pub use secrets::SecretStore;

use crate::{
    domain::{inventory::Inventory, time::Time},
    redact::Redactor,
};

/// Everything outside.
#[derive(Debug)]
pub struct World {
    pub(crate) inventory: Arc<Inventory>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) paths: Paths,
    /// The program that runs scripts detached: this very binary, with `detached-run`.
    pub(crate) runner: PathBuf,
    pub(crate) secrets: SecretStore,
    pub(crate) redactor: Redactor,
    pub(crate) http: http::Http,
    pub(in crate::world) github: github::GitHub,
    /// How long no search may be made.
    pub(in crate::world) search: search::Limits,
    /// The open connections to hosts.
    pub(in crate::world) ssh: ssh::Pool,
    /// The logins that were refused a short while ago.
    pub(in crate::world) refusals: refusals::Refusals,
    /// How many smoke checks are made at once.
    pub(in crate::world) pace: smoke::Pace,
    /// The smoke checks that were made a short while ago.
    pub(in crate::world) smoke_runs: smoke::Runs,
}

impl World {
    /// The world as the inventory describes it. Nothing is contacted.
    pub fn new(inventory: Arc<Inventory>, clock: Arc<dyn Clock>, paths: Paths, runner: PathBuf) -> Self {
        let (secrets, redactor) = (SecretStore::default(), Redactor::new([]).0);
        let http = http::Http::by(names::Names::by(inventory.smoke.dns_server));
        let (github, ssh) = (github::GitHub::default(), ssh::Pool::default());
        let (search, refusals) = (search::Limits::default(), refusals::Refusals::default());
        let (pace, smoke_runs) = (smoke::Pace::default(), smoke::Runs::default());
        Self {
            inventory,
            clock,
            paths,
            runner,
            secrets,
            redactor,
            http,
            github,
            search,
            ssh,
            refusals,
            pace,
            smoke_runs,
        }
    }
    /// The same world with these sources of secrets. Without them no secret exists.
    pub fn with_secrets(mut self, secrets: SecretStore) -> Self {
        self.secrets = secrets;
        self
    }
    /// The same world with this redactor: what is read from files goes through it.
    pub fn with_redactor(mut self, redactor: Redactor) -> Self {
        self.redactor = redactor;
        self
    }
    /// Where our own files live.
    pub fn paths(&self) -> &Paths {
        &self.paths
    }
    /// The half of the world that only reads.
    pub fn reader(&self) -> Reader<'_> {
        Reader { world: self }
    }
    /// The present.
    pub fn now(&self) -> Time {
        self.clock.now()
    }
}

/// The world without its changing methods: all that a tool gets.
#[derive(Debug, Clone, Copy)]
pub struct Reader<'w> {
    pub(crate) world: &'w World,
}

impl<'w> Reader<'w> {
    /// The inventory.
    pub fn inventory(&self) -> &'w Inventory {
        &self.world.inventory
    }
    /// The present.
    pub fn now(&self) -> Time {
        self.world.now()
    }
}
