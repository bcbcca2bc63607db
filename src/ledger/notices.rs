//! What channels are owed about operations: entries of the chain, the last of which about a notice says how it stands.

use serde_json::Value;

use super::{Ledger, error::LedgerError, instance::Instance, record, sql::query};
use crate::domain::{
    notice::Notify,
    operation::{Operation, OperationId},
    time::Time,
};

/// How a notice stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Noticed {
    /// It is to be sent.
    Owed,
    /// It was tried, and will be again.
    Tried,
    /// Somebody took it.
    Told,
    /// It was refused, or tried for too long.
    GivenUp,
}

impl Noticed {
    const ALL: [Self; 4] = [Self::Owed, Self::Tried, Self::Told, Self::GivenUp];

    /// The kind of its entries.
    pub fn kind(self) -> &'static str {
        match self {
            Self::Owed => "notice_owed",
            Self::Tried => "notice_tried",
            Self::Told => "notice_told",
            Self::GivenUp => "notice_given_up",
        }
    }

    /// Whether it is still to be sent.
    pub fn is_owed(self) -> bool {
        matches!(self, Self::Owed | Self::Tried)
    }

    fn of(kind: &str) -> Result<Self, LedgerError> {
        let found = Self::ALL.into_iter().find(|noticed| noticed.kind() == kind);
        found.ok_or(LedgerError::Corrupt { what: "ledger entry" })
    }
}

/// A notice, as the ledger knows it.
#[derive(Debug, Clone)]
pub struct KeptNotice {
    /// What is sent.
    pub notice: Notify,
    /// Since when it is owed.
    pub since: Time,
    /// How it stands.
    pub noticed: Noticed,
    /// What the last entry about it says.
    pub last: Value,
}

/// A notice that is still to be sent.
#[derive(Debug, Clone)]
pub struct OwedNotice {
    /// What it is about.
    pub operation: Operation,
    /// Whose operation that is.
    pub by: Instance,
    /// The notice.
    pub kept: KeptNotice,
}

impl Ledger {
    /// The notices of an operation, in the order in which they became due.
    pub async fn notices(&self, operation: &OperationId) -> Result<Vec<KeptNotice>, LedgerError> {
        let sql = "SELECT kind, at, body FROM entries WHERE operation = $1 AND kind IN ('notice_owed', 'notice_tried', \
                   'notice_told', 'notice_given_up') ORDER BY seq";
        let rows: Vec<(String, String, String)> =
            self.inner.readers.rows("entries", query(sql).bind(operation.as_str())).await?;
        let mut notices = Vec::new();
        for (kind, at, body) in rows {
            add(&mut notices, &kind, &at, &body)?;
        }
        Ok(notices)
    }

    /// What is still to be sent about operations begun after a moment, the oldest first.
    pub async fn owed_notices(&self, after: Time) -> Result<Vec<OwedNotice>, LedgerError> {
        let sql = "SELECT operations.record, operations.instance, entries.kind, entries.at, entries.body FROM operations \
                   JOIN entries ON entries.operation = operations.id WHERE operations.started_at > $1 AND entries.kind IN \
                   ('notice_owed', 'notice_tried', 'notice_told', 'notice_given_up') ORDER BY operations.started_at, \
                   operations.id, entries.seq";
        let rows: Vec<(String, String, String, String, String)> =
            self.inner.readers.rows("operations", query(sql).bind(after.as_millis())).await?;
        let mut owed = Vec::new();
        for of_one in rows.chunk_by(|(one, ..), (other, ..)| one == other) {
            let Some((text, by, ..)) = of_one.first() else { continue };
            let mut notices = Vec::new();
            for (.., kind, at, body) in of_one {
                add(&mut notices, kind, at, body)?;
            }
            notices.retain(|kept| kept.noticed.is_owed());
            if notices.is_empty() {
                continue;
            }
            let operation: Operation = record::read("operation", text)?;
            let of_operation = |kept| OwedNotice { operation: operation.clone(), by: Instance::new(by.clone()), kept };
            owed.extend(notices.into_iter().map(of_operation));
        }
        Ok(owed)
    }
}

/// Takes the next entry into what is known.
fn add(notices: &mut Vec<KeptNotice>, kind: &str, at: &str, body: &str) -> Result<(), LedgerError> {
    let corrupt = || LedgerError::Corrupt { what: "ledger entry" };
    let body: Value = record::read("ledger entry", body)?;
    let last = body.get("what").cloned().unwrap_or_default();
    let noticed = Noticed::of(kind)?;
    match notices.iter_mut().find(|kept| kept.notice.is_named_in(&last)) {
        // Two servers may both have tried: what somebody took is told.
        Some(kept) if kept.noticed == Noticed::Told => {}
        Some(kept) => (kept.noticed, kept.last) = (noticed, last),
        None => {
            let notice = Notify::of_owed(&last).ok_or_else(corrupt)?;
            let since = at.parse().map_err(|_| corrupt())?;
            notices.push(KeptNotice { notice, since, noticed, last });
        }
    }
    Ok(())
}
