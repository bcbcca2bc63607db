//! `[state]`

use std::path::{Path, PathBuf};

use crate::config::{
    defaults,
    raw::{Item, Section},
};

const KEYS: &[&str] = &["url", "data", "reports"];

/// Where the server keeps what it knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StateSettings {
    /// The database of plans, operations and the ledger.
    pub store: StateStore,
    /// The data directory; only its owner may read it.
    pub data: DataDirectory,
    /// Where deployment reports are written.
    pub reports: PathBuf,
}

/// The database of plans, operations and the ledger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum StateStore {
    /// A file.
    Sqlite {
        /// The database file.
        path: PathBuf,
    },
}

/// The data directory, mode 0700.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DataDirectory(PathBuf);

impl DataDirectory {
    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.0
    }
    /// Database snapshots.
    pub fn snapshots(&self) -> PathBuf {
        self.0.join("snapshots")
    }
    /// Built artifacts, by digest.
    pub fn artifacts(&self) -> PathBuf {
        self.0.join("artifacts")
    }
    /// Scripts, output and exit codes of operations.
    pub fn operations(&self) -> PathBuf {
        self.0.join("operations")
    }
}

pub(super) fn read(file: &Section<'_>, directory: &Path) -> StateSettings {
    let section = file.optional("state").and_then(|item| item.section(KEYS));
    let given = |key| section.as_ref().and_then(|section| section.optional(key));
    let data = given("data").and_then(|item| item.local_path());
    let data = DataDirectory(data.unwrap_or_else(|| directory.join(defaults::DATA_DIRECTORY)));
    let store = given("url").and_then(|item| store(&item));
    let store = store.unwrap_or_else(|| StateStore::Sqlite { path: data.path().join(defaults::STATE_FILE) });
    let reports = given("reports").and_then(|item| item.local_path());
    StateSettings { store, data, reports: reports.unwrap_or_else(|| directory.join(defaults::REPORT_DIRECTORY)) }
}

/// `sqlite:<path>` or `sqlite://<path>`.
fn store(item: &Item<'_>) -> Option<StateStore> {
    let path = item.text()?.strip_prefix("sqlite:").map(|rest| rest.strip_prefix("//").unwrap_or(rest));
    let Some(path) = path.filter(|path| !path.is_empty() && !path.contains(['?', '#'])) else {
        item.error("is not the URL of a SQLite file", "write it as sqlite:/path/state.db");
        return None;
    };
    item.resolve(path).map(|path| StateStore::Sqlite { path })
}
