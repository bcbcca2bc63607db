//! What `inspect_db` and `snapshot_db` find out about databases, one file per section.

pub(super) mod activity;
pub(super) mod connection;
pub(super) mod migrations;
pub(super) mod schema;
pub(super) mod sizes;
pub(super) mod snapshots;

use crate::domain::{
    clean::clean_line,
    evidence::Outcome,
    inventory::{Database, Inventory, Service, Target},
    name::EnvironmentName,
};

/// What a section found about a database: whether it is as it should be, and one sentence.
#[derive(Debug)]
pub(super) struct Seen<T> {
    /// PASS, FAIL, or INCONCLUSIVE when it cannot be told.
    pub(super) outcome: Outcome,
    /// One sentence for a human.
    pub(super) found: String,
    /// The facts.
    pub(super) facts: T,
}

/// How long names of others may be, characters.
const NAME: usize = 120;

/// A name that others gave, on one line and not endless.
pub(super) fn name(text: &str) -> String {
    let clean = clean_line(text);
    if clean.chars().count() <= NAME {
        return clean;
    }
    clean.chars().take(NAME).chain(['…']).collect()
}

/// The first `limit` of a list, and how many are left out.
pub(super) fn first<T>(mut list: Vec<T>, limit: usize) -> (Vec<T>, usize) {
    let left_out = list.len().saturating_sub(limit);
    list.truncate(limit);
    (list, left_out)
}

/// The services that use a database, with where they run, in the order of their names.
pub(super) fn users<'i>(
    inventory: &'i Inventory,
    database: &Database,
) -> Vec<(&'i Service, &'i EnvironmentName, &'i Target)> {
    let of = |service: &'i Service| service.targets.iter().map(move |(name, target)| (service, name, target));
    let all = inventory.services.values().flat_map(of);
    all.filter(|(_, _, target)| target.databases.contains(&database.name)).collect()
}
