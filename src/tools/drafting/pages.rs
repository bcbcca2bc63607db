//! The pages that are looked at after a deployment.

use crate::domain::{
    inventory::Service,
    step::{CheckLighthouse, CheckVisual, Step},
};

/// The step that measures them, where the service says so.
pub(in crate::tools) fn measured(service: &Service) -> Option<Step> {
    let after = service.measured_after.as_ref()?;
    Some(Step::CheckLighthouse(CheckLighthouse { pages: after.pages.clone(), below: after.below }))
}

/// The step that compares their pictures, where the service says so.
pub(in crate::tools) fn shown(service: &Service) -> Option<Step> {
    let after = service.shown_after.as_ref()?;
    Some(Step::CheckVisual(CheckVisual { pages: after.pages.clone(), changed: after.changed }))
}
