//! What went wrong outside, said without the words of libraries (they may hold secrets).

use crate::domain::refusal::{Code, Refusal};

/// A failure of an outside part.
#[derive(Debug, thiserror::Error)]
#[error("{doing}: {problem}")]
pub struct WorldError {
    /// The stable code.
    pub code: Code,
    /// What was being done to what, for example `resolve version v1.2.0 of service crm`.
    pub doing: String,
    /// What is wrong, in our words.
    pub problem: String,
    /// What to do about it.
    pub fix: String,
    /// For the log, never for a reply.
    #[source]
    pub source: Option<Box<dyn std::error::Error + Send + Sync>>,
}

impl WorldError {
    /// A failure with its fix.
    pub fn new(code: Code, doing: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) -> Self {
        Self { code, doing: doing.into(), problem: problem.into(), fix: fix.into(), source: None }
    }
    /// A failure of the file system, in our words.
    pub fn io(doing: impl Into<String>, error: std::io::Error) -> Self {
        use std::io::ErrorKind as Kind;
        let (problem, fix) = match error.kind() {
            Kind::NotFound => ("it does not exist", "Check the path in deploy-ops.toml."),
            Kind::PermissionDenied => {
                ("the permissions forbid it", "Give the server's user the permission, or correct the path.")
            }
            Kind::AlreadyExists => ("it exists already", "Look at it and move it away if it is not needed."),
            Kind::StorageFull | Kind::QuotaExceeded => ("the disk or quota is full", "Free space and try again."),
            Kind::ReadOnlyFilesystem => ("the file system is read-only", "Mount it writable."),
            _ => ("the system refused", "Look at the server's log."),
        };
        Self::new(Code::WorldFailed, doing, problem, fix).because(error)
    }
    /// Something that this build does not serve.
    pub fn unsupported(doing: impl Into<String>, what: &str) -> Self {
        Self::new(
            Code::Unsupported,
            doing,
            format!("{what} is not served by this build"),
            "Use the local host and SQLite, or a build that serves it.",
        )
    }
    /// Keeps the library's error for the log.
    pub fn because(mut self, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        self.source = Some(source.into());
        self
    }
}

impl From<WorldError> for Refusal {
    fn from(error: WorldError) -> Self {
        Refusal::new(error.code, format!("Could not {}: {}.", error.doing, error.problem), error.fix)
    }
}
