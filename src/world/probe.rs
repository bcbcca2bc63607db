//! Does a secret work? It is used once for what the inventory says it is for, and nothing is changed.
//!
//! A new [`SecretUse`] is a variant there and an arm here.

use std::time::Duration;

use super::{
    Reader, WorldError, api,
    database::{Access, refuses_login},
    mail::Fault,
    ssh::Role,
};
use crate::domain::{
    inventory::{Mailbox, SecretUse},
    name::{ChannelName, DatabaseName, HostName, MailboxName, MonitorName, SecretName},
    refusal::Code,
    time::Time,
};

/// How long each login of a mailbox may take.
const MAILBOX: Duration = Duration::from_secs(15);
/// How long a webhook may take to be reached.
const WEBHOOK: Duration = Duration::from_secs(10);

/// Whether something opens.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Standing {
    /// It opened.
    Works,
    /// Who guards it answered, and does not let us in.
    Refused,
    /// It was not told: nobody answered, or somebody else.
    Unknown,
}

/// What came of a trial.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Probed {
    /// Whether it opened.
    pub standing: Standing,
    /// One sentence.
    pub found: String,
    /// What a server said that did not let us in; others wrote it.
    pub untrusted_text: Option<String>,
}

impl Reader<'_> {
    /// Tries what a secret is for, once. A password that was refused a short while ago is not tried again.
    pub async fn try_use(&self, wanted: &SecretUse) -> Probed {
        match wanted {
            SecretUse::Database(name) => self.try_database(wanted, name).await,
            SecretUse::Host { host, rehearsal } => self.try_host(host, *rehearsal).await,
            SecretUse::Mailbox(name) => self.try_mailbox(name).await,
            SecretUse::GitHub => self.try_github().await,
            SecretUse::TagKey => self.try_tag_key().await,
            SecretUse::Channel(name) => self.try_channel(name).await,
            SecretUse::Webhook { secret, private_network } => Ok(self.try_webhook(secret, *private_network).await),
            SecretUse::Monitor(name) => self.try_monitor(wanted, name).await,
            SecretUse::Search => self.try_the_search().await,
        }
        .unwrap_or_else(|error| Probed::new(Standing::Unknown, sentence(&error)))
    }

    async fn try_database(&self, wanted: &SecretUse, name: &DatabaseName) -> Result<Probed, WorldError> {
        let database = super::database::entry(self.inventory(), name)?;
        let Some(server) = database.engine.server() else {
            return Ok(Probed::new(Standing::Unknown, "It is a file, and has no login.".to_owned()));
        };
        let (account, password) = (wanted.to_string(), self.secret_value(&server.password).await?);
        if let Some(until) = self.world.refusals.until(&account, &password, self.now()) {
            return Ok(resting(until));
        }
        match self.connect(database, Access::Look).await {
            Ok(connection) => {
                // It has told what it was asked for.
                let _ = connection.close().await;
                Ok(Probed::new(Standing::Works, format!("DB connection successful to {name} ✓")))
            }
            Err(error) if refuses_login(&error) => {
                self.world.refusals.add(&account, &password, self.now());
                Ok(Probed::new(Standing::Refused, sentence(&error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn try_host(&self, host: &HostName, rehearsal: bool) -> Result<Probed, WorldError> {
        let role = if rehearsal { Role::Rehearse } else { Role::Deploy };
        let Some(remote) = self.remote(host, role) else {
            return Ok(Probed::new(Standing::Unknown, "It is no host over SSH.".to_owned()));
        };
        match remote.log_in_once().await {
            Ok(()) => Ok(Probed::new(Standing::Works, format!("SSH authentication OK on {host} ✓"))),
            // A host on the way to it refuses in the same words with another name.
            Err(error)
                if error.code == Code::Forbidden && error.doing.starts_with(&format!("log in to host {host} ")) =>
            {
                Ok(Probed::new(Standing::Refused, sentence(&error)))
            }
            Err(error) => Err(error),
        }
    }

    async fn try_mailbox(&self, name: &MailboxName) -> Result<Probed, WorldError> {
        let Some(mailbox) = self.inventory().mailboxes.get(name) else {
            return Ok(Probed::new(Standing::Unknown, "It is not in the inventory.".to_owned()));
        };
        let mailbox = Mailbox { aliases_probe: false, ..mailbox.clone() };
        let found = self.log_in_to_mailbox(&mailbox, MAILBOX).await?;
        let standing = if found.faults().any(Fault::is_refusal) {
            Standing::Refused
        } else if found.logins.iter().any(|login| login.result.is_ok()) {
            Standing::Works
        } else {
            Standing::Unknown
        };
        Ok(Probed { untrusted_text: found.said(), ..Probed::new(standing, format!("{}.", found.describe())) })
    }
}

impl Reader<'_> {
    /// Asks for one repository of the inventory; the answer tells what a classic token may do.
    async fn try_github(&self) -> Result<Probed, WorldError> {
        let Some(service) = self.inventory().services.values().find(|service| service.github.is_some()) else {
            return Ok(Probed::new(Standing::Unknown, "No service names its repository on GitHub.".to_owned()));
        };
        match self.repository_standing(service).await {
            Ok(standing) => {
                let scopes = if standing.scopes.is_empty() {
                    "a token of chosen permissions".to_owned()
                } else {
                    format!("a classic token with the scopes {}", standing.scopes.join(", "))
                };
                Ok(Probed::new(Standing::Works, format!("GitHub accepts it: {scopes} ✓")))
            }
            Err(error) if error.code == Code::GitHubRefused => Ok(Probed::new(Standing::Refused, sentence(&error))),
            Err(error) => Err(error),
        }
    }
}

impl Reader<'_> {
    async fn try_tag_key(&self) -> Result<Probed, WorldError> {
        Ok(match self.tagger().await? {
            Some(tagger) => Probed::new(Standing::Works, format!("It is a key that signs tags, {} ✓", tagger.key)),
            None => Probed::new(Standing::Unknown, "Tags are not signed.".to_owned()),
        })
    }

    async fn try_monitor(&self, wanted: &SecretUse, name: &MonitorName) -> Result<Probed, WorldError> {
        let monitor = self.inventory().monitors.get(name);
        let Some((monitor, access)) = monitor.and_then(|monitor| Some((monitor, monitor.access.as_ref()?))) else {
            return Ok(Probed::new(Standing::Unknown, "It is not in the inventory.".to_owned()));
        };
        let (account, password) = (wanted.to_string(), self.secret_value(access.secret()).await?);
        if let Some(until) = self.world.refusals.until(&account, &password, self.now()) {
            return Ok(resting(until));
        }
        Ok(match self.monitor_lets_in(monitor).await {
            Ok(true) => Probed::new(Standing::Works, format!("Monitor {name} accepts it ✓")),
            Ok(false) => {
                let found = format!("Monitor {name} answers whoever asks: it does not say whether this is right.");
                Probed::new(Standing::Unknown, found)
            }
            Err(fault @ api::Fault::Refused(_)) => {
                self.world.refusals.add(&account, &password, self.now());
                Probed::new(Standing::Refused, format!("Monitor {name}: {fault}."))
            }
            Err(fault) => Probed::new(Standing::Unknown, format!("Monitor {name}: {fault}.")),
        })
    }

    async fn try_the_search(&self) -> Result<Probed, WorldError> {
        let Some(access) = &self.inventory().search else {
            return Ok(Probed::new(Standing::Unknown, "It is not in the inventory.".to_owned()));
        };
        Ok(match self.try_search(access).await {
            Ok(()) => Probed::new(Standing::Works, "The search accepts it ✓".to_owned()),
            Err(fault @ api::Fault::Refused(_)) => Probed::new(Standing::Refused, format!("The search: {fault}.")),
            Err(fault) => Probed::new(Standing::Unknown, format!("The search: {fault}.")),
        })
    }

    async fn try_channel(&self, name: &ChannelName) -> Result<Probed, WorldError> {
        let Some(channel) = self.inventory().channels.get(name) else {
            return Ok(Probed::new(Standing::Unknown, "It is not in the inventory.".to_owned()));
        };
        self.channel_answers(channel).await?;
        Ok(Probed::new(Standing::Works, "Reachable ✓; nothing was said to it.".to_owned()))
    }

    /// A connection, with TLS where the address says so, and not a word: many begin something with whatever is said to them. Whether
    /// the path of the address is still good is not told by that.
    async fn try_webhook(&self, secret: &SecretName, private_network: bool) -> Probed {
        let (reached, found) = self.reach_webhook(secret, private_network, WEBHOOK).await;
        Probed::new(if reached { Standing::Works } else { Standing::Unknown }, found)
    }
}

impl Probed {
    fn new(standing: Standing, found: String) -> Self {
        Self { standing, found, untrusted_text: None }
    }
}

fn resting(until: Time) -> Probed {
    Probed::new(Standing::Refused, format!("{}.", Fault::Resting(until)))
}

fn sentence(error: &WorldError) -> String {
    format!("Could not {}: {}. {}", error.doing, error.problem, error.fix)
}
