//! Which files of a release were changed since it was placed, named.

use std::{collections::BTreeMap, path::PathBuf};

use futures::FutureExt;

use super::{directory, remote};
use crate::{
    domain::{digest::Digest, inventory::Target, release::ReleaseId},
    world::{
        Reader, WorldError,
        blocking::blocking,
        host::Place,
        ssh::Role,
        tree::{self, Kind},
    },
};

impl Reader<'_> {
    /// The files of a release that are not as in the artifact it was placed from, by path; links to what is shared are passed over. Empty
    /// when the artifact is not kept any more, or on a host over SSH the record of the release is gone.
    pub async fn changed_in_release(
        &self,
        target: &Target,
        release: &ReleaseId,
        artifact: &Digest,
    ) -> Result<Vec<PathBuf>, WorldError> {
        if let Place::There(host) = self.place(&target.host, Role::Deploy)? {
            return remote::changed(&host, &target.root, release).boxed().await;
        }
        let place = directory(&target.root, release);
        let kept = self.world.paths.artifact(artifact);
        blocking(move || {
            if !kept.is_dir() {
                return Ok(Vec::new());
            }
            let files = |root: &PathBuf| -> Result<BTreeMap<PathBuf, String>, WorldError> {
                let nodes =
                    tree::walk(root, &|_| true)?.into_iter().filter(|node| matches!(node.kind, Kind::File { .. }));
                nodes.map(|node| Ok((node.path.clone(), tree::describe(root, &node)?))).collect()
            };
            let (wanted, found) = (files(&kept)?, files(&place)?);
            let gone_or_other = wanted
                .iter()
                .filter(|(path, what)| found.get(*path).map_or(!reaches_shared(&place, path), |other| other != *what));
            let new = found.iter().filter(|(path, _)| !wanted.contains_key(*path));
            let mut changed: Vec<PathBuf> = gone_or_other.chain(new).map(|(path, _)| path.clone()).collect();
            changed.sort();
            Ok(changed)
        })
        .await
    }
}

/// Whether a path, or a directory above it, is a link: then it leads to what is shared.
fn reaches_shared(release: &std::path::Path, path: &std::path::Path) -> bool {
    path.ancestors().any(|part| !part.as_os_str().is_empty() && release.join(part).is_symlink())
}
