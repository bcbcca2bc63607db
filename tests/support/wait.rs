//! Waiting for a condition.

use std::time::Duration;

use tokio::time::{Instant, sleep};

/// Looks until there is something. Fails after a minute.
pub(crate) async fn until<T>(look: impl Fn() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        sleep(Duration::from_millis(10)).await;
    }
}

/// The same for a look that has to be waited for itself.
pub(crate) async fn until_async<T>(look: impl AsyncFn() -> Option<T>) -> T {
    let end = Instant::now() + Duration::from_mins(1);
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < end, "it never came");
        sleep(Duration::from_millis(10)).await;
    }
}
