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
mod location;
mod locks;
mod notices;
mod operations;
mod plans;
mod postgres;
mod reads;
mod record;
mod seal;
mod signals;
mod sql;
mod sqlite;
mod store;
mod telling;
mod verify;

use std::{fmt, sync::Arc};

use tokio::sync::Mutex;

pub use chain::{Entry, Head};
pub use error::{LedgerError, ServerTrouble};
pub use instance::Instance;
pub use location::{Location, Server, Tls};
pub use locks::{Busy, Lease, Loss};
pub use notices::{KeptNotice, Noticed, OwedNotice};
pub use operations::{Begun, Interrupted};
pub use plans::StoredPlan;
pub use signals::HumanDecision;
pub use telling::Telling;
pub use verify::{Flaw, Verified};

use crate::{domain::time::Time, redact::Redactor};

/// The ledger. Clones share it.
#[derive(Clone)]
pub struct Ledger {
    inner: Arc<Inner>,
}

struct Inner {
    store: store::Store,
    /// Empty while a change is under way, and after one that failed.
    writer: Mutex<Option<sql::Session>>,
    readers: sql::Readers,
    redactor: Redactor,
    instance: Instance,
    head: head::LastHead,
    latest: head::Latest,
    reads: reads::Reads,
}

impl Ledger {
    /// Opens a ledger, creating and migrating it when needed. `instance` is this server process.
    ///
    /// A file gets mode 0600, and a directory that has to be created 0700. A file or a schema that is not a ledger is not touched.
    pub async fn open(location: &Location, instance: Instance, redactor: Redactor) -> Result<Self, LedgerError> {
        let (store, session) = store::Store::open(location).await?;
        let instance = Instance::new(redactor.text(instance.as_str()).into_inner());
        let inner = Inner {
            readers: store.readers(),
            store,
            writer: Mutex::new(Some(session)),
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

    /// Looks at the store itself: reads every page of a file once, and the settings of a server. The texts say what is damaged
    /// or dangerous, and none says that nothing is.
    pub async fn quick_check(&self) -> Result<Vec<String>, LedgerError> {
        store::check(&self.inner.readers).await.map_err(LedgerError::read("pages"))
    }

    /// Whether servers on other machines may write here as well, so that an instance that is not of this machine may be alive.
    pub fn is_shared(&self) -> bool {
        self.inner.store.is_shared()
    }

    /// The present, for leases: by the clock of the server that holds the ledger, else as the caller says.
    pub async fn present(&self, own: Time) -> Result<Time, LedgerError> {
        store::present(&self.inner.readers, own).await.map_err(LedgerError::read("clock"))
    }

    /// Records what is waiting and closes the store. Other clones cannot write any more without opening it anew.
    pub async fn close(&self) {
        self.flush().await;
        self.inner.readers.close().await;
        if let Some(session) = self.inner.writer.lock().await.take() {
            session.close().await;
        }
    }
}

impl fmt::Debug for Ledger {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Ledger").field("instance", &self.inner.instance).finish_non_exhaustive()
    }
}
