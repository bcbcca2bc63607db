//! The operations that this process is running now.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use tokio::sync::{broadcast, watch};

use crate::domain::operation::{OperationId, OperationState};

/// One running operation, for those who wait for it.
#[derive(Debug, Clone)]
pub(super) struct Live {
    state: Arc<watch::Sender<OperationState>>,
    progress: broadcast::Sender<String>,
}

impl Live {
    /// Tells those who wait how it stands.
    pub(super) fn set(&self, state: OperationState) {
        self.state.send_replace(state);
    }
    /// Tells those who wait what it does. Never blocks; slow listeners miss lines.
    pub(super) fn say(&self, line: String) {
        // Nobody listening is the normal case.
        let _ = self.progress.send(line);
    }
    /// What it says from now on.
    pub(super) fn listen(&self) -> broadcast::Receiver<String> {
        self.progress.subscribe()
    }
    /// Waits until its steps are no longer running, or until the time is over.
    pub(super) async fn stopped(&self, limit: Duration) {
        let mut state = self.state.subscribe();
        let _ = tokio::time::timeout(limit, state.wait_for(|s| *s != OperationState::Running)).await;
    }
    /// Waits until it is no longer running (it ended, or a human has to decide), or until the time is over.
    pub(super) async fn settled(&self, limit: Duration) {
        let mut state = self.state.subscribe();
        let running = |s: &OperationState| matches!(s, OperationState::Running | OperationState::RollingBack);
        let _ = tokio::time::timeout(limit, state.wait_for(|s| !running(s))).await;
    }
}

/// All of them.
#[derive(Debug)]
pub(super) struct LiveOperations {
    all: Mutex<HashMap<OperationId, Live>>,
    count: watch::Sender<usize>,
    /// Masked known secrets per session.
    masked: Mutex<HashMap<String, u64>>,
}

impl Default for LiveOperations {
    fn default() -> Self {
        Self { all: Mutex::default(), count: watch::channel(0).0, masked: Mutex::default() }
    }
}

impl LiveOperations {
    /// Registers an operation. The last thing it does is [`LiveOperations::remove`].
    pub(super) fn add(&self, id: &OperationId, state: OperationState) -> Live {
        let live = Live { state: Arc::new(watch::channel(state).0), progress: broadcast::channel(256).0 };
        self.all.lock().unwrap_or_else(PoisonError::into_inner).insert(id.clone(), live.clone());
        self.count.send_modify(|count| *count += 1);
        live
    }
    /// The operation, when this process runs it.
    pub(super) fn get(&self, id: &OperationId) -> Option<Live> {
        self.all.lock().unwrap_or_else(PoisonError::into_inner).get(id).cloned()
    }
    /// Forgets an operation that has ended.
    pub(super) fn remove(&self, id: &OperationId) {
        if self.all.lock().unwrap_or_else(PoisonError::into_inner).remove(id).is_some() {
            self.count.send_modify(|count| *count = count.saturating_sub(1));
        }
    }
    /// Waits until there is none.
    pub(super) async fn drained(&self) {
        // The sender lives as long as `self`, so waiting cannot fail.
        let _ = self.count.subscribe().wait_for(|count| *count == 0).await;
    }
    /// How many known secrets were masked in replies to that session.
    pub(super) fn masked(&self, session: &str) -> u64 {
        self.masked.lock().unwrap_or_else(PoisonError::into_inner).get(session).copied().unwrap_or(0)
    }
    /// Counts masked secrets.
    pub(super) fn add_masked(&self, session: &str, count: u64) {
        if count > 0 {
            *self.masked.lock().unwrap_or_else(PoisonError::into_inner).entry(session.to_owned()).or_default() += count;
        }
    }
}
