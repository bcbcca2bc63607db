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
