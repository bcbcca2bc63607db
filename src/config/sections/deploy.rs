//! `[services.<name>.deploy]`, and scripts wherever they stand.

use std::{collections::BTreeMap, str::FromStr};

use super::services::references;
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section, holds_secret, is_secret_name},
    },
    domain::{
        inventory::{Build, Deploy, OnCancel, RelativePath, ReleaseDeploy, Runs, Script, ScriptDeploy, WebRoot},
        name::InvalidName,
    },
};

const SCRIPT_DEPLOY_KEYS: &[&str] = &["kind", "script", "dry_run_argument", "verbose_argument", "rollback", "runs"];
const RELEASE_DEPLOY_KEYS: &[&str] =
    &["kind", "artifact", "build", "fetch", "shared", "migrate", "keep", "reset_opcache"];
const SCRIPT_KEYS: &[&str] = &["path", "arguments", "timeout_s", "secrets", "environment"];
/// What may be interrupted says whether it may.
const CANCELLABLE_KEYS: &[&str] = &["path", "arguments", "timeout_s", "secrets", "environment", "on_cancel"];
const BUILD_KEYS: &[&str] = &["command", "timeout_s"];

/// What an argument may hold; each stays inside its argument.
const FILLED_IN: [&str; 5] = ["version", "commit", "environment", "root", "previous_version"];

#[derive(Clone, Copy)]
enum Kind {
    Script,
    Release,
}

pub(super) fn read(item: &Item<'_>, names: &Names) -> Option<Deploy> {
    let kinds = [("script", Kind::Script), ("release", Kind::Release)];
    match item.member("kind")?.choice(&kinds)? {
        Kind::Script => script_deploy(&item.section(SCRIPT_DEPLOY_KEYS)?, names).map(Deploy::Script),
        Kind::Release => release_deploy(&item.section(RELEASE_DEPLOY_KEYS)?, names).map(Deploy::Release),
    }
}

fn script_deploy(section: &Section<'_>, names: &Names) -> Option<ScriptDeploy> {
    let script = section.required("script").and_then(|item| cancellable(&item, names));
    let dry_run_argument = section.optional("dry_run_argument").and_then(|item| argument(&item));
    if section.optional("dry_run_argument").is_none() {
        section.item().warning(
            "without dry_run_argument there is no dry run, so the service cannot be deployed",
            "add dry_run_argument = \"--dry-run\" and make the script obey it",
        );
    }
    let verbose_argument = section.optional("verbose_argument").and_then(|item| argument(&item));
    let rollback = section.optional("rollback").and_then(|item| self::script(&item, names));
    let places = [("here", Runs::Here), ("on_host", Runs::OnHost)];
    let runs = match section.optional("runs") {
        Some(item) => item.choice(&places)?,
        None => Runs::default(),
    };
    Some(ScriptDeploy { script: script?, dry_run_argument, verbose_argument, rollback, runs })
}

fn release_deploy(section: &Section<'_>, names: &Names) -> Option<ReleaseDeploy> {
    let source = super::fetch::source(section);
    let build = section.optional("build").and_then(|item| build(&item));
    let shared = section.optional("shared").map(|item| item.relative_paths()).unwrap_or_default();
    let migrate = section.optional("migrate").and_then(|item| cancellable(&item, names));
    let keep = section.number("keep", defaults::KEEP_RELEASES);
    let reset_opcache = section.optional("reset_opcache").and_then(|item| web_root(&item, &shared));
    let (artifact, fetch) = source?;
    Some(ReleaseDeploy { artifact, build, fetch, shared, migrate, keep, reset_opcache })
}

/// `true`, or the directory of the release that the URL shows.
fn web_root(item: &Item<'_>, shared: &[RelativePath]) -> Option<WebRoot> {
    if !item.is_text() {
        return item.boolean()?.then_some(WebRoot::Release);
    }
    let path = item.relative_path()?;
    if shared.iter().any(|shared| path.as_path().starts_with(shared.as_path())) {
        item.error("lies in what is shared", "name a directory that each release brings itself");
        return None;
    }
    Some(WebRoot::Below(path))
}

/// The OPcache is reset through the URL: each target needs one.
pub(super) fn check_opcache(deploy: &ReleaseDeploy, item: &Item<'_>, every_target_has_url: bool) {
    if deploy.reset_opcache.is_some() && !every_target_has_url {
        item.error(
            "resets the OPcache by a request to the target's URL, but one of the targets has none",
            "add url = \"https://…\" to each target, or remove reset_opcache",
        );
    }
}

/// `["program", "argument"]`, `"program argument"` or `{ command = …, timeout_s = … }`.
fn build(item: &Item<'_>) -> Option<Build> {
    if item.is_text() || item.is_array() {
        return Some(Build { command: item.command()?, timeout_s: defaults::BUILD_TIMEOUT_S.default });
    }
    let section = item.section(BUILD_KEYS)?;
    let timeout_s = section.number("timeout_s", defaults::BUILD_TIMEOUT_S);
    Some(Build { command: section.required("command")?.command()?, timeout_s })
}

/// `"path"` or `{ path = …, arguments = [ … ], … }`. A cancellation leaves it alone.
pub(super) fn script(item: &Item<'_>, names: &Names) -> Option<Script> {
    any_script(item, names, SCRIPT_KEYS)
}

/// The same of a script that a cancellation may end.
fn cancellable(item: &Item<'_>, names: &Names) -> Option<Script> {
    any_script(item, names, CANCELLABLE_KEYS)
}

fn any_script(item: &Item<'_>, names: &Names, keys: &'static [&'static str]) -> Option<Script> {
    if item.is_text() {
        return Some(Script {
            path: item.relative_path()?,
            arguments: Vec::new(),
            timeout_s: defaults::SCRIPT_TIMEOUT_S.default,
            secrets: Vec::new(),
            environment: BTreeMap::new(),
            on_cancel: None,
        });
    }
    let section = item.section(keys)?;
    let path = section.required("path").and_then(|item| item.relative_path());
    let arguments = section.list("arguments").iter().filter_map(argument).collect();
    let timeout_s = section.number("timeout_s", defaults::SCRIPT_TIMEOUT_S);
    let secrets = references(&section, "secrets", "entry of [secrets]", &names.secrets);
    let environment = section.optional("environment").map(|item| environment(&item)).unwrap_or_default();
    let choices = [("wait", OnCancel::Wait), ("end", OnCancel::End)];
    let said = if keys.contains(&"on_cancel") { section.optional("on_cancel") } else { None };
    let on_cancel = match said {
        Some(item) => Some(item.choice(&choices)?),
        None => None,
    };
    Some(Script { path: path?, arguments, timeout_s, secrets, environment, on_cancel })
}

/// An argument; what stands in braces must be something that is filled in.
fn argument(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let mut rest = text;
    while let Some(at) = rest.find(['{', '}']) {
        let inside = rest.get(at..).and_then(|tail| tail.strip_prefix('{')).and_then(|tail| tail.split_once('}'));
        match inside {
            Some((word, after)) if FILLED_IN.contains(&word) => rest = after,
            _ => {
                let known: Vec<String> = FILLED_IN.iter().map(|word| format!("{{{word}}}")).collect();
                item.error("holds braces that are not filled in", format!("use only {}", known.join(", ")));
                return None;
            }
        }
    }
    if holds_secret(text) {
        item.secret_as_value();
        return None;
    }
    Some(text.to_owned())
}

/// Further variables. Secrets have their own list, because a dry run must not get them.
pub(super) fn environment(item: &Item<'_>) -> BTreeMap<String, String> {
    let entries = item.entries::<VariableName>().into_iter();
    entries
        .filter_map(|(name, item)| {
            let value = item.text()?;
            if is_secret_name(&name.0) {
                item.secret_as_value();
                return None;
            }
            Some((name.0, value.to_owned()))
        })
        .collect()
}

/// The name of an environment variable of a script.
struct VariableName(String);

impl FromStr for VariableName {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = text.len() <= 128
            && text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
        let rule = "use letters, digits and '_', beginning with a letter or '_'";
        if ok { Ok(Self(text.to_owned())) } else { Err(InvalidName { kind: "name of a variable", rule }) }
    }
}

#[cfg(test)]
mod tests {
    use super::{Deploy, OnCancel, Runs};
    use crate::config::testing::check_with_inventory;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "docker" }"#,
                4,
                "services.a.deploy.kind: is not one of the words",
                "write one of: script, release",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { script = "x" }"#,
                4,
                "services.a.deploy: kind is missing",
                "add kind",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { knd = "script" }"#,
                4,
                "services.a.deploy: kind is missing",
                "write kind instead of knd",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", script = "x" }"#,
                4,
                "services.a.deploy: without dry_run_argument there is no dry run",
                "add dry_run_argument",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "release", artifact = "dist", script = "x" }"#,
                4,
                "unknown key",
                "Known keys: kind, artifact",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "release", artifact = "dist", keep = 0 }"#,
                4,
                "services.a.deploy.keep: must be from 1 to 100",
                "use a number",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "release", artifact = "dist", build = "npm ci && npm test" }"#,
                4,
                "services.a.deploy.build: the command needs a shell",
                "put it",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = "/usr/bin/deploy" }"#,
                4,
                "services.a.deploy.script: not a path below the root",
                "write it",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", arguments = ["{tag}"] } }"#,
                4,
                "services.a.deploy.script.arguments: holds braces that are not filled in",
                "use only {version}, {commit}",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", arguments = ["{version"] } }"#,
                4,
                "services.a.deploy.script.arguments: holds braces",
                "use only",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", arguments = ["version}"] } }"#,
                4,
                "services.a.deploy.script.arguments: holds braces",
                "use only",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", arguments = [3] } }"#,
                4,
                "services.a.deploy.script.arguments: must be a text, not an integer",
                "put it",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", secrets = ["X"] } }"#,
                4,
                "services.a.deploy.script.secrets: there is no entry of [secrets]",
                "",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", environment = { DB_PASSWORD = "hunter2" } } }"#,
                4,
                "services.a.deploy.script.environment.DB_PASSWORD: looks like a secret",
                "declare it below",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", arguments = ["--api-token=hunter2"] } }"#,
                4,
                "services.a.deploy.script.arguments: looks like a secret",
                "declare it below",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", environment = { "a b" = "c" } } }"#,
                4,
                "services.a.deploy.script.environment: the name of an entry is not a valid name of a variable",
                "use letters",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "release", artifact = "dist", reset_opcache = true }"#,
                4,
                "services.a.deploy: resets the OPcache by a request",
                "add url",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
deploy = { kind = "release", artifact = "dist", shared = ["web"], reset_opcache = "web/files" }"#,
                4,
                "services.a.deploy.reset_opcache: lies in what is shared",
                "name a directory",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
deploy = { kind = "release", artifact = "dist", reset_opcache = "../x" }"#,
                4,
                "services.a.deploy.reset_opcache: not a path below the root",
                "write it",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = "d.sh", runs = "there" }"#,
                4,
                "services.a.deploy.runs: is not one of the words",
                "write one of: here, on_host",
            ),
            (
                r#"[services.a]
repository = "/r"
targets.production = { host = "web", root = "a" }
deploy = { kind = "script", dry_run_argument = "-n", script = { path = "d.sh", timeout_s = 99999 } }"#,
                4,
                "services.a.deploy.script.timeout_s: must be from 1 to 21600",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }

    #[test]
    fn a_script_runs_here_unless_it_says_otherwise() {
        for (word, runs) in [("", Runs::Here), ("runs = \"here\"", Runs::Here), ("runs = \"on_host\"", Runs::OnHost)] {
            let text = format!(
                "[services.a]\nrepository = \"r\"\ntargets.production = {{ host = \"web\", root = \"a\" }}\n\
                 [services.a.deploy]\nkind = \"script\"\nscript = \"d.sh\"\ndry_run_argument = \"-n\"\n{word}\n{}",
                crate::config::testing::INVENTORY
            );
            let config = crate::config::testing::parse(&text).unwrap();
            let service = config.inventory.services.values().find(|service| service.name.as_str() == "a").unwrap();
            let Deploy::Script(deploy) = &service.deploy else { panic!() };
            assert_eq!(deploy.runs, runs, "{word}");
        }
    }

    #[test]
    fn a_script_that_deploys_or_migrates_says_whether_it_may_be_interrupted() {
        let read = |deploy: &str| {
            let text = format!(
                "[services.a]\nrepository = \"r\"\ntargets.production = {{ host = \"web\", root = \"a\" }}\n\
                 deploy = {{ {deploy} }}\n{}",
                crate::config::testing::INVENTORY
            );
            let config = crate::config::testing::parse(&text).ok()?;
            match config.inventory.services.into_values().find(|service| service.name.as_str() == "a")?.deploy {
                Deploy::Script(deploy) => deploy.script.on_cancel,
                Deploy::Release(deploy) => deploy.migrate?.on_cancel,
            }
        };
        let script = "kind = \"script\", dry_run_argument = \"-n\"";
        let release = "kind = \"release\", artifact = \"x\"";
        for (word, wanted) in [("end", OnCancel::End), ("wait", OnCancel::Wait)] {
            let cancellable = format!("{{ path = \"d.sh\", on_cancel = \"{word}\" }}");
            assert_eq!(read(&format!("{script}, script = {cancellable}")), Some(wanted));
            assert_eq!(read(&format!("{release}, migrate = {cancellable}")), Some(wanted));
            // A way back is gone to its end.
            assert_eq!(read(&format!("{script}, script = {cancellable}, rollback = {cancellable}")), None);
        }
        assert_eq!(read(&format!("{script}, script = \"d.sh\"")), None);
    }

    #[test]
    fn what_is_filled_in_may_stand_anywhere_in_an_argument() {
        let text = r#"
            [services.a]
            repository = "r"
            targets.production = { host = "web", root = "a" }
            deploy.kind = "script"
            deploy.dry_run_argument = "--dry-run"
            deploy.script = { path = "d.sh", arguments = ["--to={root}/{version}-{commit}", "{environment}"] }
            deploy.rollback = { path = "r.sh", arguments = ["{previous_version}"] }"#;
        assert!(crate::config::testing::parse(&format!("{text}{}", crate::config::testing::INVENTORY)).is_ok());
    }
}
