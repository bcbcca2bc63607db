//! A sandbox as it was at one moment: each case of a matrix begins there.

use std::{path::Path, process::Command};

use deploy_ops_mcp::demo::sandbox::Sandbox;
use tempfile::TempDir;

use super::postgres::{Database, Postgres};

/// A sandbox with a copy of all that is in it.
pub(crate) struct Kept {
    pub(crate) sandbox: Sandbox,
    state: Option<Database>,
    copy: TempDir,
    _directory: TempDir,
}

impl Kept {
    /// Keeps a sandbox, which lies in `directory`, and the database of its state if it has one. Nobody may be using them.
    pub(crate) async fn of(directory: TempDir, sandbox: Sandbox, state: Option<Database>) -> Self {
        let copy = tempfile::tempdir().unwrap();
        replace(copy.path(), &sandbox.directory);
        if let Some(Database { name, user, .. }) = &state {
            let server = Postgres::start().await;
            server.execute(&format!("CREATE DATABASE {name}_kept TEMPLATE {name} OWNER {user}")).await;
        }
        Self { sandbox, state, copy, _directory: directory }
    }

    /// Makes everything what it was.
    pub(crate) async fn reset(&self) {
        replace(&self.sandbox.directory, self.copy.path());
        if let Some(Database { name, user, .. }) = &self.state {
            let server = Postgres::start().await;
            server.execute(&format!("DROP DATABASE {name} WITH (FORCE)")).await;
            server.execute(&format!("CREATE DATABASE {name} TEMPLATE {name}_kept OWNER {user}")).await;
        }
    }
}

/// Makes `to` hold what `from` holds, and nothing else.
fn replace(to: &Path, from: &Path) {
    for entry in std::fs::read_dir(to).unwrap().flatten() {
        let path = entry.path();
        if path.is_dir() { std::fs::remove_dir_all(path) } else { std::fs::remove_file(path) }.unwrap();
    }
    let copied = Command::new("cp").arg("-a").arg(from.join(".")).arg(to).status().unwrap();
    assert!(copied.success());
}
