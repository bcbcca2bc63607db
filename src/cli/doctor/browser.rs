//! The browser and Lighthouse: whether they are there, and whether there is something to compare pages with.

use std::collections::BTreeSet;

use super::Finding;
use crate::{
    cli::wire,
    config::Config,
    world::{Reader, browser::BaselineKey},
};

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
    findings.extend(unaccepted(reader).await);
    findings
}

/// The services whose deployments compare pages that nobody has accepted.
async fn unaccepted(reader: Reader<'_>) -> Vec<Finding> {
    let accepted: BTreeSet<BaselineKey> =
        reader.baselines().await.unwrap_or_default().into_iter().map(|baseline| baseline.key).collect();
    let mut findings = Vec::new();
    for service in reader.inventory().services.values() {
        let Some(after) = &service.shown_after else { continue };
        let pages = service.pages.iter().filter(|page| after.pages.contains(&page.name));
        let views = pages.flat_map(|page| page.viewports.iter().map(move |viewport| (page, viewport)));
        let wanted = views.flat_map(|(page, viewport)| {
            service.targets.keys().map(move |environment| BaselineKey {
                service: service.name.clone(),
                environment: environment.clone(),
                page: page.name.clone(),
                viewport: viewport.clone(),
            })
        });
        let (there, missing): (Vec<_>, Vec<_>) = wanted.partition(|key| accepted.contains(key));
        if !missing.is_empty() {
            let all = there.len() + missing.len();
            findings.push(Finding::weak(
                format!("pages of {}", service.name),
                format!(
                    "{} of {all} pictures are not accepted, so there is nothing to compare them with",
                    missing.len()
                ),
                format!("deploy-ops baseline accept {}", service.name),
            ));
        }
    }
    findings
}
