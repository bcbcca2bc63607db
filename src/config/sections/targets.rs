//! `[services.<name>.targets.<environment>]`

use std::{collections::BTreeMap, path::PathBuf};

use super::services::references;
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, Target},
        name::{EnvironmentName, HostName},
    },
};

const KEYS: &[&str] = &["host", "root", "url", "databases", "env_file", "volatile"];

pub(super) fn read(
    targets: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
) -> BTreeMap<EnvironmentName, Target> {
    let entries = targets.named_entries("environment", &names.environments);
    if entries.is_empty() && targets.is_empty_table() {
        targets.error("the service has no target", "add a table targets.<environment> with host and root");
    }
    let entries = entries.into_iter();
    entries.filter_map(|(name, item)| Some((name, target(&item.section(KEYS)?, names, hosts)?))).collect()
}

fn target(section: &Section<'_>, names: &Names, hosts: &BTreeMap<HostName, Host>) -> Option<Target> {
    let host: Option<HostName> = section.required("host").and_then(|item| item.reference("host", &names.hosts));
    let root = section.required("root");
    let url = section.optional("url").and_then(|item| item.web_url());
    let databases = references(section, "databases", "database", &names.databases);
    let env_file = section.optional("env_file").and_then(|item| item.relative_path());
    let volatile = section.optional("volatile").map(|item| item.relative_paths()).unwrap_or_default();
    let host = host?;
    let root = root_below(hosts.get(&host)?, &root?)?;
    Some(Target { host, root, url, databases, env_file, volatile })
}

/// The service's directory: relative to the host's root, or absolute and below it. Never the host's root itself, which
/// other services share.
fn root_below(host: &Host, item: &Item<'_>) -> Option<PathBuf> {
    let text = item.text()?;
    let root = if text.starts_with('/') { item.absolute_path()? } else { item.relative_path()?.below(&host.root) };
    if root == host.root || !root.starts_with(&host.root) {
        item.error(
            "does not lie below the root of the host",
            "name a directory below it; a relative path begins there",
        );
        return None;
    }
    Some(root)
}
