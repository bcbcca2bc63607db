//! `[services.<name>]`

use std::collections::{BTreeMap, BTreeSet};

use super::{after_deploy, deploy, e2e, pages, remote, smoke, targets};
use crate::{
    config::{
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{Deploy, Host, HostKind, Service, SmokeRules, Target},
        name::{HostName, InvalidName, SecretName, ServiceName},
    },
};

const KEYS: &[&str] = &[
    "description",
    "repository",
    "remote",
    "github",
    "deploy",
    "targets",
    "gates",
    "secrets",
    "github_secrets",
    "env_example",
    "smoke",
    "e2e",
    "pages",
    "lighthouse",
    "visual",
];

pub(super) fn read(
    services: &Item<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
    rules: &SmokeRules,
) -> BTreeMap<ServiceName, Service> {
    let mut roots = BTreeSet::new();
    let entries = services.entries::<ServiceName>().into_iter();
    entries
        .filter_map(|(name, item)| {
            let service = service(name.clone(), &item.section(KEYS)?, names, hosts, rules)?;
            for target in service.targets.values() {
                if !roots.insert((target.host.clone(), target.root.clone())) {
                    item.error(
                        "one of its targets has the directory of another target",
                        "give each target its own root: a deployment replaces what is in it",
                    );
                }
            }
            Some((name, service))
        })
        .collect()
}

fn service(
    name: ServiceName,
    section: &Section<'_>,
    names: &Names,
    hosts: &BTreeMap<HostName, Host>,
    rules: &SmokeRules,
) -> Option<Service> {
    let description = section.optional("description").and_then(|item| item.text()).unwrap_or_default().to_owned();
    let repository = section.required("repository").and_then(|item| item.local_path());
    let remote = section.optional("remote").map_or(Some(None), |item| remote::read(&item, names).map(Some));
    let github = section.optional("github").and_then(|item| item.parsed("write it as owner/name"));
    let deploy = section.required("deploy").and_then(|item| deploy::read(&item, names));
    let targets = section.required("targets");
    let targets = targets.map(|item| targets::read(&item, names, hosts)).unwrap_or_default();
    let gates = references(section, "gates", "gate", &names.gates);
    let secrets = references(section, "secrets", "entry of [secrets]", &names.secrets);
    let github_secrets = github_secrets(section);
    let env_example = section.optional("env_example").and_then(|item| item.relative_path());
    let with_url = || targets.values().filter(|target| target.url.is_some());
    let over_ssh = |target: &Target| hosts.get(&target.host).is_some_and(|host| host.kind != HostKind::Local);
    let asked = smoke::Asked { by_url: with_url().count() > 0, through_host: with_url().any(over_ssh) };
    let smoke = smoke::read(section, names, asked, rules);
    let e2e = e2e::read(section, names, targets.values());
    let pages = pages::read(section.optional("pages").as_ref(), names, asked.by_url);
    let after = after_deploy::Asked {
        pages: &pages,
        everywhere: targets.values().all(|target| target.url.is_some() && !target.through_host),
        lighthouse: names.lighthouse,
    };
    let measured_after = section.optional("lighthouse").and_then(|item| after.measured(&item));
    let shown_after = section.optional("visual").and_then(|item| after.shown(&item));
    if let (Some(Deploy::Release(deploy)), Some(item)) = (&deploy, section.optional("deploy")) {
        deploy::check_opcache(deploy, &item, asked.by_url && with_url().count() == targets.len());
        if deploy.fetch.is_some() && github.is_none() {
            section
                .item()
                .error("the artifact is fetched from GitHub, but github is missing", "add github = \"owner/name\"");
        }
    }
    Some(Service {
        name,
        description,
        repository: repository?,
        remote: remote?,
        github,
        deploy: deploy?,
        targets,
        gates,
        secrets,
        github_secrets,
        env_example,
        smoke,
        e2e,
        pages,
        measured_after,
        shown_after,
    })
}

/// Names of secrets that GitHub keeps.
fn github_secrets(section: &Section<'_>) -> Vec<SecretName> {
    let items = section.list("github_secrets");
    if !items.is_empty() && section.optional("github").is_none() {
        section
            .item()
            .error("github_secrets are asked of GitHub, but github is missing", "add github = \"owner/name\"");
    }
    items.iter().filter_map(|item| item.parsed("use the name as GitHub shows it, in capitals")).collect()
}

/// The names of things that are declared elsewhere, each at most once.
pub(super) fn references<T: std::str::FromStr<Err = InvalidName> + Ord + Clone>(
    section: &Section<'_>,
    key: &'static str,
    kind: &str,
    known: &BTreeSet<String>,
) -> Vec<T> {
    let mut names: Vec<T> = Vec::new();
    for item in section.list(key) {
        let Some(name) = item.reference(kind, known) else { continue };
        if names.contains(&name) {
            item.error(&format!("the {kind} is already named"), "name each once");
        } else {
            names.push(name);
        }
    }
    names
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
targets.production = { host = "web", root = "a" }
[services.b]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "./a/" }"#,
                5,
                "services.b: one of its targets has the directory of another target",
                "give each target its own root",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
gates = ["qualty"]"#,
                5,
                "services.a.gates: there is no gate of this name",
                "did you mean quality",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
gates = ["quality", "quality"]"#,
                5,
                "services.a.gates: the gate is already named",
                "name each once",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
secrets = ["CRM_PASSWORD"]"#,
                5,
                "services.a.secrets: there is no entry of [secrets] of this name",
                "did you mean CRM_DB_PASSWORD",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
env_example = "../.env.example""#,
                5,
                "services.a.env_example: not a path below the root",
                "write it relative",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
repository = "/x""#,
                5,
                "the key is already given",
                "keep one",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
descripton = "x""#,
                5,
                "unknown key descripton in services.a",
                "did you mean description?",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
"#,
                1,
                "services.a: targets is missing",
                "add targets",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
"#,
                1,
                "services.a: deploy is missing",
                "add deploy",
            ),
            (
                r#"[services.a]
repository = "https://github.com/x/y"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
"#,
                2,
                "services.a.repository: is not a path",
                "write the absolute path",
            ),
            (
                r#"[services."a b"]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
"#,
                1,
                "services: the name of an entry is not a valid service name",
                "use 1 to 63",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
