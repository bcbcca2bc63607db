//! One change: a transaction that ends with one entry of the chain, or leaves nothing.

use std::{collections::BTreeMap, time::Duration};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{
    sync::MutexGuard,
    time::{Instant, sleep, timeout},
};

use super::{
    Ledger,
    chain::{Head, Stored},
    error::LedgerError,
    record::Record,
    seal::{Seal, Table},
    sql::{Query, Readable, Session, query},
    store::{self, Begun, PATIENCE},
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
/// It takes the writing session out of the ledger and puts it back only when its transaction has ended in order. After any
/// failure the session is closed instead, and the store undoes what was open: no state of a failed write is carried into the next.
pub(super) struct Change<'l> {
    ledger: &'l Ledger,
    slot: MutexGuard<'l, Option<Session>>,
    session: Session,
    what: &'static str,
    head: Head,
    /// The moment of the last entry.
    last: Option<String>,
    /// The present by the clock that all servers share, where it is not their own.
    shared_now: Option<Time>,
}

/// How long a commit that got no answer is looked for, while a server is started again.
const CONFIRM: Duration = Duration::from_secs(10);

impl Ledger {
    /// Begins to write `what`, waiting at most two seconds for other writers.
    pub(super) async fn change(&self, what: &'static str) -> Result<Change<'_>, LedgerError> {
        let begun = timeout(PATIENCE, async {
            let mut slot = self.inner.writer.lock().await;
            let (session, begun) = self.begin_on(slot.take(), what).await?;
            Ok((slot, session, begun))
        });
        let (slot, mut session, begun) =
            begun.await.map_err(|_| LedgerError::Write { what, source: sqlx::Error::PoolTimedOut })??;
        let newest = query("SELECT seq, hash, at FROM entries ORDER BY seq DESC LIMIT 1");
        let found: Option<(i64, String, String)> = session.find(newest).await.map_err(LedgerError::write(what))?;
        let (head, last) = match found {
            Some((seq, hash, at)) => (Head::of(Some((seq, hash)))?, Some(at)),
            None => (Head::EMPTY, None),
        };
        if self.inner.head.is_beyond(head) {
            return Err(LedgerError::Rewound);
        }
        Ok(Change { ledger: self, slot, session, what, head, last, shared_now: begun.now })
    }

    /// Begins a transaction on the session that was kept, or on a new one: a server that was started again has ended the other.
    async fn begin_on(&self, kept: Option<Session>, what: &'static str) -> Result<(Session, Begun), LedgerError> {
        if let Some(mut session) = kept {
            match store::begin(&mut session, what).await {
                Ok(begun) => return Ok((session, begun)),
                // Nothing had begun on it.
                Err(LedgerError::Write { source, .. }) if store::is_cut(&source) => {}
                Err(error) => return Err(error),
            }
        }
        let mut session = self.inner.store.writer().await?;
        let begun = store::begin(&mut session, what).await?;
        Ok((session, begun))
    }

    /// Whether the entry of a commit that got no answer is there. The answer is final: beginning waits for the end of whatever
    /// transaction is still under way.
    async fn was_committed(&self, head: Head, what: &'static str) -> Result<bool, LedgerError> {
        let begun = timeout(PATIENCE, self.begin_on(None, what)).await;
        let (mut session, _) = begun.map_err(|_| LedgerError::Write { what, source: sqlx::Error::PoolTimedOut })??;
        let entry = query("SELECT hash FROM entries WHERE seq = $1").bind(head.seq);
        let found: Option<(String,)> = session.find(entry).await.map_err(LedgerError::read(what))?;
        session.close().await;
        Ok(found.is_some_and(|(hash,)| hash == head.hash.to_string()))
    }
}

impl Change<'_> {
    /// The number that the entry of this change will have: what the changed rows must carry as `entry`.
    pub(super) fn entry(&self) -> i64 {
        self.head.seq.saturating_add(1)
    }

    /// The present, for leases: by the clock that all servers share, else as the caller says.
    pub(super) fn present(&self, own: Time) -> Time {
        self.shared_now.unwrap_or(own)
    }

    /// Changes rows; returns how many.
    pub(super) async fn run(&mut self, query: Query) -> Result<u64, LedgerError> {
        self.session.execute(query).await.map_err(LedgerError::write(self.what))
    }

    /// Reads a row inside the transaction.
    pub(super) async fn find<T: Readable>(&mut self, query: Query) -> Result<Option<T>, LedgerError> {
        self.session.find(query).await.map_err(LedgerError::read(self.what))
    }

    /// The redactor, for what is stored outside a [`Record`](super::record::Record).
    pub(super) fn redact(&self, text: &str) -> String {
        self.ledger.inner.redactor.text(text).into_inner()
    }

    /// Redacts a value for storing.
    pub(super) fn record<T: Serialize + DeserializeOwned>(&self, value: &T) -> Result<Record<T>, LedgerError> {
        Record::of(self.what, &self.ledger.inner.redactor, value)
    }

    /// The same for a value that tells something of tables in `maps`; see [`Record::with_tables`].
    pub(super) fn record_tables<T: Serialize + DeserializeOwned>(
        &self,
        value: &T,
        maps: &[&str],
    ) -> Result<Record<T>, LedgerError> {
        Record::with_tables(self.what, &self.ledger.inner.redactor, value, maps)
    }

    /// Makes the change durable without an entry: only for what no seal covers.
    pub(super) async fn settle(mut self) -> Result<(), LedgerError> {
        self.session.end("COMMIT").await.map_err(LedgerError::write(self.what))?;
        *self.slot = Some(self.session);
        Ok(())
    }

    /// Leaves everything as it was.
    pub(super) async fn abandon(mut self) -> Result<(), LedgerError> {
        self.session.end("ROLLBACK").await.map_err(LedgerError::write(self.what))?;
        *self.slot = Some(self.session);
        Ok(())
    }

    /// Appends the entry, with the digests of the rows that it changed in `tables`, and makes everything durable.
    pub(super) async fn commit(mut self, tables: &[&Table], note: Note<'_>) -> Result<Head, LedgerError> {
        let what = self.what;
        let mut changed: BTreeMap<String, Digest> = BTreeMap::new();
        for table in tables {
            let written = query(table.of_entry).bind(self.entry());
            for row in self.session.rows(written).await.map_err(LedgerError::write(what))? {
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
            query(
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
        match self.session.end("COMMIT").await {
            Ok(()) => *self.slot = Some(self.session),
            // The answer was lost, and perhaps nothing else.
            Err(source) if store::is_cut(&source) => {
                drop(self.session);
                let confirmed = retry(CONFIRM, || self.ledger.was_committed(head, what)).await;
                if !matches!(confirmed, Ok(true)) {
                    return Err(LedgerError::Write { what, source });
                }
            }
            Err(source) => return Err(LedgerError::Write { what, source }),
        }
        inner.head.seen(head);
        Ok(head)
    }

    /// When the entry happened: as given, else the latest moment known here or in the chain.
    fn moment(&self, given: Option<Time>) -> String {
        let latest = self.ledger.inner.latest.at(given);
        let last = self.last.as_deref().and_then(|at| at.parse::<Time>().ok());
        given.unwrap_or_else(|| last.map_or(latest, |last| last.max(latest))).to_string()
    }
}

/// Asks again until there is an answer, or `patience` is over.
async fn retry<T, F: Future<Output = Result<T, LedgerError>>>(
    patience: Duration,
    ask: impl Fn() -> F,
) -> Result<T, LedgerError> {
    let begun = Instant::now();
    loop {
        match ask().await {
            Err(_) if begun.elapsed() < patience => sleep(Duration::from_millis(100)).await,
            answer => return answer,
        }
    }
}
