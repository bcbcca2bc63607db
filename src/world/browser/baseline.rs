//! Pictures that the operator accepted: what pages should look like.

use std::{
    fs,
    path::{Path, PathBuf},
};

use serde::{Deserialize, Serialize};

use super::super::{Reader, WorldError, blocking::blocking};
use crate::domain::{
    digest::Digest,
    name::{EnvironmentName, PageName, ServiceName, ViewportName},
    refusal::Code,
    time::Time,
};

/// Whose picture it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct BaselineKey {
    /// The service.
    pub service: ServiceName,
    /// Where it runs.
    pub environment: EnvironmentName,
    /// The page.
    pub page: PageName,
    /// What it is shown on.
    pub viewport: ViewportName,
}

/// What is known of an accepted picture.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Baseline {
    /// Whose picture it is.
    #[serde(flatten)]
    pub key: BaselineKey,
    /// The digest of the PNG beside it.
    pub digest: Digest,
    /// Pixels.
    pub width: u32,
    /// Pixels.
    pub height: u32,
    /// The version that was live, when that was known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
    /// When (UTC).
    pub accepted_at: Time,
    /// By whom.
    pub accepted_by: String,
    /// What can be read on it: a difference shows traces of it, and a secret may become known later.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub text: String,
}

impl BaselineKey {
    /// Where one of its files lies: `png`, and `json` for what is known of it.
    pub fn file(&self, baselines: &Path, ending: &str) -> PathBuf {
        let Self { service, environment, page, viewport } = self;
        let directory = baselines.join(service.as_str()).join(environment.as_str()).join(page.as_str());
        directory.join(format!("{viewport}.{ending}"))
    }
}

impl Reader<'_> {
    /// What is known of every accepted picture, in the order of their keys. What cannot be read is left out.
    pub async fn baselines(&self) -> Result<Vec<Baseline>, WorldError> {
        let root = self.world.paths.baselines();
        blocking(move || {
            // Service, environment, page; below that the files.
            let mut places = vec![root];
            for _ in 0..3 {
                places = places.iter().flat_map(|place| inside(place)).collect();
            }
            let files = places.iter().flat_map(|place| inside(place));
            let manifests = files.filter(|file| file.extension().is_some_and(|ending| ending == "json"));
            let mut found: Vec<Baseline> =
                manifests.filter_map(|file| serde_json::from_slice(&fs::read(file).ok()?).ok()).collect();
            found.sort_by(|a, b| a.key.cmp(&b.key));
            Ok(found)
        })
        .await
    }

    /// The accepted picture with its file. `None` when there is none.
    pub(super) async fn baseline(&self, key: &BaselineKey) -> Result<Option<(Baseline, Vec<u8>)>, WorldError> {
        let root = self.world.paths.baselines();
        let [manifest, png] = ["json", "png"].map(|ending| key.file(&root, ending));
        blocking(move || {
            let read = |file| match fs::read(file) {
                Ok(bytes) => Ok(Some(bytes)),
                Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
                Err(error) => Err(WorldError::io("read the accepted picture", error)),
            };
            let Some(manifest) = read(manifest)? else { return Ok(None) };
            let png = read(png)?.unwrap_or_default();
            match serde_json::from_slice::<Baseline>(&manifest) {
                Ok(baseline) if baseline.digest == Digest::of(&png) => Ok(Some((baseline, png))),
                _ => Err(WorldError::new(
                    Code::WorldFailed,
                    "read the accepted picture",
                    "it is not the one that was accepted",
                    "Accept it anew: deploy-ops baseline accept.",
                )),
            }
        })
        .await
    }
}

/// What lies in a directory; nothing in what is none.
fn inside(directory: &Path) -> Vec<PathBuf> {
    fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path()).collect()
}
