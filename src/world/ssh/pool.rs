//! The connections that are open, one per host and login.

use std::{
    collections::HashMap,
    fmt,
    sync::Arc,
    time::{Duration, Instant},
};

use parking::Slot;

use super::{Connection, Remote};
use crate::{domain::name::HostName, world::WorldError};

/// The longest pause after failures, s.
const LONGEST: u64 = 10;

/// As whom we talk to a host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(in crate::world) enum Role {
    /// As the one who deploys.
    Deploy,
    /// As the one who can only read.
    Rehearse,
    /// As the one who deploys, over a connection that nobody else uses: it is ended to see what the host does then.
    Canary,
}

/// The open connections.
#[derive(Default)]
pub(in crate::world) struct Pool {
    slots: std::sync::Mutex<HashMap<(HostName, Role), Arc<Slot>>>,
    pub(super) tunnels: super::tunnel::Tunnels,
}

impl fmt::Debug for Pool {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pool")
    }
}

impl Pool {
    /// The open connection of a host, or a new one. After a failure nobody tries again for a while that grows with each: a host
    /// that locks out who knocks too often is not knocked at, and the failure is told at once.
    pub(super) async fn connection(&self, remote: Remote<'_>) -> Result<Arc<Connection>, WorldError> {
        let slot = self.slot(remote);
        let mut state = slot.lock().await;
        if let Some(open) = state.open.as_ref().filter(|open| open.is_open()) {
            return Ok(open.clone());
        }
        state.open = None;
        if let Some(failure) = state.failure.as_ref().filter(|failure| Instant::now() < failure.until) {
            return Err(failure.error());
        }
        // A connection through another host needs that one first; the inventory has no circles.
        match Box::pin(Connection::open(remote)).await {
            Ok(connection) => {
                let connection = Arc::new(connection);
                (state.open, state.failure) = (Some(connection.clone()), None);
                Ok(connection)
            }
            Err(error) => {
                let count = state.failure.as_ref().map_or(0, |failure| failure.count) + 1;
                state.failure = Some(parking::Failure::new(&error, count, pause(count)));
                Err(error)
            }
        }
    }

    /// Ends the open connection of a host, if there is one.
    pub(super) async fn disconnect(&self, remote: Remote<'_>) {
        let open = self.slot(remote).lock().await.open.take();
        if let Some(connection) = open {
            connection.end().await;
        }
    }

    fn slot(&self, remote: Remote<'_>) -> Arc<Slot> {
        let mut slots = self.slots.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        slots.entry((remote.name.clone(), remote.role)).or_default().clone()
    }
}

/// How long nobody tries again after so many failures in a row.
fn pause(failures: u32) -> Duration {
    Duration::from_millis(2_u64.saturating_pow(failures.saturating_sub(1)).saturating_mul(250))
        .min(Duration::from_secs(LONGEST))
}

/// What is kept per host and login.
mod parking {
    use super::{Arc, Connection, Duration, Instant, WorldError};

    pub(super) type Slot = tokio::sync::Mutex<State>;

    #[derive(Default)]
    pub(super) struct State {
        pub(super) open: Option<Arc<Connection>>,
        pub(super) failure: Option<Failure>,
    }

    /// The last failure, told again until the pause is over.
    pub(super) struct Failure {
        pub(super) until: Instant,
        pub(super) count: u32,
        said: [String; 3],
        code: crate::domain::refusal::Code,
    }

    impl Failure {
        pub(super) fn new(error: &WorldError, count: u32, pause: Duration) -> Self {
            let said = [error.doing.clone(), error.problem.clone(), error.fix.clone()];
            Self { until: Instant::now() + pause, count, said, code: error.code }
        }
        pub(super) fn error(&self) -> WorldError {
            let [doing, problem, fix] = self.said.clone();
            WorldError::new(self.code, doing, problem, fix)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_pause_grows_and_ends_growing() {
        let pauses: Vec<u128> = (1..=8).map(|count| pause(count).as_millis()).collect();
        assert_eq!(pauses, [250, 500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
        assert_eq!(pause(u32::MAX), Duration::from_secs(LONGEST));
    }
}
