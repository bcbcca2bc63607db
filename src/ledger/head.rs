//! What the ledger remembers between calls: the last head it saw, and the latest moment it was told.

use std::{
    sync::{
        Mutex,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use tokio::time::Instant;

use super::chain::Head;
use crate::domain::time::Time;

/// How long a head counts as the present one. An older head is still true: it stands for what it covers.
const FRESH: Duration = Duration::from_millis(50);

/// The last head that was seen.
#[derive(Debug, Default)]
pub(super) struct LastHead(Mutex<Option<(Head, Instant)>>);

impl LastHead {
    /// The head, when it was seen just now.
    pub(super) fn fresh(&self) -> Option<Head> {
        let held = *self.0.lock().ok()?;
        held.filter(|(_, seen)| seen.elapsed() < FRESH).map(|(head, _)| head)
    }

    /// Whether a head that was seen lies beyond `head`, which is the present one: then entries are gone.
    pub(super) fn is_beyond(&self, head: Head) -> bool {
        let held = self.0.lock().ok().and_then(|held| *held);
        held.is_some_and(|(known, _)| known.seq > head.seq || (known.seq == head.seq && known.hash != head.hash))
    }

    /// Remembers a head. An older one, read while a newer one was written, changes nothing.
    pub(super) fn seen(&self, head: Head) {
        if let Ok(mut held) = self.0.lock()
            && held.is_none_or(|(known, _)| known.seq <= head.seq)
        {
            *held = Some((head, Instant::now()));
        }
    }
}

/// The latest moment that a caller named: the time of changes that come without one.
#[derive(Debug, Default)]
pub(super) struct Latest(AtomicI64);

impl Latest {
    /// `given`, remembered; or the latest that was.
    pub(super) fn at(&self, given: Option<Time>) -> Time {
        match given {
            Some(time) => {
                self.0.fetch_max(time.as_millis(), Ordering::Relaxed);
                time
            }
            None => Time::from_millis(self.0.load(Ordering::Relaxed)),
        }
    }
}
