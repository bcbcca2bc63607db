//! The sections of the file that are the inventory, one file each.

mod after_deploy;
mod api_url;
mod browser;
mod databases;
mod deploy;
mod e2e;
mod environments;
mod fetch;
mod gates;
mod github;
mod hosts;
mod lighthouse;
mod mailboxes;
mod monitoring;
mod notify;
mod pages;
mod remote;
mod roots;
mod schedule;
mod search;
pub(super) mod secrets;
mod services;
mod signed_comments;
mod smoke;
mod snapshots;
mod targets;
mod telemetry;
mod way;

use std::collections::BTreeMap;

use super::{
    names::Names,
    raw::{Item, Section},
};
use crate::domain::inventory::Inventory;

/// The inventory of a file.
pub(super) fn inventory(file: &Section<'_>, names: &Names) -> Inventory {
    let hosts = entries(file, "hosts", |item| hosts::read(&item, names));
    let secrets = entries(file, "secrets", |item| secrets::read(&item));
    let smoke = file.optional("smoke").and_then(|item| smoke::rules(&item)).unwrap_or_default();
    Inventory {
        environments: entries(file, "environments", |item| environments::read(&item, names)),
        databases: entries(file, "databases", |item| databases::read(&item, names, &hosts)),
        mailboxes: entries(file, "mailboxes", |item| mailboxes::read(&item, names, &hosts)),
        monitors: entries(file, "monitoring", |item| monitoring::read(&item, names, &hosts)),
        channels: entries(file, "notify", |item| notify::read(&item, names, &hosts)),
        gates: entries(file, "gates", |item| gates::read(&item)),
        rotate_after_days: secrets.iter().filter_map(|(name, (_, days))| Some((name.clone(), (*days)?))).collect(),
        secrets: secrets.into_iter().map(|(name, (reference, _))| (name, reference)).collect(),
        github: file.optional("github").and_then(|item| github::read(&item, names)),
        search: file.optional("search").and_then(|item| search::read(&item, names)),
        smoke: smoke.clone(),
        snapshots: file.optional("snapshots").and_then(|item| snapshots::read(&item, names)).unwrap_or_default(),
        telemetry: file.optional("telemetry").and_then(|item| telemetry::read(&item, names)).unwrap_or_default(),
        roots: entries(file, "roots", |item| roots::read(&item, names)),
        services: entries(file, "services", |item| services::read(&item, names, &hosts, &smoke)),
        lighthouse: file.optional("lighthouse").and_then(|item| lighthouse::read(&item)),
        browser: browser::read(file.optional("browser").as_ref()),
        hosts,
    }
}

fn entries<K: Ord, V>(
    file: &Section<'_>,
    key: &'static str,
    read: impl FnOnce(Item<'_>) -> BTreeMap<K, V>,
) -> BTreeMap<K, V> {
    file.optional(key).map(read).unwrap_or_default()
}
