//! File system work away from the threads that serve requests.

use super::WorldError;
use crate::domain::refusal::Code;

/// Runs `work` on a thread that may block.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, WorldError> + Send + 'static,
) -> Result<T, WorldError> {
    tokio::task::spawn_blocking(work).await.unwrap_or_else(|error| {
        Err(WorldError::new(
            Code::WorldFailed,
            "finish work on files",
            "it ended unexpectedly",
            "Look at the server's log and report this as a defect.",
        )
        .because(error))
    })
}
