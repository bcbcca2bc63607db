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
    /// The data directory, mode 0700: snapshots, artifacts, operations.
    pub data: PathBuf,
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

pub(super) fn read(file: &Section<'_>, directory: &Path) -> StateSettings {
    let section = file.optional("state").and_then(|item| item.section(KEYS));
    let given = |key| section.as_ref().and_then(|section| section.optional(key));
    let data = given("data").and_then(|item| item.local_path());
    let data = data.unwrap_or_else(|| directory.join(defaults::DATA_DIRECTORY));
    let store = given("url").and_then(|item| store(&item));
    let store = store.unwrap_or_else(|| StateStore::Sqlite { path: data.join(defaults::STATE_FILE) });
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

#[cfg(test)]
mod tests {
    use crate::config::testing::check;

    #[test]
    fn each_mistake_is_told() {
        let cases = [
            (
                r#"[state]
url = "postgres://u:hunter2@example.org/x""#,
                2,
                "state.url: is not the URL of a SQLite file",
                "write it as",
            ),
            (
                r#"[state]
url = "sqlite:""#,
                2,
                "state.url: is not the URL",
                "write it as",
            ),
            (
                r#"[state]
data = "$HOME/x""#,
                2,
                "state.data: is not a path",
                "write the absolute",
            ),
        ];
        for (text, line, message, fix) in cases {
            check(text, line, message, fix);
        }
    }

    #[test]
    fn everything_lies_beside_the_file_unless_it_says_otherwise() {
        use super::StateStore;
        use std::path::Path;
        let state = |text| crate::config::testing::parse(text).unwrap().settings.state;
        let default = state("");
        assert_eq!(default.data, Path::new("/etc/deploy-ops/deploy-ops-data"));
        assert_eq!(default.reports, Path::new("/etc/deploy-ops/quality-reports"));
        let path = |path: &str| StateStore::Sqlite { path: path.into() };
        assert_eq!(default.store, path("/etc/deploy-ops/deploy-ops-data/state.db"));
        assert_eq!(state("[state]\ndata = \"/var/lib/d\"").store, path("/var/lib/d/state.db"));
        assert_eq!(state("[state]\nurl = \"sqlite://../s.db\"").store, path("/etc/s.db"));
    }
}
