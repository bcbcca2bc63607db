//! Smoke checks.

use serde::Serialize;

use super::super::name::{CheckName, DatabaseName, MailboxName};

/// A check that only reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SmokeCheck {
    /// Its name, unique in the service.
    pub name: CheckName,
    /// What is checked.
    pub kind: SmokeKind,
    /// How long one attempt may take, ms.
    pub timeout_ms: u32,
    /// How many attempts are made before it counts as failed; at least 1.
    pub attempts: u32,
}

/// What is checked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum SmokeKind {
    /// An HTTP GET below the target's URL.
    Http {
        /// Path and query below the URL, beginning with `/`.
        path: String,
        /// The status that is wanted.
        status: u16,
        /// A text that the body must hold.
        contains: Option<String>,
        /// Whether it is asked from the host; as the target says, when absent.
        #[serde(skip_serializing_if = "Option::is_none")]
        through_host: Option<bool>,
    },
    /// A connection to a database and the simplest query.
    Database {
        /// The database.
        database: DatabaseName,
    },
    /// SMTP and IMAP login of a mailbox.
    Mailbox {
        /// The mailbox.
        mailbox: MailboxName,
    },
    /// A script of the repository that ends with exit code 0; run from a clean export of the live commit.
    Script {
        /// The script.
        script: super::service::Script,
    },
}
