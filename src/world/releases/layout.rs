//! How a target's directory is laid out, and what follows from that wherever it lies.

use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Releases;
use crate::{
    domain::{
        digest::Digest,
        inventory::RelativePath,
        refusal::Code,
        release::ReleaseId,
        space::{Need, Space},
        step::PruneReleases,
    },
    world::WorldError,
};

/// What is remembered of a placed release, in `<root>/releases/.<id>.json`.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Manifest {
    pub(super) artifact: Digest,
    /// The tree as it was placed, with its links to `shared`.
    pub(super) tree: Digest,
}

/// What must be a directory when it is there.
pub(super) const DIRECTORIES: [&str; 2] = ["releases", "shared"];

pub(super) const LOOK: &str = "look at the target directory";

pub(super) const FIND_LIVE: &str = "find the live release";

pub(super) fn manifest_path(root: &Path, release: &ReleaseId) -> PathBuf {
    root.join("releases").join(format!(".{release}.json"))
}

/// The release that a directory's name says; nothing for what is not whole or not ours.
pub(super) fn release_name(name: &str) -> Option<ReleaseId> {
    let ours = !name.ends_with(".partial") && !name.ends_with(".removing");
    name.parse().ok().filter(|_| ours)
}

/// Newest first.
pub(super) fn sort(releases: &mut Releases) {
    releases.placed.sort_by(|a, b| b.placed_at.cmp(&a.placed_at).then_with(|| b.id.cmp(&a.id)));
}

/// The release that the link `current` leads to.
pub(super) fn live(root: &Path, target: &Path) -> Result<ReleaseId, WorldError> {
    let below = target.strip_prefix(root).unwrap_or(target);
    let mut parts = below.components().filter_map(|part| part.as_os_str().to_str());
    match (parts.next(), parts.next().and_then(release_name), parts.next()) {
        (Some("releases"), Some(id), None) => Ok(id),
        _ => Err(wrong(
            FIND_LIVE,
            "current leads to something that is not a release",
            "Make it a link to releases/<name>, or remove it when nothing is live.",
        )),
    }
}

/// Where the link `current` leads when a release is live.
pub(super) fn link_to(release: &ReleaseId) -> PathBuf {
    Path::new("releases").join(release.as_str())
}

/// Where the link of a shared path leads, from its directory up to the release, to `releases`, to the root.
pub(super) fn link_to_shared(path: &RelativePath) -> PathBuf {
    let up = path.as_path().components().count() + 1;
    std::iter::repeat_n("..", up).collect::<PathBuf>().join("shared").join(path.as_path())
}

/// Whether a shared path that nobody has brought is made as a directory. A name without a dot is taken for one; a file is for the
/// operator to put there.
pub(super) fn is_directory_by_name(path: &RelativePath) -> bool {
    !path.file_name().contains('.')
}

/// The releases that are removed: all old ones but the newest few, the live one and the protected one.
pub(super) fn dispensable(releases: Releases, prune: &PruneReleases) -> impl Iterator<Item = ReleaseId> {
    let Releases { current, placed } = releases;
    let protect = prune.protect.clone();
    let old = placed.into_iter().map(|release| release.id).filter(move |id| {
        // Without a live release nothing is known to be dispensable.
        current.is_some() && Some(id) != current.as_ref() && Some(id) != protect.as_ref()
    });
    old.skip(usize::try_from(prune.keep).unwrap_or(usize::MAX))
}

/// Refuses a release that would not fit.
pub(super) fn check_room(doing: impl Into<String>, space: &Space, mut need: Need) -> Result<(), WorldError> {
    // What we remember of it lies beside it: its manifest, and on hosts its record.
    need.add(1);
    need.add(1);
    let Some(lacks) = space.lacks(need) else { return Ok(()) };
    let fix = "Free space on the host (old releases, logs, caches), or get a larger quota, and try again.";
    Err(WorldError::new(Code::WorldFailed, doing, format!("the release needs {lacks}"), fix))
}

pub(super) fn no_root(owner: &str) -> WorldError {
    let fix = format!("Create it, owned by {owner}, or correct root of the target in deploy-ops.toml.");
    wrong(LOOK, "it is not a directory", fix)
}

pub(super) fn not_a_directory(name: &str) -> WorldError {
    wrong(LOOK, format!("{name} is not a directory"), "Make it a real directory, not a link.")
}

pub(super) fn not_a_link() -> WorldError {
    let fix = "Move it to releases/<name> and make current a link to it: ln -s releases/<name> current.";
    wrong(FIND_LIVE, "current is not a symbolic link", fix)
}

pub(super) fn live_and_changed(release: &ReleaseId) -> WorldError {
    wrong(
        format!("place release {release}"),
        "it is live already, but its files are not those of the artifact",
        "Deploy the version under a new tag, or make another release live first.",
    )
}

pub(super) fn not_what_was_planned(release: &ReleaseId) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("place release {release}"),
        "the artifact in our store is not what was planned",
        "Run the dry run again: it builds the artifact anew.",
    )
}

pub(super) fn not_kept(artifact: &Digest) -> WorldError {
    WorldError::new(
        Code::WorldFailed,
        format!("read artifact {artifact}"),
        "it is not in our store as it was built",
        "Run the dry run again: it builds the artifact anew.",
    )
}

pub(super) fn not_there(release: &ReleaseId) -> WorldError {
    wrong(
        format!("switch to release {release}"),
        "its directory is not there",
        "Run the dry run again: it places or rebuilds the release.",
    )
}

pub(super) fn below_a_link(path: &RelativePath) -> WorldError {
    let fix = "Share the link's target instead, or make it a real directory in the artifact.";
    wrong(format!("share {path}"), "a directory above it is a link or a file", fix)
}

pub(super) fn wrong(doing: impl Into<String>, problem: impl Into<String>, fix: impl Into<String>) -> WorldError {
    WorldError::new(Code::WrongState, doing, problem, fix)
}
