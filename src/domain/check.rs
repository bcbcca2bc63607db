//! What is looked at once a service answers: the steps that change nothing.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    lighthouse::Below,
    look::Changed,
    name::{MonitorName, PageName, SuiteName},
    version::Version,
};

/// Check the service from outside.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckSmoke {
    /// The version that is expected to answer, for the evidence.
    pub version: Version,
}

/// Run end-to-end tests against the service, unless it is known already that the deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckE2e {
    /// The suites, in their order.
    pub suites: Vec<SuiteName>,
    /// The commit from whose export they run.
    pub commit: String,
}

/// Measure pages of the service with Lighthouse, unless it is known already that the deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckLighthouse {
    /// The pages.
    pub pages: Vec<PageName>,
    /// What one does that misses what it has to reach.
    pub below: Below,
}

/// Compare pages of the service with what was accepted, unless it is known already that the deployment failed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckVisual {
    /// The pages.
    pub pages: Vec<PageName>,
    /// What one does that looks otherwise.
    pub changed: Changed,
}

/// Ask monitors whether anything is wrong with the service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct CheckMonitoring {
    /// The version that is live, for the evidence.
    pub version: Version,
    /// The monitors.
    pub monitors: Vec<MonitorName>,
    /// For how long they are watched, seconds.
    #[serde(default)]
    pub watch_s: u32,
}
