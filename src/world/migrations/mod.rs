//! Migrations as a commit of a service's repository holds them: which are pending for a database, and what they would do to it.

mod alembic;
mod checksum;
mod layout;
pub mod lint;
mod standing;

pub use standing::Standing;

use super::{Reader, WorldError};
use crate::domain::inventory::{MigrationTool, Service};

/// A migration as a file of a repository holds it.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct MigrationFile {
    /// Its id as the tool writes it into its table.
    pub id: String,
    /// Where it lies in the repository.
    pub path: String,
    /// The directory that holds all of its kind: a repository may hold those of several databases.
    pub root: String,
    /// The checksum that the tool keeps of it, where it keeps one.
    pub checksum: Option<String>,
    /// What has to be applied before it, where the file says so.
    pub parents: Vec<String>,
    /// The migrations that it stands for (Django's squashed ones).
    pub replaces: Vec<String>,
    /// Whether it runs anew whenever it changes (Flyway's `R__`).
    pub repeatable: bool,
    /// The part of the file that is run.
    pub text: String,
    /// The line of the file where that part begins, from 1.
    pub line: usize,
}

impl Reader<'_> {
    /// The migrations of a tool in a commit, in the order of their paths.
    pub async fn migration_files(
        &self,
        service: &Service,
        commit: &str,
        tool: MigrationTool,
    ) -> Result<Vec<MigrationFile>, WorldError> {
        let files = self.repository(service).files(commit, |path| layout::may_hold(tool, path)).await?;
        Ok(files.iter().flat_map(|(path, bytes)| layout::parse(tool, path, bytes)).collect())
    }
}
