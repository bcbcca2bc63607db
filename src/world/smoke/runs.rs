//! What was found a short while ago, for who wants to see the rest of it.

use std::{
    collections::VecDeque,
    sync::{Arc, Mutex},
};

use super::{CheckResult, SmokeReport};
use crate::{
    domain::name::{EnvironmentName, ServiceName},
    world::Reader,
};

/// How many runs are kept.
const KEPT: usize = 4;

/// The checks of one call.
#[derive(Debug)]
pub struct SmokeRun {
    /// What tells it from others.
    pub id: u32,
    /// Each service where it runs, in the order of the answer.
    pub services: Vec<(ServiceName, EnvironmentName, SmokeReport)>,
    /// The mailboxes, in the order of the answer.
    pub mailboxes: Vec<CheckResult>,
    /// From the first check to the last answer, ms.
    pub duration_ms: u64,
}

/// The last runs.
#[derive(Debug, Default)]
pub(in crate::world) struct Runs(Mutex<VecDeque<Arc<SmokeRun>>>);

impl Reader<'_> {
    /// Keeps a run for a while, so that the rest of it can be shown.
    pub fn keep_smoke_run(&self, run: &Arc<SmokeRun>) {
        if let Ok(mut runs) = self.world.smoke_runs.0.lock() {
            runs.truncate(KEPT - 1);
            runs.push_front(run.clone());
        }
    }

    /// A run that was kept.
    pub fn smoke_run(&self, id: u32) -> Option<Arc<SmokeRun>> {
        self.world.smoke_runs.0.lock().ok()?.iter().find(|run| run.id == id).cloned()
    }
}
