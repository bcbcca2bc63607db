//! `[[services.<name>.smoke]]`

use super::deploy;
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section, holds_secret},
    },
    domain::{
        inventory::{SmokeCheck, SmokeKind},
        name::CheckName,
    },
};

const HTTP_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "path", "status", "contains", "through_host"];
const DATABASE_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "database"];
const MAILBOX_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "mailbox"];
const SCRIPT_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "script"];

#[derive(Clone, Copy)]
enum Kind {
    Http,
    Database,
    Mailbox,
    Script,
}

/// How the targets of a service can be asked by HTTP.
#[derive(Clone, Copy)]
pub(super) struct Asked {
    /// One of them has a URL.
    pub(super) by_url: bool,
    /// One of them has a URL and lies on a host over SSH.
    pub(super) through_host: bool,
}

/// The checks of a service.
pub(super) fn read(service: &Section<'_>, names: &Names, asked: Asked) -> Vec<SmokeCheck> {
    let mut checks: Vec<SmokeCheck> = Vec::new();
    for item in service.list("smoke") {
        let Some(check) = check(&item, names) else { continue };
        if checks.iter().any(|other| other.name == check.name) {
            item.error("a check of this name is already given", "give each check of a service its own name");
        }
        match check.kind {
            SmokeKind::Http { .. } if !asked.by_url => item.error(
                "is an HTTP check, but no target of the service has a url",
                "add url = \"https://…\" to the target",
            ),
            SmokeKind::Http { through_host: Some(true), .. } if !asked.through_host => item.error(
                "is asked through the host, but no target of the service is on a host over SSH",
                "remove through_host: what answers on this machine answers us",
            ),
            _ => {}
        }
        checks.push(check);
    }
    checks
}

fn check(item: &Item<'_>, names: &Names) -> Option<SmokeCheck> {
    let kinds =
        [("http", Kind::Http), ("database", Kind::Database), ("mailbox", Kind::Mailbox), ("script", Kind::Script)];
    let kind = item.member("kind")?.choice(&kinds)?;
    let section = item.section(match kind {
        Kind::Http => HTTP_KEYS,
        Kind::Database => DATABASE_KEYS,
        Kind::Mailbox => MAILBOX_KEYS,
        Kind::Script => SCRIPT_KEYS,
    })?;
    let name = section.required("name").and_then(|item| item.parsed::<CheckName>("choose a short name"));
    let timeout_ms = section.number("timeout_ms", defaults::SMOKE_TIMEOUT_MS);
    let attempts = section.number("attempts", defaults::SMOKE_ATTEMPTS);
    let kind = match kind {
        Kind::Http => http(&section),
        Kind::Database => section
            .required("database")
            .and_then(|item| item.reference("database", &names.databases))
            .map(|database| SmokeKind::Database { database }),
        Kind::Mailbox => section
            .required("mailbox")
            .and_then(|item| item.reference("mailbox", &names.mailboxes))
            .map(|mailbox| SmokeKind::Mailbox { mailbox }),
        Kind::Script => section
            .required("script")
            .and_then(|item| deploy::script(&item, names))
            .map(|script| SmokeKind::Script { script }),
    };
    Some(SmokeCheck { name: name?, kind: kind?, timeout_ms, attempts })
}

fn http(section: &Section<'_>) -> Option<SmokeKind> {
    let path = section.required("path").and_then(|item| path(&item));
    let status = section.number("status", defaults::SMOKE_STATUS);
    let contains = section.optional("contains").and_then(|item| item.text()).map(str::to_owned);
    let through_host = section.optional("through_host").and_then(|item| item.boolean());
    Some(SmokeKind::Http { path: path?, status: u16::try_from(status).ok()?, contains, through_host })
}

/// A path below a target's URL. Two slashes at its begin would name another host.
pub(super) fn path(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#'))
        && !text.split(['/', '?']).any(|part| part == "..");
    if !ok {
        item.error("is not a path below the URL", "begin it with one '/', without '..', '#', spaces and backslashes");
    }
    if ok && text.split(['?', '&']).skip(1).any(holds_secret) {
        item.secret_as_value();
        return None;
    }
    ok.then(|| text.to_owned())
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
[[services.a.smoke]]
name = "a""#,
                5,
                "services.a.smoke: kind is missing",
                "add kind",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "ping""#,
                7,
                "services.a.smoke.kind: is not one of the words",
                "write one of: http",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/""#,
                5,
                "services.a.smoke: is an HTTP check, but no target",
                "add url",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "//evil.example.org/""#,
                8,
                "services.a.smoke.path: is not a path below",
                "begin it",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
status = 42"#,
                9,
                "services.a.smoke.status: must be from 100 to 599",
                "use a number",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
through_host = true"#,
                5,
                "services.a.smoke: is asked through the host, but no target",
                "remove through_host",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
database = "crm""#,
                9,
                "unknown key",
                "Known keys: name",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a", url = "https://a.example.org" }
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/"
[[services.a.smoke]]
name = "a"
kind = "http"
path = "/b""#,
                9,
                "services.a.smoke: a check of this name",
                "give each",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "A"
kind = "database"
database = "crm""#,
                6,
                "services.a.smoke.name: not a valid check name",
                "choose",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "database"
database = "cmr""#,
                8,
                "services.a.smoke.database: there is no database of this name",
                "did you mean crm",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "mailbox"
mailbox = "inf""#,
                8,
                "services.a.smoke.mailbox: there is no mailbox",
                "did you mean info",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "script"
script = "../x""#,
                8,
                "services.a.smoke.script: not a path below",
                "write it",
            ),
            (
                r#"[services.a]
repository = "/r"
deploy = { kind = "release", artifact = "dist" }
targets.production = { host = "web", root = "a" }
[[services.a.smoke]]
name = "a"
kind = "database"
database = "crm"
attempts = 0"#,
                9,
                "services.a.smoke.attempts: must be from 1 to 20",
                "use a number",
            ),
        ];
        for (text, line, message, fix) in cases {
            check_with_inventory(text, line, message, fix);
        }
    }
}
