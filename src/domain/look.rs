//! What was seen of the pages of a service, as it is kept: its record has a digest, and names its pictures by theirs.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::{
    canonical::{self, NotCanonical},
    digest::Digest,
    evidence::Outcome,
    name::{EnvironmentName, PageName, ServiceName, ViewportName},
    time::Time,
};

/// What a page that does not look as it was accepted does to a deployment.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Changed {
    /// Nothing: it is told, and shown in the report.
    Tell,
    /// The deployment has failed.
    Fail,
}

/// A look at pages of a service.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Look {
    /// The service.
    pub service: ServiceName,
    /// Where.
    pub environment: EnvironmentName,
    /// When (UTC).
    pub seen_at: Time,
    /// The pages, in the order that was asked for.
    pub pages: Vec<SeenPage>,
}

/// One page in one viewport.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeenPage {
    /// The page.
    pub page: PageName,
    /// What it was shown on.
    pub viewport: ViewportName,
    /// `Pass` only when it is there and looks as it was accepted.
    pub outcome: Outcome,
    /// One sentence.
    pub found: String,
    /// How much differs from the accepted picture, thousandths of the pixels; absent without one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub changed_permille: Option<u32>,
    /// How much may, thousandths of the pixels.
    pub threshold_permille: u32,
    /// What was accepted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub accepted: Option<KeptPicture>,
    /// What it looks like; absent when there is no picture, or when it would show a secret.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub now: Option<KeptPicture>,
    /// What differs, in red.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub difference: Option<KeptPicture>,
}

/// A picture that is kept, maybe smaller than it was.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct KeptPicture {
    /// The digest of its PNG.
    pub digest: Digest,
    /// The size of the PNG, bytes.
    pub bytes: u64,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
}

impl Look {
    /// The record, as it is kept.
    ///
    /// # Errors
    /// When a number in it has no canonical form.
    pub fn record(&self) -> Result<String, NotCanonical> {
        canonical::to_text("look", self)
    }

    /// Whether this is the look whose record has that digest.
    pub fn is(&self, digest: &Digest) -> bool {
        self.record().is_ok_and(|record| Digest::of(record.as_bytes()) == *digest)
    }

    /// All its pictures.
    pub fn pictures(&self) -> impl Iterator<Item = &KeptPicture> {
        self.pages.iter().flat_map(SeenPage::pictures).map(|(_, picture)| picture)
    }
}

impl SeenPage {
    /// Its pictures, with what they show.
    pub fn pictures(&self) -> impl Iterator<Item = (&'static str, &KeptPicture)> {
        [("accepted", &self.accepted), ("now", &self.now), ("difference", &self.difference)]
            .into_iter()
            .filter_map(|(what, picture)| Some((what, picture.as_ref()?)))
    }
}
