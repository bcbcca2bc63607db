//! The tree below a directory of a host, seen as [`crate::world::tree`] sees one here.
//!
//! Where there is a shell with `find`, one command lists it and one more hashes on the host; elsewhere both go over SFTP. Names are
//! bytes and come between zero bytes, so that any name is right; SFTP knows only names that are UTF-8.

mod contents;
mod files;
mod record;
mod shell;

pub(in crate::world) use shell::literally;

use std::{
    os::unix::ffi::OsStrExt,
    path::{Component, Path, PathBuf},
};

use super::Remote;
use crate::{
    domain::{digest::Digest, inventory::RelativePath, refusal::Code},
    world::{
        WorldError,
        tree::{self, ENTRIES, Kind},
    },
};

/// One entry of a tree on a host.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::world) struct Entry {
    /// Below the root.
    pub(in crate::world) path: PathBuf,
    /// The permission bits.
    pub(in crate::world) mode: u32,
    /// What it is.
    pub(in crate::world) kind: Kind,
    /// The last change of content, ns since 1970; as fine as the host tells. Programs can set it.
    pub(in crate::world) modified: i128,
    /// The last change of content or metadata, ns since 1970; 0 where the host does not tell.
    pub(in crate::world) changed: i128,
    /// Its number in its file system; 0 where the host does not tell.
    pub(in crate::world) inode: u64,
    /// What a file holds, once it was read.
    pub(in crate::world) content: Option<Digest>,
}

/// Everything below a directory of a host.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(in crate::world) struct RemoteTree {
    /// Sorted by path bytes.
    pub(in crate::world) entries: Vec<Entry>,
}

impl Entry {
    /// One line that is different when anything of the entry is. A file that was not read stands by its last change.
    pub(in crate::world) fn line(&self) -> String {
        match &self.content {
            Some(content) => tree::line(self.mode, &self.kind, content),
            None => tree::line(self.mode, &self.kind, self.changed.max(self.modified)),
        }
    }
}

impl RemoteTree {
    /// The same digest as that of the same tree here, when all files were read.
    pub(in crate::world) fn digest(&self) -> Digest {
        tree::digest_of(self.entries.iter().map(|entry| (entry.path.as_path(), entry.line())))
    }

    /// What is at a path.
    pub(in crate::world) fn get(&self, path: &Path) -> Option<&Entry> {
        let wanted = path.as_os_str().as_bytes();
        let found = self.entries.binary_search_by(|entry| entry.path.as_os_str().as_bytes().cmp(wanted));
        found.ok().and_then(|index| self.entries.get(index))
    }
}

impl Remote<'_> {
    /// Everything below `root` but what is at or below a path of `leave_out`, with its content. Links are not followed. A file
    /// that vanishes meanwhile was not part of the state.
    pub(in crate::world) async fn tree(
        &self,
        doing: &str,
        root: &Path,
        leave_out: &[RelativePath],
    ) -> Result<RemoteTree, WorldError> {
        let mut tree = self.list(doing, root, leave_out).await?;
        self.read_contents(doing, root, &mut tree, &|_| true).await?;
        let unread = |entry: &&Entry| matches!(entry.kind, Kind::File { .. }) && entry.content.is_none();
        match tree.entries.iter().filter(unread).count() {
            0 => Ok(tree),
            count => Err(WorldError::new(
                Code::WorldFailed,
                format!("{doing} on host {}", self.name),
                format!("{count} of its files cannot be read"),
                "Give the login the permission to read them.",
            )),
        }
    }

    /// The same without reading any file: sizes and times tell quickly what certainly changed.
    pub(in crate::world) async fn list(
        &self,
        doing: &str,
        root: &Path,
        leave_out: &[RelativePath],
    ) -> Result<RemoteTree, WorldError> {
        let tools = self.tools().await?;
        let entries = if tools.has("find-printf") || tools.has("find-stat") {
            self.list_by_shell(doing, root, leave_out, &tools).await?
        } else {
            self.list_by_files(doing, root, leave_out).await?
        };
        self.checked(doing, entries)
    }

    /// Sorts what a host answered. A path that is not below the root, or comes twice, is not an answer.
    fn checked(&self, doing: &str, mut entries: Vec<Entry>) -> Result<RemoteTree, WorldError> {
        if entries.len() > ENTRIES {
            return Err(tree::too_many(format!("{doing} on host {}", self.name)));
        }
        entries.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
        let twice = entries.windows(2).any(|pair| matches!(pair, [a, b] if a.path == b.path));
        if twice || !entries.iter().all(|entry| is_below(&entry.path)) {
            return Err(self.nonsense(doing));
        }
        Ok(RemoteTree { entries })
    }

    /// An answer that no honest host gives.
    fn nonsense(&self, doing: &str) -> WorldError {
        WorldError::new(
            Code::WorldFailed,
            format!("{doing} on host {}", self.name),
            "its answer makes no sense",
            "Look at the host: its shell or its SFTP server does not do what it should.",
        )
    }
}

/// Whether a path consists of plain names, each separated by one slash.
fn is_below(path: &Path) -> bool {
    let plain = path.components().all(|part| matches!(part, Component::Normal(_)));
    plain && path.components().collect::<PathBuf>().as_os_str() == path.as_os_str() && path != Path::new("")
}
