//! Proves that the chain is whole and that the state is what the chain says.

use std::{collections::HashMap, fmt, future::ready};

use futures::TryStreamExt;
use serde::Deserialize;

use super::{
    Ledger,
    chain::{Head, Stored},
    error::LedgerError,
    seal::{Seal, TABLES},
    sql::{Session, query},
};
use crate::domain::digest::Digest;

/// A ledger that is as it was written. Entries may still be missing from its end: compare the head with one that was given out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// The head.
    pub head: Head,
}

/// What is wrong with an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Flaw {
    /// The entry is not there: its number is skipped.
    Gap,
    /// It does not continue the entry before it.
    Prev,
    /// Its contents do not have its hash.
    Hash,
    /// It cannot be read.
    Unreadable,
    /// A row of state that it wrote has been changed, or put back to an older one.
    RowChanged(String),
    /// A row of state that it wrote is gone.
    RowMissing(String),
    /// A row of state names it, but it did not write that row.
    RowForged(String),
}

impl fmt::Display for Flaw {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gap => f.write_str("it is missing"),
            Self::Prev => f.write_str("it does not continue the entry before it"),
            Self::Hash => f.write_str("its contents do not have its hash"),
            Self::Unreadable => f.write_str("it cannot be read"),
            Self::RowChanged(row) => write!(f, "the row {row} is not as it wrote it"),
            Self::RowMissing(row) => write!(f, "the row {row} that it wrote is gone"),
            Self::RowForged(row) => write!(f, "the row {row} names it, but it did not write that row"),
        }
    }
}

/// The rows of state, each with the entry that last wrote it and the digest it had then.
type Rows = HashMap<String, (i64, Digest)>;

#[derive(Deserialize)]
struct Body {
    #[serde(default)]
    changed: HashMap<String, Digest>,
}

impl Ledger {
    /// Reads the whole chain and the whole state, both as of one moment.
    ///
    /// # Errors
    /// [`LedgerError::Bad`] names the first bad entry.
    pub async fn verify(&self) -> Result<Verified, LedgerError> {
        let mut snapshot = self.inner.store.snapshot().await?;
        let mut rows = Rows::new();
        let head = chain(&mut snapshot, &mut rows).await?;
        state(&mut snapshot, rows).await?;
        snapshot.close().await;
        Ok(Verified { entries: head.seq.unsigned_abs(), head })
    }
}

async fn chain(session: &mut Session, rows: &mut Rows) -> Result<Head, LedgerError> {
    let mut head = Head::EMPTY;
    let sql = "SELECT seq, at, kind, operation, actor, body, prev, hash FROM entries ORDER BY seq";
    let mut stream = session.stream(query(sql)).and_then(|row| ready(row.read::<Stored>()));
    loop {
        let seq = head.seq.saturating_add(1);
        let entry = match stream.try_next().await {
            Ok(Some(entry)) => entry,
            Ok(None) => return Ok(head),
            Err(sqlx::Error::ColumnDecode { .. } | sqlx::Error::Decode(_)) => {
                return Err(LedgerError::Bad { seq, why: Flaw::Unreadable });
            }
            Err(source) => return Err(LedgerError::Read { what: "entries", source }),
        };
        head = link(head, entry, rows).map_err(|why| LedgerError::Bad { seq, why })?;
    }
}

/// Checks one entry against the head before it, and notes the rows it wrote.
fn link(head: Head, entry: Stored, rows: &mut Rows) -> Result<Head, Flaw> {
    if entry.seq != head.seq.saturating_add(1) {
        return Err(Flaw::Gap);
    }
    if entry.prev != head.hash.to_string() {
        return Err(Flaw::Prev);
    }
    let hash = entry.expected_hash().map_err(|_| Flaw::Unreadable)?;
    if entry.hash != hash.to_string() {
        return Err(Flaw::Hash);
    }
    let body: Body = serde_json::from_str(&entry.body).map_err(|_| Flaw::Unreadable)?;
    rows.extend(body.changed.into_iter().map(|(row, digest)| (row, (entry.seq, digest))));
    Ok(Head { seq: entry.seq, hash })
}

/// Checks every row of state against what the chain says of it.
async fn state(session: &mut Session, mut rows: Rows) -> Result<(), LedgerError> {
    let mut flaws: Vec<(i64, Flaw)> = Vec::new();
    for table in TABLES {
        let mut stream = session.stream(query(table.all));
        while let Some(row) = stream.try_next().await.map_err(LedgerError::read("state"))? {
            let Ok(seal) = Seal::of(&row) else { return Err(LedgerError::Corrupt { what: "row of state" }) };
            match rows.remove(&seal.row) {
                None => flaws.push((seal.entry, Flaw::RowForged(seal.row))),
                Some(written) if written == (seal.entry, seal.digest) => {}
                Some((entry, _)) => flaws.push((entry, Flaw::RowChanged(seal.row))),
            }
        }
    }
    flaws.extend(rows.into_iter().map(|(row, (entry, _))| (entry, Flaw::RowMissing(row))));
    match flaws.into_iter().min_by_key(|(entry, _)| *entry) {
        Some((seq, why)) => Err(LedgerError::Bad { seq, why }),
        None => Ok(()),
    }
}
