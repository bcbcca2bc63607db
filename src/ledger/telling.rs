//! What GitHub is owed about operations: entries of the chain, the last of which says how an operation stands.

use serde_json::Value;

use super::{Ledger, change::Note, error::LedgerError, record, seal, sql::query};
use crate::domain::{
    operation::{Operation, OperationId},
    principal::Principal,
    time::Time,
};

/// How far GitHub was told of an operation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Telling {
    /// It is to be told.
    Owed,
    /// Something was said, or could not be.
    Said,
    /// Everything was said.
    Told,
    /// It was refused too often.
    GivenUp,
}

impl Telling {
    const ALL: [Self; 4] = [Self::Owed, Self::Said, Self::Told, Self::GivenUp];

    /// The kind of its entries.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Owed => "telling_owed",
            Self::Said => "telling_said",
            Self::Told => "telling_told",
            Self::GivenUp => "telling_given_up",
        }
    }

    fn of(kind: &str) -> Result<Self, LedgerError> {
        let found = Self::ALL.into_iter().find(|telling| telling.kind() == kind);
        found.ok_or(LedgerError::Corrupt { what: "ledger entry" })
    }
}

impl Ledger {
    /// How far GitHub was told of an operation, and what the entry says; nothing where it is not to be told.
    pub async fn telling(&self, operation: &OperationId) -> Result<Option<(Telling, Value)>, LedgerError> {
        let sql = "SELECT kind, body FROM entries WHERE operation = $1 AND kind IN ('telling_owed', 'telling_said', \
                   'telling_told', 'telling_given_up') ORDER BY seq DESC LIMIT 1";
        let found: Option<(String, String)> =
            self.inner.readers.row("entries", query(sql).bind(operation.as_str())).await?;
        found.map(|(kind, body)| Ok((Telling::of(&kind)?, what(&body)?))).transpose()
    }

    /// The operations begun after a moment that GitHub was not told all about, the oldest first.
    pub async fn untold(&self, after: Time) -> Result<Vec<(Operation, Telling, Value)>, LedgerError> {
        let sql = "SELECT operations.record, said.kind, said.body FROM operations JOIN entries AS said ON said.seq = \
                   (SELECT MAX(seq) FROM entries WHERE entries.operation = operations.id AND entries.kind IN \
                   ('telling_owed', 'telling_said', 'telling_told', 'telling_given_up')) \
                   WHERE operations.started_at > $1 AND said.kind <> 'telling_told' ORDER BY operations.started_at, operations.id";
        let rows: Vec<(String, String, String)> =
            self.inner.readers.rows("operations", query(sql).bind(after.as_millis())).await?;
        rows.into_iter()
            .map(|(text, kind, body)| Ok((record::read("operation", &text)?, Telling::of(&kind)?, what(&body)?)))
            .collect()
    }

    /// Takes a lock without an operation from a holder that has ended. A lock that somebody else holds by now is left alone.
    pub async fn release_of(&self, resource: &str, holder: &str) -> Result<(), LedgerError> {
        let mut change = self.change("lock").await?;
        let entry = change.entry();
        let (resource, holder) = (change.redact(resource), change.redact(holder));
        let sql =
            "UPDATE locks SET holder = NULL, entry = $3 WHERE resource = $1 AND holder = $2 AND operation IS NULL";
        let released = change.run(query(sql).bind(resource.clone()).bind(holder.clone()).bind(entry)).await?;
        if released == 0 {
            return change.abandon().await;
        }
        let note = Note {
            kind: "lock_released",
            operation: None,
            actor: &Principal::server(),
            at: None,
            what: serde_json::json!({ "resource": resource, "holder": holder, "why": "its server has ended" }),
        };
        change.commit(&[&seal::LOCKS], note).await.map(drop)
    }
}

fn what(body: &str) -> Result<Value, LedgerError> {
    let body: Value = record::read("ledger entry", body)?;
    Ok(body.get("what").cloned().unwrap_or_default())
}
