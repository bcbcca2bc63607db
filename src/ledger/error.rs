//! What can go wrong with the ledger.

use crate::domain::refusal::{Code, Refusal};

/// A failure of the ledger.
#[derive(Debug, thiserror::Error)]
pub enum LedgerError {
    /// The database cannot be opened.
    #[error("cannot open the ledger")]
    Open(#[source] sqlx::Error),
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
    /// Somebody with a higher fence has taken over the operation.
    #[error("another server has taken over this operation")]
    Fenced,
}

impl From<LedgerError> for Refusal {
    fn from(error: LedgerError) -> Self {
        let fix = "Run `deploy-ops doctor`; the log says more.";
        match error {
            LedgerError::Write { .. } | LedgerError::Open(_) => Refusal::new(
                Code::AuditUnavailable,
                "The ledger cannot be written, so nothing may be changed. Reading tools still work.",
                "Free disk space and check the data directory's permissions; then call again.",
            ),
            LedgerError::Fenced => Refusal::new(Code::WrongState, "Another server has taken over this operation.", fix),
            LedgerError::Read { .. } | LedgerError::Corrupt { .. } => {
                Refusal::new(Code::WorldFailed, format!("{error}."), fix)
            }
        }
    }
}
