//! End-to-end tests: whether a video of a failed one can be recorded.

use super::Finding;
use crate::{cli::wire, config::Config, domain::results::Format};

/// Looks for the recorder, where there are suites of Playwright.
pub(super) async fn check(config: &Config) -> Option<Finding> {
    let world = wire::world_of(config);
    let reader = world.reader();
    let mut suites = reader.inventory().services.values().flat_map(|service| &service.e2e);
    suites.find(|suite| suite.format == Format::Playwright)?;
    Some(match reader.video_recorder().await {
        Ok(program) => Finding::good("videos of tests", program.display().to_string()),
        // Everything else of a run is there without one.
        Err(error) => {
            Finding::weak("videos of tests", format!("{}; only Playwright's own would do", error.problem), error.fix)
        }
    })
}
