//! Releases of a service in its target directory.

use std::{fmt, str::FromStr};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    digest::Digest,
    name::{EnvironmentName, InvalidName, ServiceName},
    operation::OperationId,
    time::Time,
    version::Version,
};

/// The name of a release directory: `<version>-<first 12 of the artifact digest>`, with `/` of the version as `_`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(try_from = "String", into = "String")]
#[schemars(with = "String")]
pub struct ReleaseId(String);

impl ReleaseId {
    /// The release of an artifact under a version.
    pub fn new(version: &Version, artifact: &Digest) -> Self {
        Self(format!("{}-{}", version.as_str().replace('/', "_"), artifact.short()))
    }
    /// The directory name.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for ReleaseId {
    type Err = InvalidName;
    fn from_str(text: &str) -> Result<Self, InvalidName> {
        let ok = (1..=160).contains(&text.len())
            && text.bytes().next().is_some_and(|b| b.is_ascii_alphanumeric())
            && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'-' | b'_' | b'+'))
            && !text.contains("..");
        if ok {
            Ok(Self(text.to_owned()))
        } else {
            Err(InvalidName { kind: "release id", rule: "use the id that list_services shows" })
        }
    }
}

impl TryFrom<String> for ReleaseId {
    type Error = InvalidName;
    fn try_from(text: String) -> Result<Self, InvalidName> {
        text.parse()
    }
}

impl From<ReleaseId> for String {
    fn from(id: ReleaseId) -> String {
        id.0
    }
}

impl fmt::Display for ReleaseId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What became of a version that was deployed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum DeploymentState {
    /// Serving now.
    Live,
    /// Was live and healthy until another version replaced it: a place to go back to.
    Replaced,
    /// Was rolled back; it is refused from then on.
    RolledBack,
}

/// One version of one service that reached an environment, from the ledger.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
pub struct Deployment {
    /// The service.
    pub service: ServiceName,
    /// Where.
    pub environment: EnvironmentName,
    /// The version as it was named.
    pub version: Version,
    /// The commit.
    pub commit: String,
    /// The release directory, for deployments of kind `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub release: Option<ReleaseId>,
    /// The artifact's digest, for deployments of kind `release`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub artifact: Option<Digest>,
    /// The operation that brought it.
    pub operation: OperationId,
    /// When it went live (UTC).
    pub at: Time,
    /// What became of it.
    pub state: DeploymentState,
}
