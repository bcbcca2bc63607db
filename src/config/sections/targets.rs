//! `[services.<name>.targets.<environment>]`

use std::{collections::BTreeMap, path::PathBuf};

use super::services::references;
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Host, HostKind, LogPlace, RelativePath, Target},
        name::{EnvironmentName, HostName},
    },
};

const KEYS: &[&str] =
    &["host", "root", "url", "through_host", "private_network", "ca", "databases", "env_file", "volatile", "logs"];

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
    let private_network = section.boolean("private_network", false);
    let ca = section.optional("ca").map_or(Some(None), |item| item.local_path().map(Some));
    let databases = references(section, "databases", "database", &names.databases);
    let env_file = section.optional("env_file").and_then(|item| item.relative_path());
    let volatile = section.optional("volatile").map(|item| item.relative_paths()).unwrap_or_default();
    let logs = section.list("logs").iter().filter_map(|item| log_place(item, names)).collect();
    let host = host?;
    let through_host = through_host(section, hosts.get(&host)?, url.is_some());
    for key in ["private_network", "ca"] {
        if let (Some(item), None) = (section.optional(key), &url) {
            item.error("says how the URL is asked, but there is none", "add url, or remove it");
        }
    }
    let root = root_below(hosts.get(&host)?, &root?)?;
    let ca = ca?;
    Some(Target { host, root, url, through_host, private_network, ca, databases, env_file, volatile, logs })
}

/// Whether the URL is asked from the host: that takes a host over SSH, and a URL.
fn through_host(section: &Section<'_>, host: &Host, has_url: bool) -> bool {
    let Some(item) = section.optional("through_host") else { return false };
    let wanted = item.boolean().unwrap_or_default();
    if wanted && host.kind == HostKind::Local {
        item.error("is not for a host of this machine", "remove it: what answers there answers us");
    } else if wanted && !has_url {
        item.error("says how the URL is asked, but there is none", "add url, or remove it");
    }
    wanted
}

/// `<root>` or `<root>/<path>`.
fn log_place(item: &Item<'_>, names: &Names) -> Option<LogPlace> {
    let text = item.text()?;
    let (root, path) = text.split_once('/').map_or((text, None), |(root, path)| (root, Some(path)));
    if !names.roots.contains(root) {
        item.error(
            "there is no root of this name",
            "write the name of an entry of [roots], or that and a path below it",
        );
        return None;
    }
    let path = match path.map(str::parse::<RelativePath>) {
        None => None,
        Some(Ok(path)) => Some(path),
        Some(Err(error)) => {
            item.error(&error.to_string(), "write it as root/path/of.log");
            return None;
        }
    };
    Some(LogPlace { root: root.parse().ok()?, path })
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

#[cfg(test)]
mod tests {
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.prodction = { host = "web", root = "a" }"#,
                4,
                "services.a.targets: there is no environment of this name",
                "did you mean production",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "wbe", root = "a" }"#,
                4,
                "services.a.targets.production.host: there is no host of this name",
                "did you mean web",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "/etc" }"#,
                4,
                "services.a.targets.production.root: does not lie below the root of the host",
                "name a directory",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "/srv" }"#,
                4,
                "services.a.targets.production.root: does not lie below",
                "name a directory",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "/srv/../etc" }"#,
                4,
                "services.a.targets.production.root: must be an absolute path",
                "begin",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://u:hunter2@example.org/" }"#,
                4,
                "services.a.targets.production.url: the URL holds credentials",
                "remove",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "ftp://example.org/" }"#,
                4,
                "services.a.targets.production.url: must be an http",
                "write it as",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://example.org/?token=hunter2" }"#,
                4,
                "services.a.targets.production.url: the URL has a query",
                "end it",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "example.org" }"#,
                4,
                "services.a.targets.production.url: is not a URL",
                "write it as",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", databases = ["cmr"] }"#,
                4,
                "services.a.targets.production.databases: there is no database of this name",
                "did you mean crm",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", env_file = "/etc/x" }"#,
                4,
                "services.a.targets.production.env_file: not a path below the root",
                "write it relative",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "http://localhost:8080/", through_host = true }"#,
                4,
                "services.a.targets.production.through_host: is not for a host of this machine",
                "remove it",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", logs = ["web/error.log"] }"#,
                4,
                "services.a.targets.production.logs: there is no root of this name",
                "write the name of an entry",
            ),
            (
                r#"roots = { weblogs = "/var/log/web" }
[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", logs = ["weblogs/../x"] }"#,
                5,
                "services.a.targets.production.logs: not a path below the root",
                "write it as",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets = {}"#,
                4,
                "services.a.targets: the service has no target",
                "add a table",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
