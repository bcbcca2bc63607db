//! Mailboxes and aliases.

use std::path::PathBuf;

use serde::Serialize;

use super::super::name::{HostName, MailboxName, SecretName};

/// A mailbox.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Mailbox {
    /// Its name in the inventory.
    pub name: MailboxName,
    /// Its address.
    pub address: String,
    /// Other addresses that deliver to it.
    pub aliases: Vec<String>,
    /// Whether its SMTP server may be asked which of the aliases it takes mail for. No mail is sent.
    pub aliases_probe: bool,
    /// Who logs in; usually the address.
    pub user: String,
    /// The secret that holds the password.
    pub password: Option<SecretName>,
    /// SMTP submission server.
    pub smtp: Option<MailServer>,
    /// IMAP server.
    pub imap: Option<MailServer>,
    /// The host through which both are reached, when they answer only there.
    pub via: Option<HostName>,
    /// The file with the authorities (PEM) that both servers' certificates are of; by default those of the system.
    pub ca: Option<PathBuf>,
}

impl Mailbox {
    /// Whether there is something to log in to.
    pub fn has_login(&self) -> bool {
        self.smtp.is_some() || self.imap.is_some()
    }
}

/// A mail server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct MailServer {
    /// Host name or address; its certificate must be for it.
    pub address: String,
    /// TCP port.
    pub port: u16,
    /// How the connection is protected.
    pub tls: MailTls,
}

/// How a connection to a mail server is protected. There is no "if the server offers it": that is no protection.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum MailTls {
    /// TLS from the first byte.
    Implicit,
    /// TLS begins at a word in the clear (STARTTLS), before anything else is said.
    Starttls,
    /// In the clear: only over loopback and behind a host.
    Off,
}
