//! Ending a script that runs, because its operation is cancelled.

use std::{path::Path, time::Duration};

use tokio::time::{Instant, sleep};

use super::{OVER, ScriptState, Site, fence_of, remote::Why, script_state, write_durably};
use crate::{
    domain::refusal::Code,
    policy::Permit,
    world::{World, WorldError},
};

/// How long the end is waited for: 10 s from `TERM` to `KILL`, and as long again for a machine that is busy.
const PATIENCE: Duration = Duration::from_secs(25);
/// How often it is looked for.
const LOOK: Duration = Duration::from_millis(50);

impl World {
    /// Ends a run that was started, with all its processes, first by `TERM` and 10 s later by `KILL`, and returns when nobody of it
    /// is left. One that has ended by itself keeps its outcome. Asking again does no harm. While the host cannot be reached it is
    /// asked again, without an end: whoever waits for the run sets the limit.
    ///
    /// # Errors
    /// When another server has taken over, and when it cannot be proven that all have ended: they may still run.
    pub async fn end_run(&self, permit: &Permit, site: &Site) -> Result<(), WorldError> {
        match self.reader().there(site)? {
            None => end_here(&site.directory, permit.fence()).await,
            Some(there) if Box::pin(there.end_when_reached(Why::Cancelled, permit.fence())).await? => Ok(()),
            Some(there) => Err(survives(&format!("end a script on host {}", there.name()))),
        }
    }
}

/// Tells the runner, which alone can do it without mistaking somebody for one of its processes.
async fn end_here(at: &Path, fence: i64) -> Result<(), WorldError> {
    let doing = "end a script";
    if fence_of(at) > fence {
        return Err(overtaken(doing));
    }
    if script_state(at) == ScriptState::Running {
        write_durably(&at.join(OVER), b"cancel")?;
    }
    let patience = Instant::now() + PATIENCE;
    while script_state(at) == ScriptState::Running {
        if Instant::now() > patience {
            return Err(survives(doing));
        }
        sleep(LOOK).await;
    }
    Ok(())
}

/// Another server goes on with the operation.
pub(super) fn overtaken(doing: impl Into<String>) -> WorldError {
    WorldError::new(
        Code::Locked,
        doing,
        "another server has taken over this operation",
        "Look at the operation with operation_status.",
    )
}

fn survives(doing: &str) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        doing,
        "it could not be seen that all its processes ended",
        "Look at the processes of its user; when none of the script is left, decide with `deploy-ops decide`.",
    )
}
