//! The names that the file declares, known before any reference is read.

use std::collections::BTreeSet;

use toml::de::DeTable;

use super::defaults;

/// The names that the file declares, per kind. An entry that is itself wrong still counts, so that one mistake is one problem.
#[derive(Debug, Default)]
pub(crate) struct Names {
    pub(crate) environments: BTreeSet<String>,
    pub(crate) hosts: BTreeSet<String>,
    pub(crate) databases: BTreeSet<String>,
    pub(crate) mailboxes: BTreeSet<String>,
    pub(crate) monitors: BTreeSet<String>,
    pub(crate) channels: BTreeSet<String>,
    pub(crate) gates: BTreeSet<String>,
    pub(crate) secrets: BTreeSet<String>,
    pub(crate) roots: BTreeSet<String>,
    /// Those that every file has, and its own.
    pub(crate) viewports: BTreeSet<String>,
    /// Whether Lighthouse is configured.
    pub(crate) lighthouse: bool,
}

impl Names {
    pub(crate) fn of(file: &DeTable<'_>) -> Self {
        let keys = |section: &str| {
            let table = file.get(section).and_then(|value| value.get_ref().as_table());
            table.into_iter().flatten().map(|(key, _)| key.get_ref().to_string()).collect()
        };
        let viewports = file.get("browser").and_then(|browser| browser.get_ref().as_table()?.get("viewports"));
        let viewports = viewports.and_then(|table| table.get_ref().as_table()).into_iter().flatten();
        Self {
            environments: keys("environments"),
            hosts: keys("hosts"),
            databases: keys("databases"),
            mailboxes: keys("mailboxes"),
            monitors: keys("monitoring"),
            channels: keys("notify"),
            gates: keys("gates"),
            secrets: keys("secrets"),
            roots: keys("roots"),
            lighthouse: file.get("lighthouse").is_some(),
            viewports: viewports
                .map(|(key, _)| key.get_ref().to_string())
                .chain(defaults::VIEWPORTS.iter().map(|(name, _)| (*name).to_owned()))
                .collect(),
        }
    }
}
