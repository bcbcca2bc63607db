//! The browser and Lighthouse: whether they are there.

use super::Finding;
use crate::{cli::wire, config::Config};

/// Asks both for their versions, where there are pages.
pub(super) async fn check(config: &Config) -> Vec<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    if reader.inventory().services.values().all(|service| service.pages.is_empty()) {
        return Vec::new();
    }
    let mut findings = vec![match reader.chromium_version().await {
        Ok(version) => Finding::good("browser", version),
        // Everything else works without one.
        Err(error) => Finding::weak("browser", format!("{}; take_screenshot is refused", error.problem), error.fix),
    }];
    findings.extend(reader.lighthouse_version().await.map(|found| match found {
        Ok(version) => Finding::good("lighthouse", version),
        Err(error) => Finding::wrong("lighthouse", error.problem, error.fix),
    }));
    findings
}
