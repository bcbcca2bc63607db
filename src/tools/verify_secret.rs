//! `verify_secret`: does a secret exist, does it work, and who needs it? Never its value.

use std::collections::{BTreeMap, BTreeSet};

use futures::StreamExt;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    Answer, Context, Describe, Query, Toolset,
    verifying::on_github::{self, OnGitHub},
};
use crate::{
    domain::{
        clean::clean,
        effect::Effect,
        inventory::{Host, Inventory, RelativePath, Root, SecretUse, Service, Target},
        name::{EnvironmentName, HostName, SecretName, ServiceName},
        refusal::Refusal,
        time::Time,
    },
    world::probe::{Probed, Standing},
};

/// How many logins are tried at once.
const AT_ONCE: usize = 16;

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
    /// Whether they work as well: one login each to what they are for (database, SSH, mailbox), changing nothing.
    #[serde(default)]
    probe: bool,
}

/// The result.
#[derive(Debug, Serialize, JsonSchema)]
pub(super) struct Output {
    /// Secrets that exist.
    present: u64,
    /// Names of those that do not.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    missing: Vec<SecretName>,
    /// Names of those older than the operator wants them.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    stale: Vec<SecretName>,
    /// One line per secret.
    found: Vec<Found>,
    /// What the services' workflows need on GitHub.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    on_github: Vec<OnGitHub>,
    /// With probe: SSH logins by a key in a file or an agent.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    keys: Vec<Tried>,
    /// Keys of `.env.example` against the keys of `.env`.
    #[serde(skip_serializing_if = "Option::is_none")]
    env_keys: Option<EnvKeys>,
}

/// One secret.
#[derive(Debug, Serialize, JsonSchema)]
struct Found {
    /// Its name.
    name: SecretName,
    state: State,
    /// Why it cannot be read.
    #[serde(skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
    /// When its file was last written (UTC).
    #[serde(skip_serializing_if = "Option::is_none")]
    changed_at: Option<Time>,
    /// Since when it should have been replaced.
    #[serde(skip_serializing_if = "Option::is_none")]
    due_since: Option<Time>,
    /// Where it comes from: env, file, command, credential; or `not in the inventory`.
    source: String,
    /// The services that need it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    needed_by: Vec<ServiceName>,
    /// With probe: what it was tried for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tried: Vec<Tried>,
}

/// Without probe `exists` or `missing`. `unknown`: nothing to try it for, or no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum State {
    Missing,
    Exists,
    Works,
    Refused,
    Unknown,
}

/// One login.
#[derive(Debug, Clone, Serialize, JsonSchema)]
struct Tried {
    /// For example `database crm`.
    what: String,
    state: State,
    found: String,
    /// What the server said.
    #[serde(skip_serializing_if = "Option::is_none")]
    untrusted_text: Option<String>,
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
    const DESCRIPTION: &'static str = "Says whether secrets exist where the inventory says and on GitHub, whether they work (probe) or are \
        stale, which services need them, and which keys of .env.example a service's .env lacks. Never shows or compares a value: no tool does. \
        Changes nothing.";
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
            // What only GitHub keeps is looked for there alone.
            let ours =
                |name: &&SecretName| inventory.secrets.contains_key(*name) || !on_github::is_needed(inventory, name);
            arguments.secrets.iter().filter(ours).cloned().collect()
        } else if let Some((service, ..)) = service {
            service.secrets.iter().cloned().collect()
        } else {
            let needed = inventory.services.values().flat_map(|service| &service.secrets);
            inventory.secrets.keys().chain(needed).cloned().collect()
        };
        let (mut uses, mut keys) = (BTreeMap::new(), Vec::new());
        if arguments.probe {
            for name in &names {
                uses.insert(name.clone(), inventory.uses_of(name));
            }
            if arguments.secrets.is_empty() {
                let of = service.map(|(.., target)| &target.host);
                keys = logins_without_secret(inventory, of, &uses);
            }
        }
        let tried = try_all(context, uses.values().flatten().chain(&keys)).await;
        let mut found = Vec::with_capacity(names.len());
        for name in names {
            let uses = uses.get(&name).map(Vec::as_slice).unwrap_or_default();
            let tried = arguments.probe.then(|| uses.iter().filter_map(|one| tried.get(one).cloned()).collect());
            found.push(look(context, inventory, name, tried).await);
        }
        let keys: Vec<Tried> = keys.iter().filter_map(|one| tried.get(one).cloned()).collect();
        let env_keys = match service {
            Some((service, environment, target)) => match (&service.env_example, &target.env_file) {
                (Some(example), Some(env)) => {
                    Some(compare(context, service, (environment, target), example, env).await?)
                }
                _ => None,
            },
            None => None,
        };
        let of = service.map(|(service, ..)| service);
        let on_github = on_github::look(context, &arguments.secrets, of, arguments.environment.as_ref()).await;
        let named = |wanted: State| -> Vec<SecretName> {
            found.iter().filter(|one| one.state == wanted).map(|one| one.name.clone()).collect()
        };
        let there =
            |state: &str| on_github.iter().filter(|one| one.state == state).map(|one| one.name.clone()).collect();
        let (gone, unknown): (Vec<SecretName>, Vec<SecretName>) = (there("missing"), there("unknown"));
        let missing: Vec<SecretName> = named(State::Missing).into_iter().chain(gone).collect();
        let due = found.iter().map(|one| (one.due_since, &one.name));
        let due = due.chain(on_github.iter().map(|one| (one.due_since, &one.name)));
        let stale: Vec<SecretName> = due.filter(|(since, _)| since.is_some()).map(|(_, name)| name.clone()).collect();
        let all = found.len() + on_github.len();
        let present = all - missing.len() - unknown.len();
        let mut status = if !missing.is_empty() {
            format!("MISSING: {} of {all} secrets: {}", missing.len(), listed(&missing))
        } else if !unknown.is_empty() {
            format!("INCONCLUSIVE: GitHub does not say whether these exist: {}", listed(&unknown))
        } else if all + keys.len() == 0 {
            "No secrets: the inventory names none for it".to_owned()
        } else if arguments.probe {
            worked(&found, &keys)
        } else {
            match (found.as_slice(), on_github.as_slice()) {
                ([one], []) => format!("Secret exists in {}: {} ✓", one.source, one.name),
                ([], [one]) => format!("Secret exists in GitHub: {} ✓", one.name),
                _ => format!("All {all} secrets exist ✓"),
            }
        };
        let refused = named(State::Refused);
        if !refused.is_empty() {
            status = format!("REFUSED: {}; {status}", listed(&refused));
        }
        if !stale.is_empty() {
            status = format!("{status}; STALE: {}", listed(&stale));
        }
        if let Some(lacking) = env_keys.as_ref().filter(|keys| !keys.missing.is_empty()) {
            status = format!("MISSING: {} keys in .env; {status}", lacking.missing.len());
        }
        let present = u64::try_from(present).unwrap_or(u64::MAX);
        Ok(Answer {
            status,
            output: Output { present, missing, stale, found, on_github, keys, env_keys },
            next: Vec::new(),
        })
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

/// The logins that no secret of the inventory is behind, on one host or on all.
fn logins_without_secret(
    inventory: &Inventory,
    host: Option<&HostName>,
    uses: &BTreeMap<SecretName, Vec<SecretUse>>,
) -> Vec<SecretUse> {
    let hosts = inventory.hosts.values().filter(|entry| host.is_none_or(|only| *only == entry.name));
    hosts.flat_map(Host::login_uses).filter(|login| !uses.values().flatten().any(|one| one == login)).collect()
}

/// Tries each use once, however many secrets are behind it.
async fn try_all<'u>(context: Context<'_>, uses: impl Iterator<Item = &'u SecretUse>) -> BTreeMap<SecretUse, Tried> {
    let uses: BTreeSet<SecretUse> = uses.cloned().collect();
    let trials: Vec<_> = uses
        .into_iter()
        .map(|one| async move {
            let Probed { standing, found, untrusted_text } = context.reader.try_use(&one).await;
            let state = match standing {
                Standing::Works => State::Works,
                Standing::Refused => State::Refused,
                Standing::Unknown => State::Unknown,
            };
            let untrusted_text = untrusted_text.map(|text| clean(&text));
            let tried = Tried { what: one.to_string(), state, found, untrusted_text };
            (one, tried)
        })
        .collect();
    futures::stream::iter(trials).buffer_unordered(AT_ONCE).collect().await
}

/// The state of a secret that exists and was tried: whoever refuses it decides.
fn state_of(tried: &[Tried]) -> State {
    let any = |wanted: State| tried.iter().any(|one| one.state == wanted);
    if any(State::Refused) {
        State::Refused
    } else if any(State::Works) && !any(State::Unknown) {
        State::Works
    } else {
        State::Unknown
    }
}

/// What was found of secrets that all exist, and of keys.
fn worked(found: &[Found], keys: &[Tried]) -> String {
    if let ([one], []) = (found, keys)
        && one.state == State::Works
    {
        let tried: Vec<&str> = one.tried.iter().map(|tried| tried.found.as_str()).collect();
        return format!("Secret works: {} ✓ {}", one.name, tried.join(" "));
    }
    let states = || found.iter().map(|one| one.state).chain(keys.iter().map(|one| one.state));
    let works = states().filter(|state| *state == State::Works).count();
    let unknown = states().filter(|state| *state == State::Unknown).count();
    let all = states().count();
    let mut status = format!("{works} of {all} work{}", if works == all { " ✓" } else { "" });
    if unknown > 0 {
        status.push_str(&format!(", {unknown} unknown"));
    }
    let untried = found.iter().filter(|one| one.state == State::Unknown && one.tried.is_empty()).count();
    if untried > 0 {
        status.push_str(&format!(" ({untried} of them: nothing in the inventory logs in with it)"));
    }
    status
}

fn listed(names: &[SecretName]) -> String {
    names.iter().map(SecretName::as_str).take(10).collect::<Vec<_>>().join(", ")
}

async fn look(context: Context<'_>, inventory: &Inventory, name: SecretName, tried: Option<Vec<Tried>>) -> Found {
    let state = context.reader.secret_exists(&name).await.ok();
    let needed_by =
        inventory.services.values().filter(|service| service.secrets.contains(&name)).map(|s| s.name.clone()).collect();
    let source = inventory.secrets.get(&name).map_or("not in the inventory", |reference| reference.source());
    let exists = state.as_ref().is_some_and(|state| state.exists);
    let changed_at = state.as_ref().and_then(|state| state.changed_at);
    let days = inventory.rotate_after_days.get(&name);
    let due = changed_at.zip(days).map(|(at, days)| at.plus_s(i64::from(*days) * 24 * 60 * 60));
    Found {
        state: match &tried {
            _ if !exists => State::Missing,
            None => State::Exists,
            Some(tried) => state_of(tried),
        },
        changed_at,
        due_since: due.filter(|due| exists && *due <= context.reader.now()),
        problem: state.and_then(|state| state.problem),
        source: source.to_owned(),
        needed_by,
        tried: tried.filter(|_| exists).unwrap_or_default(),
        name,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_secret_works_only_where_all_that_it_is_for_opens() {
        let of = |states: &[State]| {
            let tried = |state: &State| Tried {
                what: String::new(),
                state: *state,
                found: String::new(),
                untrusted_text: None,
            };
            state_of(&states.iter().map(tried).collect::<Vec<_>>())
        };
        assert_eq!(of(&[State::Works, State::Works]), State::Works);
        assert_eq!(of(&[State::Works, State::Unknown]), State::Unknown);
        assert_eq!(of(&[State::Works, State::Refused, State::Unknown]), State::Refused);
        assert_eq!(of(&[]), State::Unknown);
    }
}
