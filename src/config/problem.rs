//! What is wrong with a configuration, where, and how to mend it.

use std::{fmt, path::PathBuf};

/// One thing that is wrong. It never holds a value or a line of the file: either may be a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// How bad it is.
    pub severity: Severity,
    /// The configuration file.
    pub file: PathBuf,
    /// The line, beginning with 1; 0 when it is about the whole file.
    pub line: usize,
    /// The column in characters, beginning with 1; 0 when it is about the whole file.
    pub column: usize,
    /// What is wrong.
    pub message: String,
    /// What to do about it.
    pub fix: String,
}

/// How bad a problem is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// The server starts, and says so.
    Warning,
    /// The server does not start with this configuration.
    Error,
}

impl Problem {
    /// An error about the whole file.
    pub(crate) fn of_file(file: impl Into<PathBuf>, message: impl Into<String>, fix: impl Into<String>) -> Self {
        Self {
            severity: Severity::Error,
            file: file.into(),
            line: 0,
            column: 0,
            message: message.into(),
            fix: fix.into(),
        }
    }

    /// Whether the server must not start with it.
    pub fn is_error(&self) -> bool {
        self.severity == Severity::Error
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}:", self.file.display())?;
        if self.line > 0 {
            write!(f, "{}:{}:", self.line, self.column)?;
        }
        let severity = match self.severity {
            Severity::Warning => "warning",
            Severity::Error => "error",
        };
        write!(f, " {severity}: {}. Fix: {}.", self.message, self.fix)
    }
}
