//! `list_services`: the inventory with what is live.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Describe, Query, Toolset, records::Standings};
use crate::domain::{
    capabilities::Capabilities,
    effect::{Effect, Tier},
    inventory::{Deploy, Inventory, Service},
    name::{
        DatabaseName, EnvironmentName, FlowName, GateName, HostName, MailboxName, RootName, SecretName, ServiceName,
    },
    operation::{OperationId, OperationState},
    refusal::{NextCall, Refusal},
    time::Time,
    version::Version,
};

/// The tool.
#[derive(Debug)]
pub(super) struct ListServices;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// Only this service, with everything known about it: host, databases, gates, secrets, checks.
    #[serde(default)]
    service: Option<ServiceName>,
    /// Which part of the inventory.
    #[serde(default)]
    section: Section,
}

/// A part of the inventory.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Section {
    /// The services.
    #[default]
    Services,
    /// Hosts, databases, mailboxes, secrets by name, file roots.
    Resources,
}

/// The result.
#[derive(Debug, Default, Serialize, JsonSchema)]
pub(super) struct Output {
    /// The services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    services: Vec<ServiceView>,
    /// Hosts.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    hosts: Vec<HostView>,
    /// Databases.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    databases: Vec<DatabaseView>,
    /// Mailboxes.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    mailboxes: Vec<MailboxView>,
    /// Secrets, by name; the values never leave the server.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    references: Vec<SecretName>,
    /// Directories for read_file and search_logs.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    roots: Vec<RootView>,
}

/// How much is said of a service: all of them together have to fit into an answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Detail {
    /// What it is, where it answers, what is live.
    Overview,
    /// Everything.
    All,
}

impl Detail {
    fn of<T: Clone>(self, list: &[T]) -> Vec<T> {
        if self == Self::All { list.to_vec() } else { Vec::new() }
    }
}

/// A service.
#[derive(Debug, Serialize, JsonSchema)]
struct ServiceView {
    name: ServiceName,
    #[serde(skip_serializing_if = "String::is_empty")]
    description: String,
    /// `script` or `release`.
    deployed_by: String,
    /// Where it runs.
    targets: Vec<TargetView>,
    /// Gates that have to be green.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    gates: Vec<GateName>,
    /// Secrets that have to exist.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needs: Vec<SecretName>,
    /// Smoke checks besides the URL.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    checks: Vec<String>,
    /// Flows that run_e2e can run alone.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    flows: Vec<FlowName>,
}

/// Where a service runs, and what is live there.
#[derive(Debug, Serialize, JsonSchema)]
struct TargetView {
    environment: EnvironmentName,
    tier: Tier,
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<HostName>,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    databases: Vec<DatabaseName>,
    /// The live version, as this server deployed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    live: Option<Version>,
    /// Since when (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    live_since: Option<Time>,
    /// The last operation.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_operation: Option<OperationId>,
    /// How it stands.
    #[serde(skip_serializing_if = "Option::is_none")]
    last_state: Option<OperationState>,
}

/// A host.
#[derive(Debug, Serialize, JsonSchema)]
struct HostView {
    name: HostName,
    /// `local` or `ssh`.
    kind: String,
    /// What was last seen of it, by deploy-ops doctor or diagnose.
    #[serde(skip_serializing_if = "Option::is_none")]
    seen: Option<SeenView>,
}

/// A host over SSH as it was last seen.
#[derive(Debug, Serialize, JsonSchema)]
struct SeenView {
    /// When (UTC).
    at: Time,
    /// `shell`, or `sftp` where there is only that.
    login: String,
    round_trip_ms: u64,
    /// Free for the login, bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    free_bytes: Option<u64>,
    /// Programs that were found, of those that are looked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    programs: Vec<String>,
    /// What it lacks, with the consequence.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    lacks: Vec<String>,
}

impl SeenView {
    fn of(seen: Capabilities) -> Self {
        Self {
            at: seen.seen_at,
            login: if seen.shell.is_some() { "shell" } else { "sftp" }.to_owned(),
            round_trip_ms: seen.round_trip_ms,
            free_bytes: seen.space.as_ref().map(|space| space.free_bytes),
            lacks: seen.lacks().into_iter().map(|lack| lack.so).collect(),
            programs: seen.shell.into_iter().flat_map(|shell| shell.programs).collect(),
        }
    }
}

/// A database.
#[derive(Debug, Serialize, JsonSchema)]
struct DatabaseView {
    name: DatabaseName,
    /// `sqlite`, `postgres` or `mariadb`.
    engine: String,
    /// The newest verified snapshot (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    last_snapshot: Option<Time>,
}

/// A directory that may be read.
#[derive(Debug, Serialize, JsonSchema)]
struct RootView {
    name: RootName,
    /// The host that it is on; none for this machine.
    #[serde(skip_serializing_if = "Option::is_none")]
    host: Option<HostName>,
    /// The directory there: paths of other tools begin below it.
    path: String,
}

/// A mailbox.
#[derive(Debug, Serialize, JsonSchema)]
struct MailboxView {
    name: MailboxName,
    address: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    aliases: Vec<String>,
}

impl Describe for ListServices {
    const NAME: &'static str = "list_services";
    const TITLE: &'static str = "List services";
    const DESCRIPTION: &'static str = "Lists the services with their environments, live versions and last operations; \
        section=resources lists hosts, databases, mailboxes, secret names and file roots. Start here: every other tool takes these \
        names. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Inspect;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    const FROM_RECORDS: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for ListServices {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        let inventory = context.reader.inventory();
        match (&arguments.service, arguments.section) {
            (Some(name), _) => {
                let service = inventory.service(name)?;
                let standings = context.records.standings().await?;
                let services = vec![service_view(service, inventory, &standings, Detail::All)];
                let next = vec![NextCall::new(
                    "run_smoke",
                    serde_json::json!({ "services": [name] }),
                    "see whether it answers",
                )];
                let status = format!("Service {name}.");
                Ok(Answer { status, output: Output { services, ..Output::default() }, next })
            }
            (None, Section::Services) => {
                let standings = context.records.standings().await?;
                let services = inventory.services.values();
                let services: Vec<ServiceView> =
                    services.map(|service| service_view(service, inventory, &standings, Detail::Overview)).collect();
                let status = format!("{} services in {} environments.", services.len(), inventory.environments.len());
                Ok(Answer { status, output: Output { services, ..Output::default() }, next: Vec::new() })
            }
            (None, Section::Resources) => resources(inventory, context).await,
        }
    }
}

fn service_view(service: &Service, inventory: &Inventory, standings: &Standings, detail: Detail) -> ServiceView {
    let targets = service.targets.iter().map(|(environment, target)| {
        let standing = standings.get(&(service.name.clone(), environment.clone()));
        let live = standing.and_then(|standing| standing.live.as_ref());
        let last = standing.and_then(|standing| standing.last.as_ref());
        TargetView {
            environment: environment.clone(),
            tier: inventory.environments.get(environment).map_or(Tier::Production, |e| e.tier),
            host: detail.of(std::slice::from_ref(&target.host)).pop(),
            url: target.url.as_ref().map(ToString::to_string),
            databases: detail.of(&target.databases),
            live: live.map(|deployment| deployment.version.clone()),
            live_since: live.map(|deployment| deployment.at),
            last_operation: last.filter(|_| detail == Detail::All).map(|operation| operation.id.clone()),
            last_state: last.map(|operation| operation.state),
        }
    });
    ServiceView {
        name: service.name.clone(),
        description: service.description.clone(),
        deployed_by: match service.deploy {
            Deploy::Script(_) => "script".to_owned(),
            Deploy::Release(_) => "release".to_owned(),
        },
        targets: targets.collect(),
        gates: detail.of(&service.gates),
        needs: detail.of(&service.secrets),
        checks: detail.of(&service.smoke).iter().map(|check| check.name.to_string()).collect(),
        flows: detail.of(&service.e2e).into_iter().flat_map(|suite| suite.flows.into_keys()).collect(),
    }
}

async fn resources(inventory: &Inventory, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
    let mut databases = Vec::with_capacity(inventory.databases.len());
    for database in inventory.databases.values() {
        let snapshots = context.records.snapshots(&database.name).await?;
        databases.push(DatabaseView {
            name: database.name.clone(),
            engine: database.engine.label().to_owned(),
            last_snapshot: snapshots.first().map(|snapshot| snapshot.taken_at),
        });
    }
    let hosts = inventory.hosts.values().map(|host| HostView {
        name: host.name.clone(),
        kind: match host.kind {
            crate::domain::inventory::HostKind::Local => "local".to_owned(),
            crate::domain::inventory::HostKind::Ssh(_) => "ssh".to_owned(),
        },
        seen: context.reader.last_seen(&host.name).map(SeenView::of),
    });
    let mailboxes = inventory.mailboxes.values().map(|mailbox| MailboxView {
        name: mailbox.name.clone(),
        address: mailbox.address.clone(),
        aliases: mailbox.aliases.clone(),
    });
    let output = Output {
        services: Vec::new(),
        hosts: hosts.collect(),
        mailboxes: mailboxes.collect(),
        references: inventory.secrets.keys().cloned().collect(),
        roots: inventory
            .roots
            .iter()
            .map(|(name, root)| RootView {
                name: name.clone(),
                host: root.host.clone(),
                path: root.path.display().to_string(),
            })
            .collect(),
        databases,
    };
    let status = format!(
        "{} hosts, {} databases, {} mailboxes, {} secrets.",
        output.hosts.len(),
        output.databases.len(),
        output.mailboxes.len(),
        output.references.len()
    );
    Ok(Answer { status, output, next: Vec::new() })
}
