//! What can go wrong with the ledger.

use super::verify::Flaw;
use crate::domain::refusal::{Code, Refusal};

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened.
    #[error("cannot open the ledger")]
    Open(#[source] sqlx::Error),
    /// The database server does not serve us.
    #[error("the ledger's PostgreSQL server {0}")]
    Server(ServerTrouble),
    /// The file or the schema is something else, and was left as it is.
    #[error("the ledger's place holds something that is not a ledger: move it away, or configure another place")]
    Foreign,
    /// The ledger was written by a newer version of this program.
    #[error("the ledger was written by a newer version of deploy-ops: install that version or a newer one")]
    Newer,
    /// The database cannot be read.
    #[error("cannot read {what} from the ledger")]
    Read {
        /// What was being read.
        what: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The database cannot be written: nothing may be changed.
    #[error("cannot write {what} to the ledger")]
    Write {
        /// What was being written.
        what: &'static str,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// A stored value is not what we wrote.
    #[error("the stored {what} cannot be understood")]
    Corrupt {
        /// What.
        what: &'static str,
    },
    /// The chain is broken, or the state disagrees with it.
    #[error("entry {seq} of the ledger is not as it was written: {why}")]
    Bad {
        /// The first bad entry.
        seq: i64,
        /// What is wrong with it.
        why: Flaw,
    },
    /// Entries are gone that this process has seen written: a backup was restored below us, or a standby took over without them.
    #[error("entries of the ledger are gone: it was put back to an earlier state while this server ran")]
    Rewound,
    /// Somebody with a higher fence has taken over the operation.
    #[error("another server has taken over this operation")]
    Fenced,
    /// The operation has ended; its record is final.
    #[error("the operation has ended; what is stored of it is final")]
    Ended,
    /// What should be changed was never stored.
    #[error("the ledger holds no such {what}")]
    Missing {
        /// What.
        what: &'static str,
    },
    /// It is stored already, and stored things are not replaced.
    #[error("the ledger holds this {what} already")]
    Exists {
        /// What.
        what: &'static str,
    },
    /// A plan holds the value of a secret; it was not stored.
    #[error("the plan holds the value of a secret: remove it from the inventory, the repository or the arguments")]
    SecretInPlan,
    /// A name or number is the value of a secret, so the record cannot be stored readably; it was not stored.
    #[error("a name in the {what} is the value of a secret: rename it, or replace the secret")]
    SecretInName {
        /// What was being written.
        what: &'static str,
    },
}

/// Why a database server does not serve us. Nothing that the server says is repeated: it may quote what it was sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ServerTrouble {
    /// Nobody answers, or only to say that nobody is served now.
    #[error("does not answer: start it, and check state.url and the network")]
    Unreachable,
    /// It shows no certificate for its name that we trust.
    #[error("cannot be trusted: give it a certificate for its name, and name the authority with state.authority")]
    Untrusted,
    /// The role or its password is wrong.
    #[error("refuses the login: check the user in state.url, the secret of state.password, and pg_hba.conf")]
    Login,
    /// There is no such database.
    #[error("has no database of that name: create it, or check state.url")]
    NoDatabase,
    /// The role may not do what is needed.
    #[error("denies a right: let the role create the schema deploy_ops, or create it as the role's own")]
    Rights,
    /// It is a standby.
    #[error("is a standby that cannot be written: name the primary in state.url")]
    ReadOnly,
}

impl LedgerError {
    /// Whether the same may succeed later: the store is full or away.
    pub fn is_outage(&self) -> bool {
        matches!(self, Self::Open(_) | Self::Server(_) | Self::Read { .. } | Self::Write { .. })
    }

    /// Whether what was to be written is refused for what it says, so that less of it may be stored.
    pub fn is_refusal(&self) -> bool {
        matches!(self, Self::SecretInName { .. } | Self::Corrupt { .. })
    }

    /// For `map_err` of a read.
    pub(super) fn read(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| match source {
            sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_) => Self::Corrupt { what },
            source => Self::Read { what, source },
        }
    }
    /// For `map_err` of a write.
    pub(super) fn write(what: &'static str) -> impl Fn(sqlx::Error) -> Self {
        move |source| Self::Write { what, source }
    }
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        let fix = "Run `deploy-ops doctor`; the log says more.";
        let message = format!("{error}.");
        match error {
            LedgerError::Write { .. } | LedgerError::Open(_) => Refusal::new(
                Code::AuditUnavailable,
                "The ledger cannot be written, so nothing may be changed. Reading tools still work.",
                "Free disk space and check the data directory's permissions, or the database server; then call again.",
            ),
            LedgerError::Server(_) | LedgerError::Foreign | LedgerError::Newer | LedgerError::Bad { .. } => {
                Refusal::new(Code::AuditUnavailable, message, fix)
            }
            LedgerError::Rewound => Refusal::new(
                Code::AuditUnavailable,
                message,
                "Find out what was lost and what it changed outside; then restart the servers.",
            ),
            LedgerError::Fenced => Refusal::new(Code::WrongState, "Another server has taken over this operation.", fix),
            LedgerError::Ended | LedgerError::Exists { .. } => {
                Refusal::new(Code::WrongState, message, "Look at it with operation_status.")
            }
            LedgerError::Missing { .. } => {
                Refusal::new(Code::NotFound, message, "List what there is with operation_status.")
            }
            LedgerError::SecretInPlan => Refusal::new(
                Code::SecretInPlan,
                "A secret's value would have been part of the plan; it was not stored.",
                "Refer to the secret by its name; remove its value from the inventory, the repository or the arguments.",
            ),
            LedgerError::SecretInName { .. } => {
                Refusal::new(Code::SecretInPlan, message, "Rename it, or replace the secret by a longer one.")
            }
            LedgerError::Read { .. } | LedgerError::Corrupt { .. } => Refusal::new(Code::WorldFailed, message, fix),
        }
    }
}
