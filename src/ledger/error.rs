//! What can go wrong with the ledger.

use super::verify::Flaw;
use crate::domain::refusal::{Code, Refusal};

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The URL names no ledger.
    #[error("not the URL of a ledger: write it as sqlite:/path/to/ledger.db")]
    Url,
    /// The database cannot be opened.
    #[error("cannot open the ledger")]
    Open(#[source] sqlx::Error),
    /// The file is something else, and was left as it is.
    #[error("the ledger's path holds a file that is not a ledger: move it away, or configure another path")]
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

impl LedgerError {
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
                "Free disk space and check the data directory's permissions; then call again.",
            ),
            LedgerError::Url | LedgerError::Foreign | LedgerError::Newer | LedgerError::Bad { .. } => {
                Refusal::new(Code::AuditUnavailable, message, fix)
            }
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
