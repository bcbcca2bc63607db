//! Smoke checks.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr},
};

use serde::Serialize;
use url::Url;

use super::{
    super::name::{CheckName, DatabaseName, MailboxName, SecretName},
    TextPattern,
};

/// What holds for every check that does not say otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SmokeRules {
    /// How long one attempt may take, ms.
    pub timeout_ms: u32,
    /// How many attempts are made before a check counts as failed; at least 1.
    pub attempts: u32,
    /// When the end of a certificate is told.
    pub certificate: CertificateDays,
    /// The DNS server that is asked; without one those of the system are.
    pub dns_server: Option<SocketAddr>,
}

impl Default for SmokeRules {
    fn default() -> Self {
        Self { timeout_ms: 10_000, attempts: 3, certificate: CertificateDays::default(), dns_server: None }
    }
}

/// How many days before its end a certificate is told of. One that has ended fails in any case.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct CertificateDays {
    /// With fewer days left, the check passes with a warning.
    pub warn: u32,
    /// With fewer days left, it fails.
    pub fail: u32,
}

impl Default for CertificateDays {
    fn default() -> Self {
        Self { warn: 14, fail: 3 }
    }
}

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
    Http(HttpCheck),
    /// The records of a name.
    Dns(DnsCheck),
    /// Whether a webhook can be reached. Nothing is posted.
    Webhook(WebhookCheck),
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

/// An HTTP GET below the target's URL, and what its answer has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct HttpCheck {
    /// Path and query below the URL, beginning with `/`; empty for the URL itself.
    pub path: String,
    /// The status is one of these. With a redirect among them, redirects are not followed.
    pub status: Vec<u16>,
    /// Where redirects have to end. They may lead to its host, and otherwise only to that of the URL.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub ends_at: Option<Url>,
    /// How many redirects are followed.
    pub max_redirects: u32,
    /// A text that the body must hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub contains: Option<String>,
    /// A text that the body must not hold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub lacks: Option<String>,
    /// What the body must match somewhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub matches: Option<TextPattern>,
    /// What the body must not match anywhere.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub not_matches: Option<TextPattern>,
    /// What headers have to be, by their names in lower case.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub headers: BTreeMap<String, HeaderWanted>,
    /// How long the answer may take, ms; only the time limit of the attempt counts, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_ms: Option<u32>,
    /// When the end of the certificate is told.
    pub certificate: CertificateDays,
    /// Whether it is asked from the host; as the target says, when absent.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub through_host: Option<bool>,
}

impl HttpCheck {
    /// The most redirects that are followed where nothing else is said.
    pub const REDIRECTS: u32 = 5;

    /// That the URL itself answers 200.
    pub fn of_url(rules: &SmokeRules) -> Self {
        Self {
            path: String::new(),
            status: vec![200],
            ends_at: None,
            max_redirects: Self::REDIRECTS,
            contains: None,
            lacks: None,
            matches: None,
            not_matches: None,
            headers: BTreeMap::new(),
            max_ms: None,
            certificate: rules.certificate,
            through_host: None,
        }
    }

    /// Whether redirects are followed: not when one of them is what is wanted.
    pub fn follows(&self) -> bool {
        !self.status.iter().any(|status| (300..400).contains(status))
    }
}

/// What a header has to be.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum HeaderWanted {
    /// It is there.
    Present,
    /// It is not there.
    Absent,
    /// It holds this text; case does not count.
    Holds(String),
}

/// The records of a name. Of each kind that is given it has exactly these; with none given it only has to lead to an address.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DnsCheck {
    /// The name.
    pub host: String,
    /// Its IPv4 addresses, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub a: Vec<Ipv4Addr>,
    /// Its IPv6 addresses, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub aaaa: Vec<Ipv6Addr>,
    /// The name that it is another one for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cname: Option<String>,
    /// The hosts that take its mail, sorted.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub mx: Vec<String>,
}

/// Whether a webhook can be reached. Nothing is posted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WebhookCheck {
    /// Where it is.
    pub at: WebhookPlace,
    /// How far it is gone.
    pub ask: WebhookAsk,
    /// Whether its name may lead to an address that is not public.
    pub private_network: bool,
}

/// Where a webhook is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookPlace {
    /// At this URL.
    Url(Url),
    /// At the URL in this secret, of which nothing is told.
    Secret(SecretName),
}

/// How far a webhook is asked. Many start something with whatever is said to them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum WebhookAsk {
    /// A connection, with TLS where the URL says so, and not a word.
    Connect,
    /// HEAD.
    Head,
    /// OPTIONS.
    Options,
}
