//! `[smoke]` and `[[services.<name>.smoke]]`

mod dns;
mod http;
mod rules;
#[cfg(test)]
mod tests;
mod webhook;

use super::deploy;
use crate::{
    config::{
        defaults,
        names::Names,
        raw::{Bounds, Item, Section, holds_secret},
    },
    domain::{
        inventory::{SmokeCheck, SmokeKind, SmokeRules},
        name::CheckName,
    },
};

pub(super) use rules::read as rules;

const DATABASE_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "database"];
const MAILBOX_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "mailbox"];
const SCRIPT_KEYS: &[&str] = &["name", "kind", "timeout_ms", "attempts", "script"];

#[derive(Clone, Copy)]
enum Kind {
    Http,
    Dns,
    Webhook,
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
pub(super) fn read(service: &Section<'_>, names: &Names, asked: Asked, usual: &SmokeRules) -> Vec<SmokeCheck> {
    let mut checks: Vec<SmokeCheck> = Vec::new();
    for item in service.list("smoke") {
        let Some(check) = check(&item, names, usual) else { continue };
        if checks.iter().any(|other| other.name == check.name) {
            item.error("a check of this name is already given", "give each check of a service its own name");
        }
        match &check.kind {
            SmokeKind::Http(_) if !asked.by_url => item.error(
                "is an HTTP check, but no target of the service has a url",
                "add url = \"https://…\" to the target",
            ),
            SmokeKind::Http(check) if check.through_host == Some(true) && !asked.through_host => item.error(
                "is asked through the host, but no target of the service is on a host over SSH",
                "remove through_host: what answers on this machine answers us",
            ),
            _ => {}
        }
        checks.push(check);
    }
    checks
}

fn check(item: &Item<'_>, names: &Names, usual: &SmokeRules) -> Option<SmokeCheck> {
    let kinds = [
        ("http", Kind::Http),
        ("dns", Kind::Dns),
        ("webhook", Kind::Webhook),
        ("database", Kind::Database),
        ("mailbox", Kind::Mailbox),
        ("script", Kind::Script),
    ];
    let kind = item.member("kind")?.choice(&kinds)?;
    let section = item.section(match kind {
        Kind::Http => http::KEYS,
        Kind::Dns => dns::KEYS,
        Kind::Webhook => webhook::KEYS,
        Kind::Database => DATABASE_KEYS,
        Kind::Mailbox => MAILBOX_KEYS,
        Kind::Script => SCRIPT_KEYS,
    })?;
    let name = section.required("name").and_then(|item| item.parsed::<CheckName>("choose a short name"));
    let number = |key, bounds: Bounds, usual| section.number(key, Bounds { default: usual, ..bounds });
    let timeout_ms = number("timeout_ms", defaults::SMOKE_TIMEOUT_MS, usual.timeout_ms);
    let attempts = number("attempts", defaults::SMOKE_ATTEMPTS, usual.attempts);
    let kind = match kind {
        Kind::Http => http::read(&section, usual).map(SmokeKind::Http),
        Kind::Dns => dns::read(&section).map(SmokeKind::Dns),
        Kind::Webhook => webhook::read(&section, names).map(SmokeKind::Webhook),
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

/// A path below the target's URL. Two slashes at its begin would name another host.
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
