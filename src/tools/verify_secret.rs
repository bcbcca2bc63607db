//! `verify_secret`: does a secret exist, and who needs it? Never its value.

use std::collections::BTreeSet;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{Answer, Context, Describe, Query, Toolset};
use crate::domain::{
    effect::Effect,
    inventory::{Inventory, RelativePath, Root, Service, Target},
    name::{EnvironmentName, SecretName, ServiceName},
    refusal::Refusal,
    time::Time,
};

/// The tool.
#[derive(Debug)]
pub(super) struct VerifySecret;

/// The arguments.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Arguments {
    /// The secrets by name; default all of the service, or of the inventory.
    #[serde(default)]
    #[schemars(length(max = 200))]
    secrets: Vec<SecretName>,
    /// Only what this service needs, with the keys of its .env.example against its .env.
    #[serde(default)]
    service: Option<ServiceName>,
    /// Where the service runs; may be left out when there is only one.
    #[serde(default)]
    environment: Option<EnvironmentName>,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Secrets that exist.
    present: u64,
    /// Names of those that do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<SecretName>,
    /// One line per secret.
    found: Vec<Found>,
    /// Keys of `.env.example` against the keys of `.env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    env_keys: Option<EnvKeys>,
}

/// One secret.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// Its name.
    name: SecretName,
    /// `exists` or `missing`.
    state: String,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// When its file was last written (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<Time>,
    /// Where it comes from: env, file, command, credential; or `not in the inventory`.
    source: String,
    /// The services that need it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needed_by: Vec<ServiceName>,
}

/// Keys, never values.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct EnvKeys {
    /// Keys that the example has and the service has not, or has empty.
    pub(super) missing: Vec<String>,
    /// Keys that both have.
    pub(super) present: u64,
}

impl Describe for VerifySecret {
    const NAME: &'static str = "verify_secret";
    const TITLE: &'static str = "Verify secrets";
    const DESCRIPTION: &'static str = "Says whether secrets exist where the inventory says, which services need them, and which keys of \
        .env.example a service's .env lacks. Never shows or compares a value: no tool does. Changes nothing.";
    const TOOLSET: Toolset = Toolset::Deploy;
    const EFFECT: Effect = Effect::Observe;
    const IDEMPOTENT: bool = true;
    type Arguments = Arguments;
    type Output = Output;
}

impl Query for VerifySecret {
    async fn answer(arguments: Arguments, context: Context<'_>) -> Result<Answer<Output>, Refusal> {
        super::bounds::at_most("secrets", arguments.secrets.len(), 200)?;
        let inventory = context.reader.inventory();
        let service = match &arguments.service {
            Some(name) => Some(inventory.target(name, arguments.environment.as_ref())?),
            None => None,
        };
        let names: BTreeSet<SecretName> = if !arguments.secrets.is_empty() {
            arguments.secrets.iter().cloned().collect()
        } else if let Some((service, ..)) = service {
            service.secrets.iter().cloned().collect()
        } else {
            let needed = inventory.services.values().flat_map(|service| &service.secrets);
            inventory.secrets.keys().chain(needed).cloned().collect()
        };
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            found.push(look(context, inventory, name).await);
        }
        let env_keys = match service {
            Some((service, environment, target)) => match (&service.env_example, &target.env_file) {
                (Some(example), Some(env)) => {
                    Some(compare(context, service, (environment, target), example, env).await?)
                }
                _ => None,
            },
            None => None,
        };
        let missing: Vec<SecretName> =
            found.iter().filter(|one| one.state != "exists").map(|one| one.name.clone()).collect();
        let present = found.len() - missing.len();
        let mut status = if missing.is_empty() {
            match found.as_slice() {
                [one] => format!("Secret exists in {}: {} ✓", one.source, one.name),
                all => format!("All {} secrets exist ✓", all.len()),
            }
        } else {
            let names: Vec<&str> = missing.iter().map(SecretName::as_str).take(10).collect();
            format!("MISSING: {} of {} secrets: {}", missing.len(), found.len(), names.join(", "))
        };
        if let Some(keys) = env_keys.as_ref().filter(|keys| !keys.missing.is_empty()) {
            status = format!("{status}; .env lacks {} keys", keys.missing.len());
        }
        let present = u64::try_from(present).unwrap_or(u64::MAX);
        Ok(Answer { status, output: Output { present, missing, found, env_keys }, next: Vec::new() })
    }
}

/// The keys that the example of the live commit (of HEAD, before the first deployment) has, against those of the target.
pub(super) async fn compare(
    context: Context<'_>,
    service: &Service,
    (environment, target): (&EnvironmentName, &Target),
    example: &RelativePath,
    env: &RelativePath,
) -> Result<EnvKeys, Refusal> {
    let live = super::drafting::way_back::live(context, service, environment).await?;
    let commit = match live {
        Some(live) => live.commit,
        None => context.reader.head(service).await?.commit,
    };
    compare_at(context, service, target, &commit, example, env).await
}

/// The keys that the example of a commit has, against those of the target.
pub(super) async fn compare_at(
    context: Context<'_>,
    service: &Service,
    target: &Target,
    commit: &str,
    example: &RelativePath,
    env: &RelativePath,
) -> Result<EnvKeys, Refusal> {
    let file = super::drafting::script::file(context, service, commit, example).await?;
    let wanted = crate::world::files::keys(&String::from_utf8_lossy(&file.bytes));
    let there = context.reader.env_file_keys(&Root::on(&target.host, &target.root), env).await?;
    let has = |key: &str| there.iter().any(|(name, set)| name == key && *set);
    let (present, missing): (Vec<String>, Vec<String>) =
        wanted.into_iter().map(|(key, _)| key).partition(|key| has(key));
    Ok(EnvKeys { missing, present: u64::try_from(present.len()).unwrap_or(u64::MAX) })
}

async fn look(context: Context<'_>, inventory: &Inventory, name: SecretName) -> Found {
    let state = context.reader.secret_exists(&name).await.ok();
    let needed_by =
        inventory.services.values().filter(|service| service.secrets.contains(&name)).map(|s| s.name.clone()).collect();
    let source = inventory.secrets.get(&name).map_or("not in the inventory", |reference| reference.source());
    let exists = state.as_ref().is_some_and(|state| state.exists);
    Found {
        state: if exists { "exists" } else { "missing" }.to_owned(),
        changed_at: state.as_ref().and_then(|state| state.changed_at),
        problem: state.and_then(|state| state.problem),
        source: source.to_owned(),
        needed_by,
        name,
    }
}
