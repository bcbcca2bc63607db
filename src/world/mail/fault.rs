//! Why a login to a mail server did not come about, in our words.

use std::fmt;

use crate::{domain::time::Time, world::WorldError};

/// How much of what a server said is kept, characters.
const SAID: usize = 300;

/// Where a dialogue stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Until the first word of the server.
    Greeting,
    /// Until TLS may begin.
    Starttls,
    /// The TLS handshake.
    Handshake,
    /// User and password.
    Login,
    /// IMAP only.
    Inbox,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Greeting => "the greeting",
            Self::Starttls => "STARTTLS",
            Self::Handshake => "the TLS handshake",
            Self::Login => "the login",
            Self::Inbox => "the opening of INBOX",
        })
    }
}

/// What is wrong with a certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Certificate {
    #[error("has expired")]
    Expired,
    #[error("is not valid yet")]
    NotYet,
    #[error("is for another name")]
    OtherName,
    #[error("is of an authority that is not trusted")]
    UnknownAuthority,
    #[error("is not one that can be verified")]
    Invalid,
}

/// Why a login did not come about. Only [`Fault::said`] holds words of the server.
#[derive(Debug, thiserror::Error)]
pub enum Fault {
    /// The tunnel, or what else is ours.
    #[error("{}", .0.problem)]
    Way(#[source] WorldError),
    #[error("its address is not known to this machine, or nothing listens there")]
    Unreachable,
    #[error("it fell silent during {0}")]
    Silent(Phase),
    #[error("it ended the connection during {0}")]
    Lost(Phase),
    #[error("it offers no STARTTLS, so the password was not sent")]
    NoTls,
    #[error("somebody spoke in the clear where TLS was to begin, so the password was not sent")]
    Injected,
    #[error("what answers there does not begin with TLS")]
    NotTls,
    #[error("its certificate {0}, so the password was not sent")]
    Certificate(Certificate),
    #[error("what answers there does not speak {0}")]
    Foreign(&'static str),
    #[error("it offers neither PLAIN nor LOGIN")]
    NoMechanism,
    #[error("it refused the login")]
    Refused(String),
    /// It was refused a short while ago, and is not tried before then.
    #[error(
        "the login was refused a short while ago; it is not tried again before {0}, so that the account is not locked"
    )]
    Resting(Time),
    #[error("it asks to come again later")]
    Later(String),
    #[error("it answered {0} with an error")]
    Turned(Phase, String),
}

impl Fault {
    /// What to do about it.
    pub fn fix(&self) -> &str {
        match self {
            Self::Way(error) => &error.fix,
            Self::Unreachable | Self::Silent(Phase::Greeting) | Self::Lost(Phase::Greeting) => {
                "Check host and port in deploy-ops.toml, and that the server is up and lets this machine in."
            }
            Self::Silent(_) | Self::Lost(_) | Self::Later(_) => {
                "Try again later; if it stays so, look at the server's log."
            }
            Self::NoTls => "Switch STARTTLS on there, or use the port that begins with TLS (465, 993).",
            Self::Injected => "Find out who is between this machine and the server.",
            Self::NotTls => "Correct the port in deploy-ops.toml, or write starttls for smtp_tls or imap_tls.",
            Self::Certificate(Certificate::Expired | Certificate::NotYet) => {
                "Renew the server's certificate, and check this machine's clock."
            }
            Self::Certificate(Certificate::OtherName) => {
                "Write the host in deploy-ops.toml as the certificate names it, or give the server one for its name."
            }
            Self::Certificate(_) => "Name the authorities with `ca`, or give the server a certificate of a known one.",
            Self::Foreign(_) => "Correct host and port in deploy-ops.toml.",
            Self::NoMechanism => "Allow PLAIN on the server; over TLS it is safe.",
            Self::Refused(_) | Self::Resting(_) => {
                "Correct user and password secret in deploy-ops.toml, or set the mailbox's password at the provider."
            }
            Self::Turned(..) => "Look at the server's log.",
        }
    }

    /// What the server said; others wrote it.
    pub fn said(&self) -> Option<&str> {
        match self {
            Self::Refused(said) | Self::Later(said) | Self::Turned(_, said) => {
                Some(said).filter(|said| !said.is_empty())
            }
            _ => None,
        }
        .map(String::as_str)
    }

    /// Whether the server answered, and does not let this user in with this password.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::Refused(_) | Self::Resting(_))
    }

    /// Whether another attempt may end otherwise.
    pub fn may_pass(&self) -> bool {
        matches!(self, Self::Way(_) | Self::Unreachable | Self::Silent(_) | Self::Lost(_) | Self::Later(_))
    }

    /// The beginning of what a server said.
    pub(super) fn excerpt(text: &str) -> String {
        text.chars().take(SAID).collect()
    }
}
