//! What a secret opens: who can say whether it works.

use std::fmt;

use super::{Host, Inventory, SmokeKind, SshIdentity, SshLogin, WebhookPlace};
use crate::domain::name::{ChannelName, DatabaseName, HostName, MailboxName, MonitorName, SecretName};

/// Something that a secret of the inventory opens, and that can be tried without changing anything.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SecretUse {
    /// The password of a database.
    Database(DatabaseName),
    /// The key of a host's login, or the passphrase of that key.
    Host {
        /// The host.
        host: HostName,
        /// Whether it is the login that rehearses.
        rehearsal: bool,
    },
    /// The password of a mailbox.
    Mailbox(MailboxName),
    /// The token for GitHub, or the key of the App.
    GitHub,
    /// The key that signs new tags, or its passphrase.
    TagKey,
    /// The token or password of a monitor.
    Monitor(MonitorName),
    /// The token for searching the web.
    Search,
    /// The address of a channel.
    Channel(ChannelName),
    /// The address of a webhook that smoke checks ask.
    Webhook {
        /// The secret that holds it.
        secret: SecretName,
        /// Whether its name may lead to an address that is not public.
        private_network: bool,
    },
}

impl fmt::Display for SecretUse {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Database(name) => write!(f, "database {name}"),
            Self::Host { host, rehearsal: false } => write!(f, "host {host}"),
            Self::Host { host, rehearsal: true } => write!(f, "host {host} (rehearsal)"),
            Self::Mailbox(name) => write!(f, "mailbox {name}"),
            Self::GitHub => f.write_str("GitHub"),
            Self::TagKey => f.write_str("signed tags"),
            Self::Monitor(name) => write!(f, "monitor {name}"),
            Self::Search => f.write_str("search of the web"),
            Self::Channel(name) => write!(f, "channel {name}"),
            Self::Webhook { secret, .. } => write!(f, "webhook {secret}"),
        }
    }
}

impl Inventory {
    /// What a secret opens, as far as the inventory says so.
    pub fn uses_of(&self, secret: &SecretName) -> Vec<SecretUse> {
        let databases = self.databases.values().filter_map(|database| {
            let server = database.engine.server()?;
            (server.password == *secret).then(|| SecretUse::Database(database.name.clone()))
        });
        let hosts = self.hosts.values().flat_map(|host| {
            let logins = host.logins().zip(host.login_uses()).filter(|(login, _)| is_of(login, secret));
            logins.map(|(_, login)| login)
        });
        let mailboxes = self.mailboxes.values().filter(|mailbox| mailbox.has_login());
        let mailboxes = mailboxes.filter(|mailbox| mailbox.password.as_ref() == Some(secret));
        let mailboxes = mailboxes.map(|mailbox| SecretUse::Mailbox(mailbox.name.clone()));
        let github =
            self.github.iter().filter(|access| access.credential.secret() == secret).map(|_| SecretUse::GitHub);
        let signers = self.github.iter().filter_map(|access| access.sign_tags.as_ref());
        let signers = signers.filter(|signer| signer.key == *secret || signer.passphrase.as_ref() == Some(secret));
        let tags = signers.map(|_| SecretUse::TagKey);
        let monitors = self.monitors.values();
        let monitors =
            monitors.filter(|monitor| monitor.access.as_ref().is_some_and(|access| access.secret() == secret));
        let monitors = monitors.map(|monitor| SecretUse::Monitor(monitor.name.clone()));
        let search = self.search.iter().filter(|access| access.token == *secret).map(|_| SecretUse::Search);
        let channels = self.channels.values().filter(|channel| channel.url == *secret);
        let channels = channels.map(|channel| SecretUse::Channel(channel.name.clone()));
        let uses = databases
            .chain(hosts)
            .chain(mailboxes)
            .chain(github)
            .chain(tags)
            .chain(monitors)
            .chain(search)
            .chain(channels);
        uses.chain(self.webhook_in(secret)).collect()
    }

    /// The webhook in a secret, as the first smoke check that asks it has it.
    fn webhook_in(&self, secret: &SecretName) -> Option<SecretUse> {
        let mut checks = self.services.values().flat_map(|service| &service.smoke);
        checks.find_map(|check| match &check.kind {
            SmokeKind::Webhook(webhook) if webhook.at == WebhookPlace::Secret(secret.clone()) => {
                Some(SecretUse::Webhook { secret: secret.clone(), private_network: webhook.private_network })
            }
            _ => None,
        })
    }
}

impl Host {
    /// Its logins.
    pub fn login_uses(&self) -> impl Iterator<Item = SecretUse> {
        self.logins().enumerate().map(|(index, _)| SecretUse::Host { host: self.name.clone(), rehearsal: index > 0 })
    }
}

fn is_of(login: &SshLogin, secret: &SecretName) -> bool {
    match &login.identity {
        SshIdentity::File { passphrase, .. } => passphrase.as_ref() == Some(secret),
        SshIdentity::Secret { key, passphrase } => key == secret || passphrase.as_ref() == Some(secret),
        SshIdentity::Agent { .. } => false,
    }
}
