//! Releases in a target directory: `<root>/releases/<id>`, `<root>/shared`, and `<root>/current`, a link to the live one.

mod drift;
mod layout;
mod local;
mod opcache;
mod remote;

pub use opcache::{OpcacheState, Reset};

use std::{path::Path, time::Duration};

use futures::{FutureExt, future::BoxFuture};

use super::{
    Reader, World, WorldError,
    blocking::blocking,
    host::Place,
    space,
    ssh::{Remote, Role},
};
use crate::{
    domain::{
        digest::Digest,
        inventory::{RelativePath, Target},
        release::ReleaseId,
        step::{PlaceRelease, PruneReleases},
        time::Time,
    },
    policy::Permit,
};

/// How long a step waits for a host that cannot be reached before it fails. Everything that is done to releases may be done twice.
const PATIENCE: Duration = Duration::from_mins(3);

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
        let root = target.root.clone();
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => blocking(move || local::list(&root)).await,
            Place::There(host) => remote::list(&host, &root).boxed().await,
        }
    }

    /// Whether a placed release is as it was placed from that artifact.
    pub async fn release_state(
        &self,
        target: &Target,
        release: &ReleaseId,
        artifact: &Digest,
    ) -> Result<ReleaseState, WorldError> {
        let (root, release, artifact) = (target.root.clone(), release.clone(), *artifact);
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => blocking(move || local::state(&root, &release, &artifact)).await,
            Place::There(host) => remote::state(&host, &root, &release, &artifact).boxed().await,
        }
    }

    /// Refuses a target where placing and switching this artifact could not work: what a dry run has to find. Nothing is written.
    pub async fn check_release_target(
        &self,
        target: &Target,
        artifact: &Digest,
        shared: &[RelativePath],
    ) -> Result<(), WorldError> {
        let kept = self.world.paths.artifact(artifact);
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => {
                let space = space::here(&target.root).await?;
                let need = blocking(move || local::need(&kept)).await?;
                layout::check_room(format!("prepare {}", target.root.display()), &space, need)
            }
            Place::There(host) => remote::check_ready(&host, &target.root, &kept, artifact, shared).boxed().await,
        }
    }

    /// The fingerprint of the key that the target's host proves to hold; `None` for this machine. A target that another
    /// installation is changing now is refused.
    pub async fn host_key(&self, target: &Target) -> Result<Option<String>, WorldError> {
        match self.place(&target.host, Role::Deploy)? {
            Place::Here => Ok(None),
            Place::There(host) => {
                host.check_free(&target.root).await?;
                host.fingerprint().await.map(Some)
            }
        }
    }
}

impl World {
    /// The live release, also of a host that cannot be reached for a while.
    pub async fn live_release(&self, _: &Permit, target: &Target) -> Result<Option<ReleaseId>, WorldError> {
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => Ok(self.reader().releases(target).await?.current),
            Place::There(host) => host
                .patiently(PATIENCE, async || remote::list(&host, &target.root).await)
                .await
                .map(|found| found.current),
        }
    }

    /// Places a release from our artifact store. It appears whole or not at all; placing it again changes nothing.
    pub async fn place_release(
        &self,
        permit: &Permit,
        target: &Target,
        place: &PlaceRelease,
    ) -> Result<(), WorldError> {
        let root = target.root.clone();
        let artifact = self.paths.artifact(&place.artifact);
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let place = place.clone();
                blocking(move || local::place(&root, &artifact, &place)).await
            }
            Place::There(host) => {
                claimed(&host, &root, permit, || remote::place(&host, &root, &artifact, place).boxed()).await
            }
        }
    }

    /// Removes what an interrupted placing left behind.
    pub async fn discard_partial_release(
        &self,
        permit: &Permit,
        target: &Target,
        release: &ReleaseId,
    ) -> Result<(), WorldError> {
        let (root, release) = (target.root.clone(), release.clone());
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => blocking(move || local::discard_partial(&root, &release)).await,
            Place::There(host) => {
                claimed(&host, &root, permit, || remote::discard_partial(&host, &root, &release).boxed()).await
            }
        }
    }

    /// Makes a placed release the live one, or none, by one atomic rename.
    pub async fn switch_release(
        &self,
        permit: &Permit,
        target: &Target,
        to: Option<&ReleaseId>,
    ) -> Result<(), WorldError> {
        let (root, operation) = (target.root.clone(), permit.operation().to_string());
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let to = to.cloned();
                blocking(move || local::switch(&root, to.as_ref(), &operation)).await
            }
            Place::There(host) => {
                claimed(&host, &root, permit, || remote::switch(&host, &root, to, &operation).boxed()).await
            }
        }
    }

    /// Removes old releases, never the live one, never the protected one. Says which.
    pub async fn prune_releases(
        &self,
        permit: &Permit,
        target: &Target,
        prune: &PruneReleases,
    ) -> Result<Vec<ReleaseId>, WorldError> {
        let root = target.root.clone();
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => {
                let prune = prune.clone();
                blocking(move || local::prune(&root, &prune)).await
            }
            Place::There(host) => claimed(&host, &root, permit, || remote::prune(&host, &root, prune).boxed()).await,
        }
    }

    /// Gives back what the operation claimed on the target's host. Without a claim, and on this machine, nothing is done.
    pub async fn give_target_back(&self, permit: &Permit, target: &Target) -> Result<(), WorldError> {
        match self.reader().place(&target.host, Role::Deploy)? {
            Place::Here => Ok(()),
            Place::There(host) => host.give_back(&target.root, permit).await,
        }
    }
}

/// Does `act` while the operation holds the claim of `root`, again and again while the host cannot be reached.
async fn claimed<'a, T>(
    host: &'a Remote<'_>,
    root: &'a Path,
    permit: &'a Permit,
    act: impl Fn() -> BoxFuture<'a, Result<T, WorldError>>,
) -> Result<T, WorldError> {
    let once = || {
        let act = act();
        async move {
            host.claim(root, permit).await?;
            act.await
        }
    };
    host.patiently(PATIENCE, once).await
}

/// Where a release lies.
pub(crate) fn directory(root: &Path, release: &ReleaseId) -> std::path::PathBuf {
    root.join("releases").join(release.as_str())
}
