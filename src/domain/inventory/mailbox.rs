//! Mailboxes and aliases.

use serde::Serialize;

use super::super::name::{MailboxName, SecretName};

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Its name in the inventory.
    pub name: MailboxName,
    /// Its address.
    pub address: String,
    /// Other addresses that deliver to it.
    pub aliases: Vec<String>,
    /// SMTP submission server, `host:port`.
    pub smtp: Option<String>,
    /// IMAP server, `host:port`.
    pub imap: Option<String>,
    /// The secret that holds the password.
    pub password: Option<SecretName>,
}
