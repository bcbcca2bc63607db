//! Everything the operator has: environments, hosts, services, databases, mailboxes, secrets by reference.
//!
//! The configuration is parsed into these types once; a reference between two of them never dangles.

mod browser;
mod channel;
mod database;
mod e2e;
mod environment;
mod fetch;
mod gate;
mod github;
mod host;
mod lighthouse;
mod mailbox;
mod monitor;
mod page;
mod path;
mod remote;
mod root;
mod schedule;
mod search;
mod secret;
mod service;
mod smoke;
mod snapshots;
mod telemetry;
mod text_pattern;
mod uses;
mod way;

use std::collections::BTreeMap;

use serde::Serialize;

pub use browser::{Browser, Viewport};
pub use channel::{Channel, ChannelKind, Event, Telling};
pub use database::{Database, DatabaseServer, Engine, MigrationTool, Tls};
pub use e2e::EndToEndSuite;
pub use environment::{ApprovalRule, Environment, GitHubApproval, SignedComments, Signer};
pub use fetch::Fetch;
pub use gate::{
    AlertSeverity, AlertSource, AlertsGate, ChecksGate, CommandGate, Gate, GateKind, NoticeGate, ReviewGate,
    SignedTagGate,
};
pub use github::{GitHubAccess, GitHubCredential, InvalidRepository, RepositoryName, TagSigner};
pub use host::{Host, HostKind, HostTrust, SshHost, SshIdentity, SshLogin};
pub use lighthouse::Lighthouse;
pub use mailbox::{MailServer, MailTls, Mailbox};
pub use monitor::{Monitor, MonitorAccess, MonitorKind};
pub use page::{Mask, MeasuredAfter, Page, Rectangle, ShownAfter};
pub use path::{InvalidPath, RelativePath};
pub use remote::Remote;
pub use root::{LogPlace, Root};
pub use schedule::{Closed, Freeze, Window};
pub use search::SearchAccess;
pub use secret::SecretReference;
pub use service::{Build, Deploy, OnCancel, ReleaseDeploy, Runs, Script, ScriptDeploy, Service, Target, WebRoot};
pub use smoke::{
    CertificateDays, DnsCheck, HeaderWanted, HttpCheck, SmokeCheck, SmokeKind, SmokeRules, WebhookAsk, WebhookCheck,
    WebhookPlace,
};
pub use snapshots::SnapshotStorage;
pub use telemetry::Telemetry;
pub use text_pattern::TextPattern;
pub use uses::SecretUse;
pub use way::Way;

use super::{
    canonical::{self, NotCanonical},
    digest::Digest,
    name::{
        ChannelName, DatabaseName, EnvironmentName, GateName, HostName, MailboxName, MonitorName, RootName, SecretName,
        ServiceName,
    },
    refusal::{Code, Refusal},
};

/// The whole inventory.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct Inventory {
    /// Where services run.
    pub environments: BTreeMap<EnvironmentName, Environment>,
    /// The machines.
    pub hosts: BTreeMap<HostName, Host>,
    /// What is deployed.
    pub services: BTreeMap<ServiceName, Service>,
    /// What is snapshotted, migrated and checked.
    pub databases: BTreeMap<DatabaseName, Database>,
    /// What mail is checked with.
    pub mailboxes: BTreeMap<MailboxName, Mailbox>,
    /// What knows whether something is wrong.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub monitors: BTreeMap<MonitorName, Monitor>,
    /// What must be green.
    pub gates: BTreeMap<GateName, Gate>,
    /// Where secrets come from; never their values.
    pub secrets: BTreeMap<SecretName, SecretReference>,
    /// After how many days secrets have to be replaced, where that is said.
    pub rotate_after_days: BTreeMap<SecretName, u32>,
    /// How GitHub is reached.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub github: Option<GitHubAccess>,
    /// Where people are told.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub channels: BTreeMap<ChannelName, Channel>,
    /// How the web is searched.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub search: Option<SearchAccess>,
    /// What holds for smoke checks that do not say otherwise.
    pub smoke: SmokeRules,
    /// How snapshots are kept.
    pub snapshots: SnapshotStorage,
    /// Where numbers and traces go.
    pub telemetry: Telemetry,
    /// The directories below which `read_file` and `search_logs` may look.
    pub roots: BTreeMap<RootName, Root>,
    /// How pages are looked at.
    pub browser: Browser,
    /// How pages are measured.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lighthouse: Option<Lighthouse>,
}

impl Inventory {
    /// The service of that name, or a refusal with the nearest ones.
    pub fn service(&self, name: &ServiceName) -> Result<&Service, Refusal> {
        self.services.get(name).ok_or_else(|| {
            Refusal::unknown_name("service", name.as_str(), self.services.keys().map(ServiceName::as_str))
        })
    }

    /// The database of that name, or a refusal with the nearest ones.
    pub fn database(&self, name: &DatabaseName) -> Result<&Database, Refusal> {
        self.databases.get(name).ok_or_else(|| {
            Refusal::unknown_name("database", name.as_str(), self.databases.keys().map(DatabaseName::as_str))
        })
    }

    /// The mailbox of that name, or a refusal with the nearest ones.
    pub fn mailbox(&self, name: &MailboxName) -> Result<&Mailbox, Refusal> {
        self.mailboxes.get(name).ok_or_else(|| {
            Refusal::unknown_name("mailbox", name.as_str(), self.mailboxes.keys().map(MailboxName::as_str))
        })
    }

    /// The channel of that name, or a refusal with all of them.
    pub fn channel(&self, name: &ChannelName) -> Result<&Channel, Refusal> {
        self.channels.get(name).ok_or_else(|| none_of("channel", self.channels.keys().map(ChannelName::as_str)))
    }

    /// The monitor of that name, or a refusal with all of them.
    pub fn monitor(&self, name: &MonitorName) -> Result<&Monitor, Refusal> {
        self.monitors.get(name).ok_or_else(|| none_of("monitor", self.monitors.keys().map(MonitorName::as_str)))
    }

    /// The environment of that name, or a refusal with the nearest ones.
    pub fn environment(&self, name: &EnvironmentName) -> Result<&Environment, Refusal> {
        self.environments.get(name).ok_or_else(|| {
            Refusal::unknown_name("environment", name.as_str(), self.environments.keys().map(EnvironmentName::as_str))
        })
    }

    /// The root directory of that name, or a refusal with the nearest ones.
    pub fn root(&self, name: &RootName) -> Result<&Root, Refusal> {
        self.roots
            .get(name)
            .ok_or_else(|| Refusal::unknown_name("root", name.as_str(), self.roots.keys().map(RootName::as_str)))
    }

    /// The service and where it runs. Without an environment there must be exactly one target.
    pub fn target(
        &self,
        service: &ServiceName,
        environment: Option<&EnvironmentName>,
    ) -> Result<(&Service, &EnvironmentName, &Target), Refusal> {
        let service = self.service(service)?;
        let found = match environment {
            Some(name) => service.targets.get_key_value(name),
            None if service.targets.len() == 1 => service.targets.iter().next(),
            None => None,
        };
        found.map(|(name, target)| (service, name, target)).ok_or_else(|| {
            let names: Vec<&str> = service.targets.keys().map(EnvironmentName::as_str).collect();
            let (code, message) = match environment {
                Some(_) => {
                    (Code::UnknownName, format!("Service {} does not run in such an environment.", service.name))
                }
                None => (Code::BadArgument, format!("Service {} runs in more than one environment.", service.name)),
            };
            Refusal::new(code, message, format!("Give environment as one of: {}.", names.join(", ")))
        })
    }

    /// The digest of what a plan for `service` in `environment` rests on: the service, its target's host, its databases, its gates.
    /// A change anywhere else does not make the plan stale.
    pub fn digest_for(&self, service: &ServiceName, environment: &EnvironmentName) -> Result<Digest, NotCanonical> {
        let service_entry = self.services.get(service);
        let target = service_entry.and_then(|entry| entry.targets.get(environment));
        let databases: BTreeMap<_, _> = target
            .iter()
            .flat_map(|target| &target.databases)
            .filter_map(|name| self.databases.get_key_value(name))
            .collect();
        let gates: BTreeMap<_, _> =
            service_entry.iter().flat_map(|s| &s.gates).filter_map(|name| self.gates.get_key_value(name)).collect();
        canonical::digest(
            "service-config",
            &(
                service_entry,
                self.environments.get(environment),
                target.and_then(|t| self.hosts.get(&t.host)),
                databases,
                gates,
            ),
        )
    }
}

/// A name that is not among the few that there are.
fn none_of<'a>(kind: &str, names: impl Iterator<Item = &'a str>) -> Refusal {
    let names: Vec<&str> = names.collect();
    let fix = if names.is_empty() {
        format!("deploy-ops.toml names no {kind}; the operator adds one.")
    } else {
        format!("Give one of: {}.", names.join(", "))
    };
    Refusal::new(Code::UnknownName, format!("There is no such {kind} in the inventory."), fix)
}
