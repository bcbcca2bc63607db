//! Where a secret comes from.

use std::path::PathBuf;

use serde::Serialize;

/// A reference to a secret. The value is read when it is needed, held in memory only, and never shown.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "from")]
pub enum SecretReference {
    /// An environment variable of the server (`env:NAME`).
    Environment {
        /// The variable.
        variable: String,
    },
    /// A file that only its owner may read (`file:/path`).
    File {
        /// The file.
        path: PathBuf,
    },
    /// The standard output of a program (`command:program argument …`), run without a shell.
    Command {
        /// The program and its arguments.
        command: Vec<String>,
    },
    /// A systemd credential (`credential:name`), a file below `$CREDENTIALS_DIRECTORY`.
    Credential {
        /// The credential.
        name: String,
    },
}

impl SecretReference {
    /// The kind of the source, for messages: `env`, `file`, `command` or `credential`.
    pub fn source(&self) -> &'static str {
        match self {
            Self::Environment { .. } => "env",
            Self::File { .. } => "file",
            Self::Command { .. } => "command",
            Self::Credential { .. } => "credential",
        }
    }
}
