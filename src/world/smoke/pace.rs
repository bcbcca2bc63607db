//! How many checks are made at once: so many that one slow target holds nobody up, and so few that no machine is flooded.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex},
};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Questions over HTTP and to DNS servers.
const QUESTIONS: usize = 128;
/// Those of them that go to one address: many services are on one machine.
const TO_ADDRESS: usize = 32;
/// Logins and scripts.
const WORK: usize = 32;
/// So many addresses are remembered; with one more, those go that nobody is asking.
const KEPT: usize = 1024;

/// Turns for all checks of this process. Waiting for one is not part of a check's time.
#[derive(Debug)]
pub(in crate::world) struct Pace {
    questions: Arc<Semaphore>,
    work: Arc<Semaphore>,
    addresses: Mutex<HashMap<IpAddr, Arc<Semaphore>>>,
}

/// Somebody's turn, until it is dropped.
#[derive(Debug)]
pub(super) struct Turn(#[expect(dead_code, reason = "held until they are dropped")] Vec<OwnedSemaphorePermit>);

impl Default for Pace {
    fn default() -> Self {
        let of = |most| Arc::new(Semaphore::new(most));
        Self { questions: of(QUESTIONS), work: of(WORK), addresses: Mutex::default() }
    }
}

impl Pace {
    /// A turn to ask something at this address.
    pub(super) async fn question(&self, address: Option<IpAddr>) -> Turn {
        // Who waits for a crowded address keeps nobody else waiting.
        let address = address.and_then(|address| self.at(address));
        let here = async { Some(address?.acquire_owned().await) };
        let turns = [here.await, Some(self.questions.clone().acquire_owned().await)];
        Turn(turns.into_iter().flatten().filter_map(Result::ok).collect())
    }

    /// A turn to log in somewhere, or to run something.
    pub(super) async fn work(&self) -> Turn {
        Turn(self.work.clone().acquire_owned().await.into_iter().collect())
    }

    fn at(&self, address: IpAddr) -> Option<Arc<Semaphore>> {
        let mut addresses = self.addresses.lock().ok()?;
        if addresses.len() >= KEPT {
            addresses.retain(|_, turns| Arc::strong_count(turns) > 1);
        }
        Some(addresses.entry(address).or_insert_with(|| Arc::new(Semaphore::new(TO_ADDRESS))).clone())
    }
}

#[cfg(test)]
mod tests {
    use futures::FutureExt;

    use super::*;

    #[tokio::test]
    async fn a_crowded_address_holds_up_nobody_but_its_own() {
        let pace = Pace::default();
        let (crowded, other) = ("192.0.2.1".parse().ok(), "192.0.2.2".parse().ok());
        let mut turns = Vec::new();
        while let Some(turn) = pace.question(crowded).now_or_never() {
            turns.push(turn);
        }
        assert_eq!(turns.len(), TO_ADDRESS);
        assert!(pace.question(other).now_or_never().is_some());
        turns.pop();
        assert!(pace.question(crowded).now_or_never().is_some());
    }
}
