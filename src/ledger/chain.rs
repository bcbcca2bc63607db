//! The chain: entries that each hold the hash of the one before.
//!
//! Whoever edits, removes from the middle, inserts or reorders entries breaks it. Removing entries from the end leaves a shorter
//! chain that is sound in itself: that is shown by the heads that were given out with every result.

use std::fmt;

use serde::Serialize;
use serde_json::Value;
use sqlx::{ColumnIndex, Decode, FromRow, Type};

use super::{Ledger, error::LedgerError, record, sql::query};
use crate::domain::{digest::Digest, operation::OperationId, principal::Principal, time::Time};

/// The end of the chain: it stands for everything that came before. Shown as `seq/first twelve of the hash`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Head {
    /// The number of the last entry; 0 when there is none.
    pub seq: i64,
    /// Its hash; zeros when there is none.
    pub hash: Digest,
}

impl Head {
    /// The head of an empty chain.
    pub(super) const EMPTY: Self = Self { seq: 0, hash: Digest::from_bytes([0; 32]) };

    /// The head after a stored last entry.
    pub(super) fn of(last: Option<(i64, String)>) -> Result<Self, LedgerError> {
        let Some((seq, hash)) = last else { return Ok(Self::EMPTY) };
        let hash = hash.parse().map_err(|_| LedgerError::Corrupt { what: "head of the chain" })?;
        Ok(Self { seq, hash })
    }
}

impl fmt::Display for Head {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.seq, self.hash.short())
    }
}

/// One entry.
#[derive(Debug, Clone, PartialEq)]
pub struct Entry {
    /// Its number, from 1 without gaps.
    pub seq: i64,
    /// When (UTC). Changes that come without a moment carry the latest one that the ledger had been told.
    pub at: Time,
    /// What happened, for example `operation_begun`.
    pub kind: String,
    /// The operation it belongs to.
    pub operation: Option<OperationId>,
    /// Who did it.
    pub actor: Principal,
    /// What exactly, and the digests of the rows that changed.
    pub body: Value,
    /// The hash of the entry before.
    pub prev: Digest,
    /// SHA-256 over `deployops/ledger/v1`, NUL and the canonical JSON of everything above.
    pub hash: Digest,
}

/// An entry as it is stored.
#[derive(Debug, Serialize)]
pub(super) struct Stored {
    pub(super) actor: String,
    pub(super) at: String,
    pub(super) body: String,
    #[serde(skip)]
    pub(super) hash: String,
    pub(super) kind: String,
    pub(super) operation: Option<String>,
    pub(super) prev: String,
    pub(super) seq: i64,
}

impl<'r, R: sqlx::Row> FromRow<'r, R> for Stored
where
    &'static str: ColumnIndex<R>,
    i64: Decode<'r, R::Database> + Type<R::Database>,
    String: Decode<'r, R::Database> + Type<R::Database>,
{
    fn from_row(row: &'r R) -> Result<Self, sqlx::Error> {
        Ok(Self {
            actor: row.try_get("actor")?,
            at: row.try_get("at")?,
            body: row.try_get("body")?,
            hash: row.try_get("hash")?,
            kind: row.try_get("kind")?,
            operation: row.try_get("operation")?,
            prev: row.try_get("prev")?,
            seq: row.try_get("seq")?,
        })
    }
}

impl Stored {
    /// What the hash must be.
    ///
    /// The fields are declared in the order of their names, and no number is beyond 2^53, so plain JSON is the canonical JSON; it is
    /// several times faster to write, which counts for a million entries.
    pub(super) fn expected_hash(&self) -> Result<Digest, serde_json::Error> {
        Ok(Digest::of_domain("deployops/ledger/v1", &serde_json::to_vec(self)?))
    }

    fn read(self) -> Result<Entry, LedgerError> {
        const WHAT: &str = "ledger entry";
        Ok(Entry {
            seq: self.seq,
            at: record::parse(WHAT, self.at)?,
            kind: self.kind,
            operation: self.operation.map(|id| record::parse(WHAT, id)).transpose()?,
            actor: record::parse(WHAT, self.actor)?,
            body: record::read(WHAT, &self.body)?,
            prev: record::parse(WHAT, self.prev)?,
            hash: record::parse(WHAT, self.hash)?,
        })
    }
}

impl Ledger {
    /// The head of the chain. Entries of other processes may show up to 50 ms late; our own show at once.
    pub async fn head(&self) -> Result<Head, LedgerError> {
        if let Some(head) = self.inner.head.fresh() {
            return Ok(head);
        }
        let sql = "SELECT seq, hash FROM entries ORDER BY seq DESC LIMIT 1";
        let last = self.inner.readers.row("head of the chain", query(sql)).await?;
        let head = Head::of(last)?;
        self.inner.head.seen(head);
        Ok(head)
    }

    /// What the last entry of a kind says about an operation.
    pub async fn said(&self, kind: &str, operation: &OperationId) -> Result<Option<Value>, LedgerError> {
        let sql = "SELECT body FROM entries WHERE kind = $1 AND operation = $2 ORDER BY seq DESC LIMIT 1";
        let wanted = query(sql).bind(kind).bind(operation.as_str());
        let body: Option<(String,)> = self.inner.readers.row("entries", wanted).await?;
        let body: Option<Value> = body.map(|(body,)| record::read("ledger entry", &body)).transpose()?;
        Ok(body.and_then(|body| body.get("what").cloned()))
    }

    /// Whether a head that was given out, `seq/hash12`, belongs to the chain; nothing when it is not a head.
    pub async fn holds(&self, head: &str) -> Result<Option<bool>, LedgerError> {
        let parts = head.split_once('/').and_then(|(seq, hash)| Some((seq.parse::<i64>().ok()?, hash)));
        let Some((seq, hash)) = parts.filter(|(seq, hash)| *seq > 0 && hash.len() >= 12) else { return Ok(None) };
        let found = self.entries(seq.saturating_sub(1), 1).await?;
        Ok(Some(found.iter().any(|entry| entry.seq == seq && entry.hash.to_string().starts_with(hash))))
    }

    /// At most `limit` entries after number `after`, in order.
    pub async fn entries(&self, after: i64, limit: u32) -> Result<Vec<Entry>, LedgerError> {
        let sql = "SELECT seq, at, kind, operation, actor, body, prev, hash FROM entries WHERE seq > $1 ORDER BY seq LIMIT $2";
        let wanted = query(sql).bind(after).bind(i64::from(limit));
        let stored: Vec<Stored> = self.inner.readers.rows("entries", wanted).await?;
        stored.into_iter().map(Stored::read).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::canonical;

    #[test]
    fn the_hash_is_over_canonical_json() {
        let awkward: String =
            (0..0x300).filter_map(char::from_u32).chain("\u{2028}\u{feff}\u{1f600}\"\\/".chars()).collect();
        for operation in [None, Some(awkward.clone())] {
            let entry = Stored {
                actor: awkward.clone(),
                at: awkward.clone(),
                body: awkward.clone(),
                hash: "left out".to_owned(),
                kind: awkward.clone(),
                operation,
                prev: awkward.clone(),
                seq: 1_000_000,
            };
            let text = canonical::to_text("ledger entry", &entry).unwrap();
            assert_eq!(entry.expected_hash().unwrap(), Digest::of_domain("deployops/ledger/v1", text.as_bytes()));
        }
    }
}
