//! Releases on this machine.

use std::{
    fs::{self, File},
    os::unix::fs::{MetadataExt, symlink},
    path::Path,
};

use super::{PlacedRelease, ReleaseState, Releases, directory, layout, layout::Manifest};
use crate::{
    domain::{
        digest::Digest,
        inventory::RelativePath,
        release::ReleaseId,
        space::Need,
        step::{PlaceRelease, PruneReleases},
        time::Time,
    },
    world::{WorldError, detached::write_durably, git::beside, tree},
};

pub(super) fn list(root: &Path) -> Result<Releases, WorldError> {
    check_layout(root)?;
    let io = |e| WorldError::io("list the releases", e);
    let mut placed = Vec::new();
    match fs::read_dir(root.join("releases")) {
        Ok(entries) => {
            for entry in entries {
                let entry = entry.map_err(io)?;
                let Some(id) = entry.file_name().to_str().and_then(layout::release_name) else { continue };
                let metadata = entry.metadata().map_err(io)?;
                if metadata.is_dir() {
                    let remembered = fs::metadata(layout::manifest_path(root, &id)).ok();
                    let at = remembered.map_or(metadata.mtime(), |m| m.mtime());
                    let artifact = manifest(root, &id).map(|m| m.artifact);
                    placed.push(PlacedRelease { id, placed_at: Time::from_millis(at.saturating_mul(1000)), artifact });
                }
            }
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
        Err(error) => return Err(io(error)),
    }
    let mut releases = Releases { current: current(root)?, placed };
    layout::sort(&mut releases);
    Ok(releases)
}

pub(super) fn state(root: &Path, release: &ReleaseId, artifact: &Digest) -> Result<ReleaseState, WorldError> {
    check_layout(root)?;
    let place = directory(root, release);
    match manifest(root, release) {
        Some(manifest) if place.is_dir() => {
            let intact = manifest.artifact == *artifact && tree::digest(&place)? == manifest.tree;
            Ok(if intact { ReleaseState::Intact } else { ReleaseState::Changed })
        }
        _ => Ok(ReleaseState::Missing),
    }
}

pub(super) fn place(root: &Path, artifact: &Path, place: &PlaceRelease) -> Result<(), WorldError> {
    let io = |e| WorldError::io(format!("place release {}", place.release), e);
    match state(root, &place.release, &place.artifact)? {
        ReleaseState::Intact => return Ok(()),
        _ if current(root)?.as_ref() == Some(&place.release) => {
            return Err(layout::live_and_changed(&place.release));
        }
        ReleaseState::Changed | ReleaseState::Missing => {}
    }
    let releases = root.join("releases");
    fs::create_dir_all(&releases).map_err(io)?;
    let target = directory(root, &place.release);
    let partial = beside(&target, ".partial");
    for old in [&partial, &target] {
        if fs::symlink_metadata(old).is_ok() {
            fs::remove_dir_all(old).map_err(io)?;
        }
    }
    tree::copy(artifact, &partial)?;
    if tree::digest(&partial)? != place.artifact {
        return Err(layout::not_what_was_planned(&place.release));
    }
    for path in &place.shared {
        share(root, &partial, path)?;
    }
    // One call makes all files of the release durable before its name appears.
    File::open(&partial).and_then(|d| rustix::fs::syncfs(&d).map_err(Into::into)).map_err(io)?;
    let manifest = Manifest { artifact: place.artifact, tree: tree::digest(&partial)? };
    let manifest = serde_json::to_vec(&manifest).map_err(|e| io(std::io::Error::other(e)))?;
    write_durably(&layout::manifest_path(root, &place.release), &manifest)?;
    fs::rename(&partial, &target).map_err(io)?;
    tree::sync_directory(&releases)
}

/// The room that a release takes: all of its files are copied.
pub(super) fn need(artifact: &Path) -> Result<Need, WorldError> {
    let mut need = Need::default();
    for node in tree::walk(artifact, &|_| true)? {
        need.add(if let tree::Kind::File { size } = node.kind { size } else { 0 });
    }
    Ok(need)
}

pub(super) fn discard_partial(root: &Path, release: &ReleaseId) -> Result<(), WorldError> {
    let partial = beside(&directory(root, release), ".partial");
    match fs::remove_dir_all(partial) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(WorldError::io(format!("remove the rest of release {release}"), error))
        }
        _ => Ok(()),
    }
}

pub(super) fn switch(root: &Path, to: Option<&ReleaseId>, operation: &str) -> Result<(), WorldError> {
    let io = |e| WorldError::io("switch the live release", e);
    check_layout(root)?;
    let now = current(root)?;
    let link = root.join("current");
    match to {
        _ if now.as_ref() == to => return Ok(()),
        None => fs::remove_file(&link).map_err(io)?,
        Some(release) => {
            if !directory(root, release).is_dir() {
                return Err(layout::not_there(release));
            }
            let next = root.join(format!(".current.{operation}"));
            let _ = fs::remove_file(&next);
            symlink(layout::link_to(release), &next).map_err(io)?;
            fs::rename(&next, &link).map_err(io)?;
        }
    }
    tree::sync_directory(root)
}

pub(super) fn prune(root: &Path, prune: &PruneReleases) -> Result<Vec<ReleaseId>, WorldError> {
    let io = |e| WorldError::io("remove an old release", e);
    let mut removed = Vec::new();
    for id in layout::dispensable(list(root)?, prune) {
        let place = directory(root, &id);
        let going = beside(&place, ".removing");
        let _ = fs::remove_dir_all(&going);
        // Renamed first: a removal that is interrupted leaves no half release behind.
        fs::rename(&place, &going).map_err(io)?;
        let _ = fs::remove_file(layout::manifest_path(root, &id));
        fs::remove_dir_all(&going).map_err(io)?;
        removed.push(id);
    }
    Ok(removed)
}

/// The live release. Anything but a link into `releases` is refused.
fn current(root: &Path) -> Result<Option<ReleaseId>, WorldError> {
    let link = root.join("current");
    let Ok(metadata) = fs::symlink_metadata(&link) else { return Ok(None) };
    if !metadata.is_symlink() {
        return Err(layout::not_a_link());
    }
    let target = fs::read_link(&link).map_err(|e| WorldError::io(layout::FIND_LIVE, e))?;
    layout::live(root, &target).map(Some)
}

fn check_layout(root: &Path) -> Result<(), WorldError> {
    if !fs::symlink_metadata(root).is_ok_and(|m| m.is_dir()) {
        return Err(layout::no_root("the server's user"));
    }
    for name in layout::DIRECTORIES {
        if fs::symlink_metadata(root.join(name)).is_ok_and(|m| !m.is_dir()) {
            return Err(layout::not_a_directory(name));
        }
    }
    Ok(())
}

/// Links one shared path into a release. What the first release brings becomes the shared one.
fn share(root: &Path, release: &Path, path: &RelativePath) -> Result<(), WorldError> {
    let io = |e| WorldError::io(format!("share {path}"), e);
    let shared = root.join("shared").join(path.as_path());
    let mine = path.below(release);
    if let Some(parent) = shared.parent() {
        fs::create_dir_all(parent).map_err(io)?;
    }
    let mut above = release.to_owned();
    for part in path.as_path().parent().into_iter().flat_map(Path::components) {
        above.push(part);
        match fs::symlink_metadata(&above) {
            Ok(metadata) if metadata.is_dir() => {}
            Ok(_) => return Err(layout::below_a_link(path)),
            Err(_) => fs::create_dir(&above).map_err(io)?,
        }
    }
    let brought = fs::symlink_metadata(&mine).is_ok();
    if fs::symlink_metadata(&shared).is_err() {
        if brought {
            fs::rename(&mine, &shared).map_err(io)?;
        } else if layout::is_directory_by_name(path) {
            fs::create_dir(&shared).map_err(io)?;
        }
    } else if brought {
        let directory = fs::symlink_metadata(&mine).is_ok_and(|m| m.is_dir());
        if directory { fs::remove_dir_all(&mine) } else { fs::remove_file(&mine) }.map_err(io)?;
    }
    symlink(layout::link_to_shared(path), &mine).map_err(io)
}

fn manifest(root: &Path, release: &ReleaseId) -> Option<Manifest> {
    serde_json::from_slice(&fs::read(layout::manifest_path(root, release)).ok()?).ok()
}
