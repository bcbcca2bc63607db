//! Directory trees: walking them in a fixed order, their digest, their links.

use std::{
    fs::{self, File},
    io::Read,
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};
use sha2::{Digest as _, Sha256};

use super::WorldError;
use crate::domain::{digest::Digest, refusal::Code};

/// How many entries a tree may have.
pub(in crate::world) const ENTRIES: usize = 500_000;

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Kind {
    Directory,
    File {
        size: u64,
    },
    Link {
        target: PathBuf,
    },
    /// A pipe, socket or device.
    Other,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Node {
    /// Below the root.
    pub(crate) path: PathBuf,
    /// The permission bits.
    pub(crate) mode: u32,
    pub(crate) device: u64,
    pub(crate) inode: u64,
    /// The last change of content or metadata, ns since 1970 (cannot be set by programs).
    pub(crate) changed: i128,
    pub(crate) kind: Kind,
}

/// Everything below `root` for which `wanted` says yes, sorted by path bytes. What is not wanted is not entered. Links are not
/// followed.
pub(crate) fn walk(root: &Path, wanted: &dyn Fn(&Path) -> bool) -> Result<Vec<Node>, WorldError> {
    let io = |e| WorldError::io("list a directory tree", e);
    let mut nodes = Vec::new();
    let mut open = vec![PathBuf::new()];
    while let Some(directory) = open.pop() {
        for entry in fs::read_dir(root.join(&directory)).map_err(io)? {
            let path = directory.join(entry.map_err(io)?.file_name());
            if !wanted(&path) {
                continue;
            }
            let full = root.join(&path);
            // A file that vanishes while we look was not part of the state.
            let Ok(metadata) = fs::symlink_metadata(&full) else { continue };
            let kind = if metadata.is_dir() {
                open.push(path.clone());
                Kind::Directory
            } else if metadata.is_file() {
                Kind::File { size: metadata.len() }
            } else if metadata.is_symlink() {
                Kind::Link { target: fs::read_link(&full).map_err(io)? }
            } else {
                Kind::Other
            };
            let (device, inode) = (metadata.dev(), metadata.ino());
            let changed = i128::from(metadata.ctime()) * 1_000_000_000 + i128::from(metadata.ctime_nsec());
            nodes.push(Node { path, mode: metadata.mode() & 0o7777, device, inode, changed, kind });
            if nodes.len() > ENTRIES {
                return Err(too_many("list a directory tree"));
            }
        }
    }
    nodes.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
    Ok(nodes)
}

/// A tree that has more than [`ENTRIES`].
pub(in crate::world) fn too_many(doing: impl Into<String>) -> WorldError {
    WorldError::new(
        Code::Unsupported,
        doing,
        format!("it has more than {ENTRIES} entries"),
        "Name directories that change by themselves (caches, uploads) as volatile.",
    )
}

/// One line that is different when anything of the entry is: path, type, mode, size, content, target.
pub(crate) fn describe(root: &Path, node: &Node) -> Result<String, WorldError> {
    Ok(match &node.kind {
        Kind::File { .. } => line(node.mode, &node.kind, file_digest(&root.join(&node.path))?),
        kind => line(node.mode, kind, ""),
    })
}

/// The line of an entry whose content is known by `content`; it counts for files alone.
pub(crate) fn line(mode: u32, kind: &Kind, content: impl std::fmt::Display) -> String {
    match kind {
        Kind::Directory => format!("{mode:o} directory"),
        Kind::File { size } => format!("{mode:o} file {size} {content}"),
        // A link's mode means nothing on Linux.
        Kind::Link { target } => format!("0 link {}", Digest::of(target.as_os_str().as_bytes())),
        Kind::Other => format!("{mode:o} other"),
    }
}

/// The digest of a tree. It does not depend on the order in which the file system lists it.
pub(crate) fn digest(root: &Path) -> Result<Digest, WorldError> {
    let nodes = walk(root, &|_| true)?;
    let lines: Result<Vec<String>, WorldError> = nodes.iter().map(|node| describe(root, node)).collect();
    Ok(digest_of(nodes.iter().map(|node| node.path.as_path()).zip(lines?)))
}

/// The digest of a tree from the paths of its entries, sorted by their bytes, and their lines.
pub(crate) fn digest_of<'p>(entries: impl IntoIterator<Item = (&'p Path, String)>) -> Digest {
    let mut hash = Sha256::new();
    hash.update(b"deployops/tree/v1\0");
    for (path, line) in entries {
        hash.update(path.as_os_str().as_bytes());
        hash.update([0]);
        hash.update(line.as_bytes());
        hash.update(b"\n");
    }
    Digest::from_bytes(hash.finalize().into())
}

/// SHA-256 of a regular file, read in pieces. Anything else is refused without blocking.
pub(crate) fn file_digest(path: &Path) -> Result<Digest, WorldError> {
    let io = |e| WorldError::io("read a file", e);
    let flags = OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NOCTTY;
    let mut file = File::from(rustix::fs::open(path, flags, Mode::empty()).map_err(|e| io(e.into()))?);
    let mut hash = Sha256::new();
    let mut buffer = vec![0; 128 * 1024];
    loop {
        match file.read(&mut buffer).map_err(io)? {
            0 => return Ok(Digest::from_bytes(hash.finalize().into())),
            count => hash.update(buffer.get(..count).unwrap_or_default()),
        }
    }
}

/// Refuses links that lead out of the tree, by their text or through other links. Links to nothing are left alone when their
/// text stays inside.
pub(crate) fn refuse_escaping_links(root: &Path) -> Result<(), WorldError> {
    let escapes = |path: &Path| {
        WorldError::new(
            Code::PathRefused,
            "accept a directory tree",
            format!("the symbolic link {} leads out of it", path.display()),
            "Replace the link by a file or by a relative link inside.",
        )
    };
    let io = |e: rustix::io::Errno| WorldError::io("open a directory tree", e.into());
    let anchor =
        rustix::fs::openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(io)?;
    for node in walk(root, &|_| true)? {
        let Kind::Link { target } = &node.kind else { continue };
        if target.is_absolute() || leaves(&node.path, target) {
            return Err(escapes(&node.path));
        }
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        match openat2(&anchor, &node.path, OFlags::PATH | OFlags::CLOEXEC, Mode::empty(), resolve) {
            Ok(_) | Err(rustix::io::Errno::NOENT) => {}
            Err(_) => return Err(escapes(&node.path)),
        }
    }
    Ok(())
}

/// Whether the text of a link at `path` climbs above the root.
fn leaves(path: &Path, target: &Path) -> bool {
    let mut depth = i64::try_from(path.components().count()).unwrap_or(0) - 1;
    target.components().any(|part| {
        match part {
            std::path::Component::ParentDir => depth -= 1,
            std::path::Component::Normal(_) => depth += 1,
            _ => {}
        }
        depth < 0
    })
}

/// Makes what a directory lists durable.
pub(crate) fn sync_directory(directory: &Path) -> Result<(), WorldError> {
    File::open(directory).and_then(|d| d.sync_all()).map_err(|e| WorldError::io("make a directory durable", e))
}

/// Copies a tree to `to`, which must not exist: files, directories and links with their permissions.
pub(crate) fn copy(from: &Path, to: &Path) -> Result<(), WorldError> {
    let io = |e| WorldError::io("copy a directory tree", e);
    let nodes = walk(from, &|_| true)?;
    fs::create_dir(to).map_err(io)?;
    fs::set_permissions(to, fs::metadata(from).map_err(io)?.permissions()).map_err(io)?;
    for node in &nodes {
        let target = to.join(&node.path);
        match &node.kind {
            Kind::Directory => fs::create_dir(&target).map_err(io)?,
            // Keeps the permissions, and copies inside the kernel where it can.
            Kind::File { .. } => fs::copy(from.join(&node.path), &target).map(|_| ()).map_err(io)?,
            Kind::Link { target: text } => std::os::unix::fs::symlink(text, &target).map_err(io)?,
            Kind::Other => return Err(io(std::io::ErrorKind::Unsupported.into())),
        }
    }
    // Directories get their permissions last: one without the write bit could not be filled.
    for node in nodes.iter().rev().filter(|node| node.kind == Kind::Directory) {
        use std::os::unix::fs::PermissionsExt;
        fs::set_permissions(to.join(&node.path), fs::Permissions::from_mode(node.mode)).map_err(io)?;
    }
    Ok(())
}
