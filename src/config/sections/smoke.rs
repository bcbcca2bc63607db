//! `[[services.<name>.smoke]]`

use super::deploy;
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Item, Section},
    },
    domain::{
        inventory::{SmokeCheck, SmokeKind},
        name::CheckName,
    },
};

const HTTP_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "path", "status", "contains"];
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

/// The checks of a service; `has_url` says whether one of its targets can be asked by HTTP.
pub(super) fn read(service: &Section<'_>, names: &Names, has_url: bool) -> Vec<SmokeCheck> {
    let mut checks: Vec<SmokeCheck> = Vec::new();
    for item in service.list("smoke") {
        let Some(check) = check(&item, names) else { continue };
        if checks.iter().any(|other| other.name == check.name) {
            item.error("a check of this name is already given", "give each check of a service its own name");
        }
        if !has_url && matches!(check.kind, SmokeKind::Http { .. }) {
            item.error(
                "is an HTTP check, but no target of the service has a url",
                "add url = \"https://…\" to the target",
            );
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
    Some(SmokeKind::Http { path: path?, status: u16::try_from(status).ok()?, contains })
}

/// A path below the target's URL. Two slashes at its begin would name another host.
fn path(item: &Item<'_>) -> Option<String> {
    let text = item.text()?;
    let ok = text.starts_with('/')
        && !text.starts_with("//")
        && text.bytes().all(|b| b.is_ascii_graphic() && !matches!(b, b'\\' | b'#'))
        && !text.split(['/', '?']).any(|part| part == "..");
    if !ok {
        item.error("is not a path below the URL", "begin it with one '/', without '..', '#', spaces and backslashes");
    }
    ok.then(|| text.to_owned())
}
