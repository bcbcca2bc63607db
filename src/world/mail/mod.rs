//! Mailboxes: can they be logged in to? Nothing is read, sent or changed.
//!
//! Both dialogues are our own, as far as the login and not a word further. What a server says is bounded in time and length; what came
//! in the clear before TLS never counts as said over TLS; and of its words nothing is kept but a beginning, for a field that says
//! others wrote it.

mod connect;
mod dialogue;
mod fault;
mod imap;
mod smtp;

use std::time::Duration;

use tokio::time::Instant;

pub use fault::{Certificate, Fault, Phase};

use super::{Reader, WorldError, certificate};
use crate::{
    domain::{
        inventory::{MailServer, Mailbox},
        refusal::Code,
    },
    redact::Secret,
};
use dialogue::Credentials;

/// What was found of a mailbox.
#[derive(Debug)]
pub struct MailboxFound {
    /// One for each server of the inventory: SMTP, then IMAP.
    pub logins: Vec<Login>,
    /// What the SMTP server says about the aliases, where it may be asked.
    pub aliases: Vec<(String, Alias)>,
}

/// A login that was tried.
#[derive(Debug)]
pub struct Login {
    /// With which protocol.
    pub protocol: Protocol,
    /// How many days the server's certificate is still valid, where it showed one.
    pub result: Result<Option<i64>, Fault>,
    /// How long it took, ms.
    pub time_ms: u64,
}

/// How a mailbox is logged in to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// To send.
    Smtp,
    /// To read.
    Imap,
}

/// What a server says about an alias.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alias {
    /// It takes mail for it.
    Resolves,
    /// It does not.
    Refused,
    /// It does not say.
    Unknown,
}

impl Protocol {
    fn name(self) -> &'static str {
        match self {
            Self::Smtp => "SMTP",
            Self::Imap => "IMAP",
        }
    }
}

impl Reader<'_> {
    /// Logs in to the servers of a mailbox, one after the other, for at most `limit` each. A login that was refused a short while
    /// ago is not tried again, so a wrong password is tried once.
    ///
    /// # Errors
    /// Without a password nothing is tried.
    pub async fn log_in_to_mailbox(&self, mailbox: &Mailbox, limit: Duration) -> Result<MailboxFound, WorldError> {
        let Some(name) = mailbox.password.as_ref().filter(|_| mailbox.has_login()) else {
            return Err(WorldError::new(
                Code::Unsupported,
                format!("log in to mailbox {}", mailbox.name),
                "deploy-ops.toml names no server and password of it",
                "Add smtp or imap, and password, to the mailbox.",
            ));
        };
        let password = self.secret_value(name).await?;
        // A server may say it back to us.
        self.world.redactor.add([password.clone()]);
        let mut found = MailboxFound { logins: Vec::new(), aliases: Vec::new() };
        for (protocol, server) in [(Protocol::Smtp, &mailbox.smtp), (Protocol::Imap, &mailbox.imap)] {
            let Some(server) = server else { continue };
            let begin = Instant::now();
            let result = self.log_in(mailbox, (protocol, server), &password, begin + limit, &mut found.aliases).await;
            let time_ms = u64::try_from(begin.elapsed().as_millis()).unwrap_or(u64::MAX);
            found.logins.push(Login { protocol, result, time_ms });
        }
        Ok(found)
    }

    async fn log_in(
        self,
        mailbox: &Mailbox,
        (protocol, server): (Protocol, &MailServer),
        password: &Secret,
        until: Instant,
        aliases: &mut Vec<(String, Alias)>,
    ) -> Result<Option<i64>, Fault> {
        let account = format!("mailbox {}", mailbox.name);
        if let Some(until) = self.world.refusals.until(&account, password, self.now()) {
            return Err(Fault::Resting(until));
        }
        let who = Credentials { user: &mailbox.user, password };
        let (dialogue, watch) = connect::connect(self, mailbox, server, protocol.name(), until).await?;
        let opened = match protocol {
            Protocol::Smtp => smtp::log_in(dialogue, who).await,
            Protocol::Imap => imap::log_in(dialogue, who).await,
        };
        let mut dialogue = opened.map_err(|fault| fault.explained(&watch)).inspect_err(|fault| {
            if fault.is_refusal() {
                self.world.refusals.add(&account, password, self.now());
            }
        })?;
        let ends = dialogue.certificate_ends();
        match protocol {
            Protocol::Smtp => {
                if mailbox.aliases_probe {
                    let said = smtp::aliases(&mut dialogue, &mailbox.address, &mailbox.aliases).await;
                    aliases.extend(mailbox.aliases.iter().cloned().zip(said));
                }
                dialogue.farewell("QUIT").await;
            }
            Protocol::Imap => imap::leave(dialogue).await,
        }
        Ok(ends.map(|ends| certificate::days_left(ends, self.now())))
    }
}

impl MailboxFound {
    /// Everything in one sentence each.
    pub fn describe(&self) -> String {
        let mut parts: Vec<String> = self.logins.iter().map(Login::describe).collect();
        if !self.aliases.is_empty() {
            let of = |wanted: Alias| -> Vec<&str> {
                let found = self.aliases.iter().filter(|(_, found)| *found == wanted);
                found.map(|(address, _)| address.as_str()).collect()
            };
            let (refused, unknown) = (of(Alias::Refused), of(Alias::Unknown));
            let mut part = format!("{} of {} aliases resolve", of(Alias::Resolves).len(), self.aliases.len());
            for (word, list) in [("refused", refused), ("not told", unknown)] {
                if !list.is_empty() {
                    part.push_str(&format!(", {word}: {}", list.join(", ")));
                }
            }
            parts.push(part);
        }
        parts.join("; ")
    }

    /// What went wrong, with each server.
    pub fn faults(&self) -> impl Iterator<Item = &Fault> {
        self.logins.iter().filter_map(|login| login.result.as_ref().err())
    }

    /// Whether the server says that it takes no mail for one of the aliases.
    pub fn lacks_alias(&self) -> bool {
        self.aliases.iter().any(|(_, alias)| *alias == Alias::Refused)
    }

    /// What servers said that did not let us in; they wrote it.
    pub fn said(&self) -> Option<String> {
        let said: Vec<&str> = self.faults().filter_map(Fault::said).collect();
        (!said.is_empty()).then(|| said.join("\n"))
    }
}

impl Login {
    fn describe(&self) -> String {
        let (protocol, time_ms) = (self.protocol.name(), self.time_ms);
        let days = match &self.result {
            Ok(days) => days.map(|days| format!(", certificate valid for {days} days")).unwrap_or_default(),
            Err(fault) => return format!("{protocol}: {fault}. {}", fault.fix()).trim_end_matches('.').to_owned(),
        };
        match self.protocol {
            Protocol::Smtp => format!("SMTP authentication OK ✓ ({time_ms} ms{days})"),
            Protocol::Imap => format!("IMAP login OK ✓ ({time_ms} ms{days})"),
        }
    }
}
