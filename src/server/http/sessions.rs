//! Whose session is whose. Knowing a session's id is not being its owner.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use rmcp::transport::streamable_http_server::session::local::LocalSessionManager;

use crate::domain::principal::Principal;

/// The owners of the Streamable HTTP sessions (revisions before 2026-07-28; later ones have none).
#[derive(Debug)]
pub struct Sessions {
    owners: Mutex<HashMap<String, Principal>>,
    manager: Arc<LocalSessionManager>,
}

impl Sessions {
    /// The owners of this manager's sessions.
    pub fn new(manager: Arc<LocalSessionManager>) -> Self {
        Self { owners: Mutex::default(), manager }
    }

    /// Whether the session is one of this principal's.
    pub fn owns(&self, principal: &Principal, session: &str) -> bool {
        self.lock().get(session) == Some(principal)
    }

    /// Whether there may be one more. Sessions that have ended since are forgotten first.
    pub async fn has_room(&self, most: usize) -> bool {
        if self.lock().len() < most {
            return true;
        }
        let open = self.manager.sessions.read().await;
        let mut owners = self.lock();
        owners.retain(|session, _| open.contains_key(session.as_str()));
        owners.len() < most
    }

    /// A session has begun.
    pub fn begin(&self, session: &str, principal: Principal) {
        self.lock().insert(session.to_owned(), principal);
    }

    /// A session has ended.
    pub fn end(&self, session: &str) {
        self.lock().remove(session);
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, HashMap<String, Principal>> {
        self.owners.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
