//! Releases on a host over SSH: the same directories, the same rules.
//!
//! Beside the manifest of a release lies a record of its tree, `<root>/releases/.<id>.files`: the next release links to the files that
//! are still as they were placed, so that only what changed is sent.

use std::path::{Path, PathBuf};

use super::{PlacedRelease, ReleaseState, Releases, directory, layout, layout::Manifest};
use crate::{
    domain::{
        digest::Digest,
        inventory::RelativePath,
        refusal::Code,
        release::ReleaseId,
        step::{PlaceRelease, PruneReleases},
        time::Time,
    },
    world::{
        WorldError, artifacts,
        blocking::blocking,
        git::beside,
        ssh::{Base, Delivery, Entry, Remote, RemoteTree, Stat, recognise},
        tree::{self, Kind},
    },
};

/// The longest manifest, bytes.
const MANIFEST: u64 = 64 * 1024;
/// The longest record of a tree, packed, bytes.
const RECORD: u64 = 64 * 1024 * 1024;

pub(super) async fn list(host: &Remote<'_>, root: &Path) -> Result<Releases, WorldError> {
    check_layout(host, root).await?;
    let files = host.files().await?;
    let place = root.join("releases");
    let found = match files.stat(&place).await? {
        Some(_) => files.entries(&place).await?,
        None => Vec::new(),
    };
    let mut releases = Releases { current: current(host, root).await?, placed: Vec::new() };
    for (name, stat) in &found {
        let Some(id) = layout::release_name(name).filter(|_| stat.is_directory()) else { continue };
        let remembered = found.iter().find(|(name, _)| *name == format!(".{id}.json"));
        let at = remembered.map_or(stat.modified, |(_, remembered)| remembered.modified);
        let artifact = manifest(host, root, &id).await?.map(|manifest| manifest.artifact);
        releases.placed.push(PlacedRelease { id, placed_at: Time::from_millis(i64::from(at) * 1000), artifact });
    }
    layout::sort(&mut releases);
    Ok(releases)
}

pub(super) async fn state(
    host: &Remote<'_>,
    root: &Path,
    release: &ReleaseId,
    artifact: &Digest,
) -> Result<ReleaseState, WorldError> {
    check_layout(host, root).await?;
    let place = directory(root, release);
    let is_there = host.files().await?.stat(&place).await?.is_some_and(Stat::is_directory);
    match manifest(host, root, release).await? {
        Some(manifest) if is_there => {
            let doing = format!("look at release {release}");
            let intact =
                manifest.artifact == *artifact && host.tree(&doing, &place, &[]).await?.digest() == manifest.tree;
            Ok(if intact { ReleaseState::Intact } else { ReleaseState::Changed })
        }
        _ => Ok(ReleaseState::Missing),
    }
}

/// The files and links of a release that are not as they were placed, by path.
pub(super) async fn changed(host: &Remote<'_>, root: &Path, release: &ReleaseId) -> Result<Vec<PathBuf>, WorldError> {
    let record = host.files().await?.read(&record_path(root, release), 0, RECORD).await?;
    let Some(placed) = record.and_then(|record| RemoteTree::from_record(&record)) else { return Ok(Vec::new()) };
    let found = host.tree(&format!("look at release {release}"), &directory(root, release), &[]).await?;
    let differs = |entry: &&Entry, other: &RemoteTree| {
        entry.kind != Kind::Directory && other.get(&entry.path).is_none_or(|other| other.line() != entry.line())
    };
    let gone_or_other = placed.entries.iter().filter(|entry| differs(entry, &found));
    let new = found.entries.iter().filter(|entry| placed.get(&entry.path).is_none() && differs(entry, &placed));
    let mut changed: Vec<PathBuf> = gone_or_other.chain(new).map(|entry| entry.path.clone()).collect();
    changed.sort();
    Ok(changed)
}

pub(super) async fn place(
    host: &Remote<'_>,
    root: &Path,
    artifact: &Path,
    place: &PlaceRelease,
) -> Result<(), WorldError> {
    match state(host, root, &place.release, &place.artifact).await? {
        ReleaseState::Intact => return Ok(()),
        _ if current(host, root).await?.as_ref() == Some(&place.release) => {
            return Err(layout::live_and_changed(&place.release));
        }
        ReleaseState::Changed | ReleaseState::Missing => {}
    }
    let doing = format!("place release {}", place.release);
    let files = host.files().await?;
    files.make_directory(&root.join("releases"), 0o755).await?;
    let target = directory(root, &place.release);
    let partial = beside(&target, ".partial");
    host.remove_tree(&doing, &target).await?;
    let (wanted, base) = tokio::try_join!(content(artifact, place.artifact), base(host, root, &place.shared))?;
    let wanted = wanted.ok_or_else(|| layout::not_what_was_planned(&place.release))?;
    let delivery = Delivery { from: artifact, wanted: &wanted, to: &partial, base: base.as_ref() };
    let mut tree = match host.send_tree(&doing, &delivery).await {
        // Was it sent as it should be? What arrived is always looked at; what was sent only when that is not right.
        Err(error) if error.code == Code::WorldFailed && is_damaged(artifact, place.artifact).await => {
            return Err(layout::not_what_was_planned(&place.release).because(error));
        }
        sent => sent?,
    };
    for path in &place.shared {
        share(host, root, &partial, path).await?;
    }
    if !place.shared.is_empty() {
        let mut shared = host.list(&doing, &partial, &[]).await?;
        recognise(&mut shared, &tree, &|_| true);
        host.read_contents(&doing, &partial, &mut shared, &|entry| entry.content.is_none()).await?;
        tree = shared;
        // All of the release is durable before its name appears.
        host.sync(&doing, &partial).await?;
    }
    files.replace(&record_path(root, &place.release), 0o600, &tree.to_record()?).await?;
    let manifest = Manifest { artifact: place.artifact, tree: tree.digest() };
    let manifest = serde_json::to_vec(&manifest).map_err(|e| WorldError::io(doing, std::io::Error::other(e)))?;
    files.replace(&layout::manifest_path(root, &place.release), 0o600, &manifest).await?;
    files.rename(&partial, &target).await
}

pub(super) async fn discard_partial(host: &Remote<'_>, root: &Path, release: &ReleaseId) -> Result<(), WorldError> {
    let partial = beside(&directory(root, release), ".partial");
    host.remove_tree(&format!("remove the rest of release {release}"), &partial).await
}

pub(super) async fn switch(
    host: &Remote<'_>,
    root: &Path,
    to: Option<&ReleaseId>,
    operation: &str,
) -> Result<(), WorldError> {
    check_layout(host, root).await?;
    let now = current(host, root).await?;
    let link = root.join("current");
    match to {
        _ if now.as_ref() == to => Ok(()),
        None => host.files().await?.remove(&link).await,
        Some(release) => {
            let there = host.files().await?.stat(&directory(root, release)).await?;
            if !there.is_some_and(Stat::is_directory) {
                return Err(layout::not_there(release));
            }
            let next = root.join(format!(".current.{operation}"));
            host.replace_link(&layout::link_to(release), &link, &next).await
        }
    }
}

pub(super) async fn prune(host: &Remote<'_>, root: &Path, prune: &PruneReleases) -> Result<Vec<ReleaseId>, WorldError> {
    let doing = "remove an old release";
    let files = host.files().await?;
    let mut removed = Vec::new();
    for id in layout::dispensable(list(host, root).await?, prune) {
        let place = directory(root, &id);
        let going = beside(&place, ".removing");
        host.remove_tree(doing, &going).await?;
        // Renamed first: a removal that is interrupted leaves no half release behind.
        files.rename(&place, &going).await?;
        files.remove(&layout::manifest_path(root, &id)).await?;
        files.remove(&record_path(root, &id)).await?;
        host.remove_tree(doing, &going).await?;
        removed.push(id);
    }
    Ok(removed)
}

/// Refuses what would fail in the middle of a deployment: a target that cannot be written or switched, a host without room.
pub(super) async fn check_ready(
    host: &Remote<'_>,
    root: &Path,
    artifact: &Path,
    digest: &Digest,
    shared: &[RelativePath],
) -> Result<(), WorldError> {
    check_layout(host, root).await?;
    let doing = format!("prepare {} on host {}", root.display(), host.name());
    if !host.replaces_links().await? {
        return Err(WorldError::new(
            Code::Unsupported,
            doing,
            "the host cannot replace a link in one step, so nothing could be switched",
            "Use a host whose SFTP server knows posix-rename, or whose mv knows -T.",
        ));
    }
    let ours = [root.to_owned(), root.join("releases"), root.join("shared")];
    if let Some(refused) = host.not_writable(&ours).await? {
        return Err(layout::wrong(
            doing,
            format!("the login may not write {}", refused.display()),
            "Let the directory belong to the login.",
        ));
    }
    let wanted = content(artifact, *digest).await?.ok_or_else(|| layout::not_kept(digest))?;
    if let Some(entry) = wanted.entries.iter().find(|entry| entry.path.to_str().is_none())
        && !host.carries_any_name().await?
    {
        return Err(WorldError::new(
            Code::Unsupported,
            doing,
            format!("{} of the release is no UTF-8, and SFTP carries no other names", entry.path.display()),
            "Rename the file, or use a login with a shell.",
        ));
    }
    let Some(space) = host.space_if_told(root).await? else { return Ok(()) };
    let base = base(host, root, shared).await?;
    layout::check_room(doing, &space, Delivery::need(&wanted, base.as_ref()))
}

/// The live release. Anything but a link into `releases` is refused.
pub(super) async fn current(host: &Remote<'_>, root: &Path) -> Result<Option<ReleaseId>, WorldError> {
    let files = host.files().await?;
    let link = root.join("current");
    match files.stat(&link).await? {
        None => Ok(None),
        Some(found) if !found.is_link() => Err(layout::not_a_link()),
        Some(_) => layout::live(root, Path::new(&files.read_link(&link).await?)).map(Some),
    }
}

async fn check_layout(host: &Remote<'_>, root: &Path) -> Result<(), WorldError> {
    let files = host.files().await?;
    if !files.stat(root).await?.is_some_and(Stat::is_directory) {
        return Err(layout::no_root("the login's user, on the host"));
    }
    for name in layout::DIRECTORIES {
        if files.stat(&root.join(name)).await?.is_some_and(|found| !found.is_directory()) {
            return Err(layout::not_a_directory(name));
        }
    }
    Ok(())
}

/// Links one shared path into a release. What the first release brings becomes the shared one.
async fn share(host: &Remote<'_>, root: &Path, release: &Path, path: &RelativePath) -> Result<(), WorldError> {
    let files = host.files().await?;
    let shared = root.join("shared").join(path.as_path());
    let mine = path.below(release);
    let mut above = root.join("shared");
    files.make_directory(&above, 0o755).await?;
    for part in path.as_path().parent().into_iter().flat_map(Path::components) {
        above.push(part);
        files.make_directory(&above, 0o755).await?;
    }
    let mut above = release.to_owned();
    for part in path.as_path().parent().into_iter().flat_map(Path::components) {
        above.push(part);
        match files.stat(&above).await? {
            Some(found) if found.is_directory() => {}
            Some(_) => return Err(layout::below_a_link(path)),
            None => files.make_directory(&above, 0o755).await?,
        }
    }
    let brought = files.stat(&mine).await?.is_some();
    if files.stat(&shared).await?.is_none() {
        if brought {
            files.rename(&mine, &shared).await?;
        } else if layout::is_directory_by_name(path) {
            files.make_directory(&shared, 0o755).await?;
        }
    } else if brought {
        host.remove_tree(&format!("share {path}"), &mine).await?;
    }
    files.symlink(&layout::link_to_shared(path), &mine).await
}

/// The release whose files a new one may link to: the live one, or else the newest with a record.
async fn base(host: &Remote<'_>, root: &Path, shared: &[RelativePath]) -> Result<Option<Base>, WorldError> {
    let releases = list(host, root).await?;
    let candidates = releases.current.into_iter().chain(releases.placed.into_iter().map(|release| release.id));
    let files = host.files().await?;
    for id in candidates {
        let record = files.read(&record_path(root, &id), 0, RECORD).await?;
        if let Some(tree) = record.and_then(|record| RemoteTree::from_record(&record)) {
            return Ok(Some(Base { root: directory(root, &id), tree, except: shared.to_vec() }));
        }
    }
    Ok(None)
}

async fn content(artifact: &Path, digest: Digest) -> Result<Option<RemoteTree>, WorldError> {
    let artifact = artifact.to_owned();
    blocking(move || artifacts::content(&artifact, &digest)).await
}

/// Whether the files of an artifact are others than those it has its digest from.
async fn is_damaged(artifact: &Path, digest: Digest) -> bool {
    let artifact = artifact.to_owned();
    blocking(move || Ok(tree::digest(&artifact)? != digest)).await.unwrap_or(true)
}

async fn manifest(host: &Remote<'_>, root: &Path, release: &ReleaseId) -> Result<Option<Manifest>, WorldError> {
    let found = host.files().await?.read(&layout::manifest_path(root, release), 0, MANIFEST).await?;
    Ok(found.and_then(|bytes| serde_json::from_slice(&bytes).ok()))
}

fn record_path(root: &Path, release: &ReleaseId) -> PathBuf {
    root.join("releases").join(format!(".{release}.files"))
}
