//! What a migration would destroy or lock, read from its text. It informs a human; it decides nothing.

mod calls;
mod lexer;
mod statements;

pub use lexer::without_literals;

use super::MigrationFile;
use crate::domain::inventory::{Engine, MigrationTool};

/// The engine whose SQL a migration is written in: what locks one is harmless to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Dialect {
    /// SQLite.
    Sqlite,
    /// PostgreSQL.
    Postgres,
    /// MariaDB and MySQL.
    Mariadb,
}

impl From<&Engine> for Dialect {
    fn from(engine: &Engine) -> Self {
        match engine {
            Engine::Sqlite { .. } => Self::Sqlite,
            Engine::Postgres(_) => Self::Postgres,
            Engine::Mariadb(_) => Self::Mariadb,
        }
    }
}

/// Something that a human should know before a migration runs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Danger {
    /// The line of the file, from 1.
    pub line: usize,
    /// What it does, in our words: nothing of the file is repeated.
    pub what: &'static str,
}

/// What a migration would destroy or lock, in the order of its lines.
pub fn dangers(tool: MigrationTool, dialect: Dialect, file: &MigrationFile) -> Vec<Danger> {
    let mut found = match tool {
        MigrationTool::Prisma | MigrationTool::Flyway | MigrationTool::Sqlx => statements::dangers(dialect, &file.text),
        _ => calls::dangers(tool, dialect, &file.text),
    };
    for danger in &mut found {
        danger.line += file.line.saturating_sub(1);
    }
    found.sort();
    found.dedup();
    found
}
