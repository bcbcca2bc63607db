//! Releases in a target directory: `<root>/releases/<id>`, `<root>/shared`, and `<root>/current`, a link to the live one.

mod drift;
mod local;

use std::path::Path;

use super::{Reader, World, WorldError, blocking::blocking, host};
use crate::{
    domain::{
        digest::Digest,
        inventory::Target,
        release::ReleaseId,
        step::{PlaceRelease, PruneReleases},
        time::Time,
    },
    policy::Permit,
};

/// The releases of a target.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Releases {
    /// The live one.
    pub current: Option<ReleaseId>,
    /// All complete ones, newest first.
    pub placed: Vec<PlacedRelease>,
}

/// A release directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlacedRelease {
    /// Its name.
    pub id: ReleaseId,
    /// When it was placed (UTC).
    pub placed_at: Time,
    /// The artifact it was placed from; absent when it was not placed by us.
    pub artifact: Option<Digest>,
}

/// What became of a placed release.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ReleaseState {
    /// Every file is as it was placed.
    Intact,
    /// Something in it was changed since.
    Changed,
    /// It is not there, or was not placed by us.
    Missing,
}

impl Reader<'_> {
    /// What is placed and what is live. A directory that is not laid out as we lay it out is refused with the fix.
    pub async fn releases(&self, target: &Target) -> Result<Releases, WorldError> {
        let root = host::local_root(self.inventory(), target)?.to_owned();
        blocking(move || local::list(&root)).await
    }

    /// Whether a placed release is as it was placed from that artifact.
    pub async fn release_state(
        &self,
        target: &Target,
        release: &ReleaseId,
        artifact: &Digest,
    ) -> Result<ReleaseState, WorldError> {
        let root = host::local_root(self.inventory(), target)?.to_owned();
        let (release, artifact) = (release.clone(), *artifact);
        blocking(move || local::state(&root, &release, &artifact)).await
    }
}

impl World {
    /// Places a release from our artifact store. It appears whole or not at all; placing it again changes nothing.
    pub async fn place_release(&self, _: &Permit, target: &Target, place: &PlaceRelease) -> Result<(), WorldError> {
        let root = host::local_root(&self.inventory, target)?.to_owned();
        let artifact = self.paths.artifact(&place.artifact);
        let place = place.clone();
        blocking(move || local::place(&root, &artifact, &place)).await
    }

    /// Removes what an interrupted placing left behind.
    pub async fn discard_partial_release(
        &self,
        _: &Permit,
        target: &Target,
        release: &ReleaseId,
    ) -> Result<(), WorldError> {
        let root = host::local_root(&self.inventory, target)?.to_owned();
        let release = release.clone();
        blocking(move || local::discard_partial(&root, &release)).await
    }

    /// Makes a placed release the live one, or none, by one atomic rename.
    pub async fn switch_release(
        &self,
        permit: &Permit,
        target: &Target,
        to: Option<&ReleaseId>,
    ) -> Result<(), WorldError> {
        let root = host::local_root(&self.inventory, target)?.to_owned();
        let (to, operation) = (to.cloned(), permit.operation().to_string());
        blocking(move || local::switch(&root, to.as_ref(), &operation)).await
    }

    /// Removes old releases, never the live one, never the protected one. Says which.
    pub async fn prune_releases(
        &self,
        _: &Permit,
        target: &Target,
        prune: &PruneReleases,
    ) -> Result<Vec<ReleaseId>, WorldError> {
        let root = host::local_root(&self.inventory, target)?.to_owned();
        let prune = prune.clone();
        blocking(move || local::prune(&root, &prune)).await
    }
}

/// Where a release lies.
pub(crate) fn directory(root: &Path, release: &ReleaseId) -> std::path::PathBuf {
    root.join("releases").join(release.as_str())
}
