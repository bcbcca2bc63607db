//! One change: a transaction that ends with one entry of the chain, or leaves nothing.

use std::collections::BTreeMap;

use futures::TryStreamExt;
use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use sqlx::{SqliteConnection, query::Query, query::QueryAs};
use tokio::{sync::MutexGuard, time::timeout};

use super::{
    Ledger,
    chain::{Head, Stored},
    error::LedgerError,
    record::Record,
    seal::{Seal, Table},
    sqlite::{self, Db, PATIENCE},
};
use crate::domain::{canonical, digest::Digest, operation::OperationId, principal::Principal, time::Time};

/// What the entry of a change says. All texts are redacted when the entry is written.
#[derive(Debug)]
pub(super) struct Note<'a> {
    pub(super) kind: &'a str,
    pub(super) operation: Option<&'a OperationId>,
    pub(super) actor: &'a Principal,
    /// When; `None` when the caller could not say.
    pub(super) at: Option<Time>,
    pub(super) what: Value,
}

/// A change that has begun. Dropping it undoes it.
///
/// It takes the writing connection out of the ledger and puts it back only when its transaction has ended in order. After any
/// failure the connection is closed instead, and SQLite undoes what was open: no state of a failed write is carried into the next.
pub(super) struct Change<'l> {
    ledger: &'l Ledger,
    slot: MutexGuard<'l, Option<SqliteConnection>>,
    connection: SqliteConnection,
    what: &'static str,
    head: Head,
    /// The moment of the last entry.
    last: Option<String>,
}

impl Ledger {
    /// Begins to write `what`, waiting at most two seconds for other writers.
    pub(super) async fn change(&self, what: &'static str) -> Result<Change<'_>, LedgerError> {
        let begun = timeout(PATIENCE, async {
            let mut slot = self.inner.writer.lock().await;
            let mut connection = match slot.take() {
                Some(connection) => connection,
                None => self.inner.file.writer().await?,
            };
            sqlite::begin(&mut connection).await.map_err(LedgerError::write(what))?;
            Ok((slot, connection))
        });
        let (slot, mut connection) =
            begun.await.map_err(|_| LedgerError::Write { what, source: sqlx::Error::PoolTimedOut })??;
        let found: Option<(i64, String, String)> =
            sqlx::query_as("SELECT seq, hash, at FROM entries ORDER BY seq DESC LIMIT 1")
                .fetch_optional(&mut connection)
                .await
                .map_err(LedgerError::write(what))?;
        let (head, last) = match found {
            Some((seq, hash, at)) => (Head::of(Some((seq, hash)))?, Some(at)),
            None => (Head::EMPTY, None),
        };
        Ok(Change { ledger: self, slot, connection, what, head, last })
    }
}

impl Change<'_> {
    /// The number that the entry of this change will have: what the changed rows must carry as `entry`.
    pub(super) fn entry(&self) -> i64 {
        self.head.seq.saturating_add(1)
    }

    /// Changes rows; returns how many.
    pub(super) async fn run(
        &mut self,
        query: Query<'_, Db, <Db as sqlx::Database>::Arguments>,
    ) -> Result<u64, LedgerError> {
        let done = query.execute(&mut self.connection).await.map_err(LedgerError::write(self.what))?;
        Ok(done.rows_affected())
    }

    /// Reads a row inside the transaction.
    pub(super) async fn find<T>(
        &mut self,
        query: QueryAs<'_, Db, T, <Db as sqlx::Database>::Arguments>,
    ) -> Result<Option<T>, LedgerError>
    where
        T: for<'r> sqlx::FromRow<'r, <Db as sqlx::Database>::Row> + Send + Unpin,
    {
        query.fetch_optional(&mut self.connection).await.map_err(LedgerError::read(self.what))
    }

    /// The redactor, for what is stored outside a [`Record`](super::record::Record).
    pub(super) fn redact(&self, text: &str) -> String {
        self.ledger.inner.redactor.text(text).into_inner()
    }

    /// Redacts a value for storing.
    pub(super) fn record<T: Serialize + DeserializeOwned>(&self, value: &T) -> Result<Record<T>, LedgerError> {
        Record::of(self.what, &self.ledger.inner.redactor, value)
    }

    /// Makes the change durable without an entry: only for what no seal covers.
    pub(super) async fn settle(mut self) -> Result<(), LedgerError> {
        self.run(sqlx::query("COMMIT")).await?;
        *self.slot = Some(self.connection);
        Ok(())
    }

    /// Leaves everything as it was.
    pub(super) async fn abandon(mut self) -> Result<(), LedgerError> {
        sqlx::query("ROLLBACK").execute(&mut self.connection).await.map_err(LedgerError::write(self.what))?;
        *self.slot = Some(self.connection);
        Ok(())
    }

    /// Appends the entry, with the digests of the rows that it changed in `tables`, and makes everything durable.
    pub(super) async fn commit(mut self, tables: &[&Table], note: Note<'_>) -> Result<Head, LedgerError> {
        let what = self.what;
        let mut changed: BTreeMap<String, Digest> = BTreeMap::new();
        for table in tables {
            let mut rows =
                sqlx::query(table.of_entry).bind(self.head.seq.saturating_add(1)).fetch(&mut self.connection);
            while let Some(row) = rows.try_next().await.map_err(LedgerError::write(what))? {
                let seal = Seal::of(&row).map_err(LedgerError::write(what))?;
                changed.insert(seal.row, seal.digest);
            }
        }
        let inner = &self.ledger.inner;
        let mut body = json!({ "what": inner.redactor.json(note.what).into_inner() });
        if let (Some(body), false) = (body.as_object_mut(), changed.is_empty()) {
            body.insert("changed".to_owned(), json!(changed));
        }
        let mut entry = Stored {
            actor: inner.redactor.text(note.actor.as_str()).into_inner(),
            at: self.moment(note.at),
            body: canonical::to_text("ledger entry", &body).map_err(|_| LedgerError::Corrupt { what })?,
            hash: String::new(),
            kind: inner.redactor.text(note.kind).into_inner(),
            operation: note.operation.map(|id| inner.redactor.text(id.as_str()).into_inner()),
            prev: self.head.hash.to_string(),
            seq: self.entry(),
        };
        let hash = entry.expected_hash().map_err(|_| LedgerError::Corrupt { what })?;
        entry.hash = hash.to_string();
        let head = Head { seq: entry.seq, hash };
        self.run(
            sqlx::query(
                "INSERT INTO entries (seq, at, kind, operation, actor, body, prev, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8)",
            )
            .bind(entry.seq)
            .bind(entry.at)
            .bind(entry.kind)
            .bind(entry.operation)
            .bind(entry.actor)
            .bind(entry.body)
            .bind(entry.prev)
            .bind(entry.hash),
        )
        .await?;
        self.run(sqlx::query("COMMIT")).await?;
        inner.head.seen(head);
        *self.slot = Some(self.connection);
        Ok(head)
    }

    /// When the entry happened: as given, else the latest moment known here or in the chain.
    fn moment(&self, given: Option<Time>) -> String {
        let latest = self.ledger.inner.latest.at(given);
        let last = self.last.as_deref().and_then(|at| at.parse::<Time>().ok());
        given.unwrap_or_else(|| last.map_or(latest, |last| last.max(latest))).to_string()
    }
}
