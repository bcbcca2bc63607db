//! Ending a script on a host before its time.

use std::time::Duration;

use super::There;
use crate::world::{
    WorldError,
    detached::end::overtaken,
    ssh::{Command, is_transient},
};

const END: &str = concat!(include_str!("process.sh"), include_str!("end.sh"));
/// The pause before a host that could not be reached is asked again.
const PAUSE: Duration = Duration::from_secs(1);

/// Why a script is ended.
#[derive(Debug, Clone, Copy)]
pub(in crate::world::detached) enum Why {
    /// Its time is over, and its runner has not ended it.
    TimeLimit,
    /// Its operation is cancelled.
    Cancelled,
}

impl There<'_> {
    /// Ends all processes of the run. Says whether none is left. A server whose fence is lower than one that was seen there ends nothing.
    pub(super) async fn end(&self, why: Why, fence: i64) -> Result<bool, WorldError> {
        let doing = "end a script";
        let why = match why {
            Why::TimeLimit => "timeout",
            Why::Cancelled => "cancel",
        };
        let command = Command::sh(END).arg(&self.directory).arg(why).arg(fence.to_string());
        let command = command.within(Duration::from_mins(1)).at_most(64);
        match self.remote.text(doing, command).await?.as_str() {
            "ended" => Ok(true),
            "stale" => Err(overtaken(format!("{doing} on host {}", self.name()))),
            _ => Ok(false),
        }
    }

    /// The same, asked again and again while the host cannot be reached.
    pub(in crate::world::detached) async fn end_when_reached(&self, why: Why, fence: i64) -> Result<bool, WorldError> {
        loop {
            match self.end(why, fence).await {
                Err(error) if is_transient(&error) => tokio::time::sleep(PAUSE).await,
                other => return other,
            }
        }
    }
}
