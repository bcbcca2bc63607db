//! Artifacts: what is released, built from a clean export or fetched from GitHub, and kept by the digest of its tree.

mod fetch;
mod unpack;

use std::{
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use super::{
    Reader, WorldError,
    blocking::blocking,
    git::beside,
    process::{self, Captured, Invocation},
    ssh::RemoteTree,
    tree,
};
use crate::domain::{
    digest::Digest,
    inventory::{ReleaseDeploy, Service},
    refusal::Code,
    version::Revision,
};

/// An artifact in our store.
#[derive(Debug, Clone, PartialEq)]
pub struct Artifact {
    /// The digest of its tree: names, types, permissions, contents.
    pub digest: Digest,
    /// How many files it has.
    pub files: u64,
    /// Their size, bytes.
    pub bytes: u64,
    /// How long the build command took, ms; absent when there is none.
    pub build_ms: Option<u64>,
    /// What the build command wrote; others wrote it.
    pub output: Option<Captured>,
}

/// Whether an artifact is there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ArtifactState {
    /// It is there and has its digest.
    Intact,
    /// It is there and was changed.
    Damaged,
    /// It is not there.
    Missing,
}

impl Reader<'_> {
    /// Exports a commit, builds it when the service says how, and keeps the artifact. The build gets no secret.
    pub async fn build_artifact(
        &self,
        service: &Service,
        deploy: &ReleaseDeploy,
        revision: &Revision,
    ) -> Result<Artifact, WorldError> {
        let scratch = self.scratch("build-")?;
        let export = scratch.path().join("export");
        self.export_to(service, &revision.commit, Some(&revision.tree), &export).await?;
        let (mut build_ms, mut output) = (None, None);
        if let Some(build) = &deploy.build {
            let timeout = Duration::from_secs(u64::from(build.timeout_s));
            let finished = process::run(Invocation::of(&build.command, &export, timeout)?).await?;
            if !finished.ending.is_success() {
                return Err(WorldError::new(
                    Code::WorldFailed,
                    "build the artifact",
                    format!("the build command ended by {}", finished.ending.describe()),
                    "Run the build command in a clean checkout of the commit and correct it.",
                )
                .because(finished.output.last(4096)));
            }
            (build_ms, output) = (Some(finished.duration_ms), Some(finished.output));
        }
        let built = deploy.artifact.as_ref().map_or_else(|| export.clone(), |path| path.below(&export));
        let store = self.world.paths.data.join("artifacts");
        let (digest, files, bytes) = blocking(move || keep(&built, &store)).await?;
        Ok(Artifact { digest, files, bytes, build_ms, output })
    }

    /// Whether an artifact is in our store, read to its last byte.
    pub async fn artifact_state(&self, digest: &Digest) -> Result<ArtifactState, WorldError> {
        let (directory, wanted) = (self.world.paths.artifact(digest), *digest);
        blocking(move || {
            if !directory.is_dir() {
                return Ok(ArtifactState::Missing);
            }
            Ok(if tree::digest(&directory)? == wanted { ArtifactState::Intact } else { ArtifactState::Damaged })
        })
        .await
    }
}

/// Moves a built tree into the store under its digest. It appears there whole or not at all.
fn keep(built: &Path, store: &Path) -> Result<(Digest, u64, u64), WorldError> {
    let io = |e| WorldError::io("keep the artifact", e);
    let is_directory = fs::symlink_metadata(built).is_ok_and(|m| m.is_dir());
    if !is_directory {
        return Err(WorldError::new(
            Code::WorldFailed,
            "keep the artifact",
            "the artifact directory is not there after the build, or not in what was fetched",
            "Correct artifact, build or fetch of the service in deploy-ops.toml.",
        ));
    }
    tree::refuse_escaping_links(built)?;
    let (mut files, mut bytes) = (0, 0);
    for node in tree::walk(built, &|_| true)? {
        if node.kind == tree::Kind::Other {
            return Err(refused(&node.path, "it is neither file, directory nor link"));
        }
        if node.mode & 0o002 != 0 && !matches!(node.kind, tree::Kind::Link { .. }) {
            return Err(refused(&node.path, "everybody may write it"));
        }
        if let tree::Kind::File { size } = node.kind {
            files += 1;
            bytes += size;
        }
    }
    let tree = RemoteTree::here(built)?;
    let digest = tree.digest();
    fs::create_dir_all(store).map_err(io)?;
    let place = store.join(digest.to_string());
    fs::write(record_of(&place), tree.to_record()?).map_err(io)?;
    if place.is_dir() {
        if tree::digest(&place)? == digest {
            return Ok((digest, files, bytes));
        }
        // Damaged since it was stored: what was just built is the same thing, whole.
        fs::remove_dir_all(&place).map_err(io)?;
    }
    match fs::rename(built, &place) {
        // Somebody stored the same artifact meanwhile.
        Err(_) if place.is_dir() => {}
        other => other.map_err(io)?,
    }
    tree::sync_directory(store)?;
    Ok((digest, files, bytes))
}

/// Where it is written down what an artifact holds.
fn record_of(artifact: &Path) -> PathBuf {
    beside(artifact, ".files")
}

/// What the artifact with this digest holds, as it was written down when it was kept: a record that has the digest is true, whatever
/// became of the files since. Without one they are read; `None` when they are not that artifact any more.
pub(in crate::world) fn content(artifact: &Path, digest: &Digest) -> Result<Option<RemoteTree>, WorldError> {
    let recorded = fs::read(record_of(artifact)).ok().and_then(|record| RemoteTree::from_record(&record));
    match recorded.filter(|tree| tree.digest() == *digest) {
        Some(tree) => Ok(Some(tree)),
        None => Ok(Some(RemoteTree::here(artifact)?).filter(|tree| tree.digest() == *digest)),
    }
}

fn refused(path: &Path, why: &str) -> WorldError {
    WorldError::new(
        Code::PathRefused,
        format!("accept {} into the artifact", path.display()),
        why,
        "Correct the permissions or the kind of the file in the build, for example chmod o-w.",
    )
}
