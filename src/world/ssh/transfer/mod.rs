//! A tree of this machine made on a host: only what it does not have is sent, and what arrived is looked at.
//!
//! Where the host has `tar`, everything goes in one stream; elsewhere over SFTP. Files that a base on the host has are linked to,
//! not sent. What is proven in the end: the host lists exactly the wanted names, kinds, permissions and link targets; every file that
//! was sent was read again on the host and has its hash; every file that was linked is the very one (number, size, time of the last
//! change) that was read when the base was placed. An interrupted transfer goes on where it was: what arrived whole stays.

mod diff;
mod files;
mod pack;
mod shell;

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

pub(in crate::world) use diff::Base;
use diff::Diff;

use super::{DISK_FULL, Entry, MAYBE_FULL, QUOTA_USED, Remote, RemoteTree};
use crate::{
    domain::{digest::Digest, refusal::Code, space::Need},
    world::{WorldError, tree::Kind},
};

/// How often what is wrong is repaired. More says that somebody changes the tree while it arrives.
const ATTEMPTS: u32 = 4;

/// A tree that is to be on a host.
#[derive(Debug, Clone)]
pub(in crate::world) struct Delivery<'a> {
    /// Where it lies here.
    pub(in crate::world) from: &'a Path,
    /// What it holds, with the content of its files.
    pub(in crate::world) wanted: &'a RemoteTree,
    /// Where it is to be, in a directory that is there.
    pub(in crate::world) to: &'a Path,
    /// A release beside it that may hold the same files.
    pub(in crate::world) base: Option<&'a Base>,
}

impl Delivery<'_> {
    /// The room that a tree takes on a host that has `base`.
    pub(in crate::world) fn need(wanted: &RemoteTree, base: Option<&Base>) -> Need {
        diff::between(wanted, &RemoteTree::default(), base).need()
    }
}

impl Remote<'_> {
    /// Makes `to` on the host equal to a tree here, and durable, and says how the host lists it. When it fails, what arrived stays for
    /// the next time, unless the host is full: then it goes.
    pub(in crate::world) async fn send_tree(
        &self,
        doing: &str,
        delivery: &Delivery<'_>,
    ) -> Result<RemoteTree, WorldError> {
        let mut found = match self.files().await?.stat(delivery.to).await? {
            Some(there) if there.is_directory() => Some(self.found(doing, delivery, &HashSet::new()).await?),
            Some(_) => {
                self.files().await?.remove(delivery.to).await?;
                None
            }
            None => None,
        };
        let mut trouble = None;
        for attempt in 0..ATTEMPTS {
            // A link that did not come about is sent the next time.
            let base = delivery.base.filter(|_| attempt == 0);
            let nothing = RemoteTree::default();
            let diff = diff::between(delivery.wanted, found.as_ref().unwrap_or(&nothing), base);
            if let Some(found) = found.take().filter(|_| diff.is_empty()) {
                if attempt == 0 {
                    self.sync(doing, delivery.to).await?;
                }
                return Ok(found);
            }
            match self.apply(doing, delivery, &diff).await {
                Err(error) if is_full(&error) => {
                    self.remove_tree(doing, delivery.to).await?;
                    return Err(error);
                }
                Err(error) if error.code == Code::WorldFailed => trouble = Some(error),
                other => other?,
            }
            let sent = diff.sent();
            // The disk is busy with the one, the processor with the other.
            let (durable, there) = tokio::join!(self.sync(doing, delivery.to), self.found(doing, delivery, &sent));
            durable?;
            found = Some(there?);
        }
        Err(trouble.unwrap_or_else(|| {
            WorldError::new(
                Code::WorldFailed,
                format!("{doing} on host {}", self.name),
                "the files that arrive are changed while they arrive",
                "Look at who else writes there.",
            )
        }))
    }

    /// What is there, and what is in it. Files that are those of the base are known; what was just sent is read in any case, because
    /// times alone, in seconds, do not tell it from what was there a moment before.
    async fn found(
        &self,
        doing: &str,
        delivery: &Delivery<'_>,
        sent: &HashSet<&Path>,
    ) -> Result<RemoteTree, WorldError> {
        let mut found = self.list(doing, delivery.to, &[]).await?;
        if let Some(base) = delivery.base {
            recognise(&mut found, &base.tree, &|path| !sent.contains(path));
        }
        // What cannot be right by its size is sent again in any case.
        let may_be = |entry: &Entry| {
            entry.content.is_none() && delivery.wanted.get(&entry.path).is_some_and(|wanted| wanted.kind == entry.kind)
        };
        self.read_contents(doing, delivery.to, &mut found, &may_be).await?;
        Ok(found)
    }

    async fn apply(&self, doing: &str, delivery: &Delivery<'_>, diff: &Diff) -> Result<(), WorldError> {
        let tools = self.tools().await?;
        if tools.has("tar") && tools.has("xargs") {
            self.apply_by_shell(doing, delivery, diff, &tools).await
        } else {
            self.apply_by_files(delivery, diff).await
        }
    }

    /// Whether names of all bytes can be sent and listed, not only those that are UTF-8.
    pub(in crate::world) async fn carries_any_name(&self) -> Result<bool, WorldError> {
        let tools = self.tools().await?;
        let lists = tools.has("find-printf") || tools.has("find-stat");
        Ok(lists && tools.has("tar") && tools.has("xargs"))
    }

    /// Makes a tree durable, where the host has a program for that. Over SFTP each file was.
    pub(in crate::world) async fn sync(&self, doing: &str, root: &Path) -> Result<(), WorldError> {
        if self.tools().await?.shell() {
            self.sync_by_shell(doing, root).await?;
        }
        Ok(())
    }

    /// The first of some directories that is there and that the login may not write; `None` also where there is no shell to ask.
    pub(in crate::world) async fn not_writable<'p>(
        &self,
        directories: &'p [PathBuf],
    ) -> Result<Option<&'p Path>, WorldError> {
        if !self.tools().await?.shell() {
            return Ok(None);
        }
        let refused = self.refused_by_shell(directories).await?;
        Ok(refused.and_then(|index| directories.get(index)).map(PathBuf::as_path))
    }

    /// Removes a tree. One that is not there is removed already.
    pub(in crate::world) async fn remove_tree(&self, doing: &str, root: &Path) -> Result<(), WorldError> {
        let files = self.files().await?;
        match files.stat(root).await? {
            None => return Ok(()),
            Some(found) if !found.is_directory() => return files.remove(root).await,
            Some(_) => {}
        }
        if self.tools().await?.shell() {
            return self.remove_by_shell(doing, root).await;
        }
        let tree = self.list(doing, root, &[]).await?;
        self.remove_by_files(root, &tree, &|_| true).await?;
        files.remove_directory(root).await
    }
}

/// Gives the files for which `may` says yes the content that is known of them: those with the same number, size and time of change as
/// one that was read.
pub(in crate::world) fn recognise(found: &mut RemoteTree, known: &RemoteTree, may: &dyn Fn(&Path) -> bool) {
    let by_number: HashMap<u64, &Entry> =
        known.entries.iter().filter(|entry| entry.inode != 0).map(|entry| (entry.inode, entry)).collect();
    for entry in found.entries.iter_mut().filter(|entry| may(&entry.path)) {
        let candidate = by_number.get(&entry.inode).copied().or_else(|| known.get(&entry.path));
        entry.content = candidate.and_then(|known| same_file(entry, known)).or(entry.content);
    }
}

/// The content of `known`, when `found` is that file. Hosts without numbers are taken at their times alone.
fn same_file(found: &Entry, known: &Entry) -> Option<Digest> {
    let same = matches!(found.kind, Kind::File { .. })
        && found.kind == known.kind
        && found.inode == known.inode
        && found.modified == known.modified;
    known.content.filter(|_| same)
}

/// Whether a host has, or may have, no more room.
fn is_full(error: &WorldError) -> bool {
    [DISK_FULL, QUOTA_USED, MAYBE_FULL].contains(&error.problem.as_str())
}
