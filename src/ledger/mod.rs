//! What happened: plans, approvals, operations, journal, evidence, locks, in one append-only, hash-chained ledger.
//!
//! Everything that is stored as text is [`Redacted`](crate::redact::Redacted), plans excepted: they hold names only, and are
//! refused when they do not. Every change is one transaction with one entry of the chain; a write that fails leaves nothing, and
//! whoever wanted to change something outside must then leave it.

mod approvals;
mod catalogue;
mod chain;
mod change;
pub mod error;
mod evidence;
mod head;
mod instance;
mod journal;
mod locks;
mod operations;
mod plans;
mod reads;
mod record;
mod seal;
mod signals;
mod sqlite;
mod verify;

use std::{fmt, sync::Arc};

use sqlx::{SqliteConnection, SqlitePool};
use tokio::sync::Mutex;

pub use chain::{Entry, Head};
pub use error::LedgerError;
pub use instance::Instance;
pub use locks::{Busy, Lease};
pub use operations::Begun;
pub use plans::StoredPlan;
pub use signals::HumanDecision;
pub use verify::{Flaw, Verified};

use crate::redact::Redactor;

/// The ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    file: sqlite::File,
    /// Empty while a change is under way, and after one that failed.
    writer: Mutex<Option<SqliteConnection>>,
    readers: SqlitePool,
    redactor: Redactor,
    instance: Instance,
    head: head::LastHead,
    latest: head::Latest,
    reads: reads::Reads,
}

impl Ledger {
    /// Opens `sqlite:<path>`, creating and migrating it when needed. `instance` is this server process.
    ///
    /// The file gets mode 0600, and a directory that has to be created 0700. A file that is not a ledger is not touched.
    pub async fn open(url: &str, instance: Instance, redactor: Redactor) -> Result<Self, LedgerError> {
        let (file, connection) = sqlite::File::open(url).await?;
        let instance = Instance::new(redactor.text(instance.as_str()).into_inner());
        let inner = Inner {
            readers: file.readers(),
            file,
            writer: Mutex::new(Some(connection)),
            redactor,
            instance,
            head: head::LastHead::default(),
            latest: head::Latest::default(),
            reads: reads::Reads::default(),
        };
        let ledger = Self { inner: Arc::new(inner) };
        ledger.start_recording_reads();
        Ok(ledger)
    }

    /// Reads every page of the file once; the texts say what is damaged, and none says that nothing is.
    pub async fn quick_check(&self) -> Result<Vec<String>, LedgerError> {
        sqlite::quick_check(&self.inner.readers).await.map_err(LedgerError::read("pages"))
    }

    /// Records what is waiting and closes the file. Other clones cannot write any more without opening it anew.
    pub async fn close(&self) {
        self.flush().await;
        self.inner.readers.close().await;
        if let Some(connection) = self.inner.writer.lock().await.take() {
            sqlite::close(connection).await;
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("instance", &self.inner.instance).finish_non_exhaustive()
    }
}
