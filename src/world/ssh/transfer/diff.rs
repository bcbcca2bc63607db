//! What is to be done to make a tree on a host equal to another one.

use std::{
    collections::{HashMap, HashSet},
    path::{Path, PathBuf},
};

use super::super::{Entry, RemoteTree};
use crate::{
    domain::{digest::Digest, inventory::RelativePath, space::Need},
    world::tree::Kind,
};

/// A release on the host that may hold the same files.
#[derive(Debug, Clone)]
pub(in crate::world) struct Base {
    /// Where it lies: beside the tree that is sent.
    pub(in crate::world) root: PathBuf,
    /// What it held when it was placed, with the content of its files.
    pub(in crate::world) tree: RemoteTree,
    /// Paths whose files are sent in any case: others write into them, and a linked file would change in both places.
    pub(in crate::world) except: Vec<RelativePath>,
}

/// One thing that the host does not have yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Add {
    /// Out of the tree here.
    Send(Entry),
    /// A hard link to a file of the base, at this path there.
    Link { entry: Entry, from: PathBuf },
}

/// What is to be done.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct Diff {
    /// What has to go, first. Directories go with all that is in them.
    pub(super) remove: Vec<PathBuf>,
    /// Directories that their owner has to be let into before anything in them is removed or added.
    pub(super) open: Vec<(PathBuf, u32)>,
    /// What is to be added, a directory before what is in it.
    pub(super) add: Vec<Add>,
    /// Directories whose permissions are others, last.
    pub(super) modes: Vec<(PathBuf, u32)>,
}

impl Diff {
    pub(super) fn is_empty(&self) -> bool {
        self.remove.is_empty() && self.add.is_empty() && self.modes.is_empty()
    }

    /// What is sent.
    pub(super) fn sent(&self) -> HashSet<&Path> {
        let sent = self
            .add
            .iter()
            .filter_map(|add| if let Add::Send(entry) = add { Some(entry.path.as_path()) } else { None });
        sent.collect()
    }

    /// How many bytes are sent.
    pub(super) fn bytes(&self) -> u64 {
        self.add.iter().map(|add| if let Add::Send(entry) = add { size(entry) } else { 0 }).sum()
    }

    /// The room that what is sent takes. Links to files of the base take none.
    pub(super) fn need(&self) -> Need {
        let mut need = Need::default();
        for add in &self.add {
            if let Add::Send(entry) = add {
                need.add(size(entry));
            }
        }
        need
    }
}

/// What makes `found` equal to `wanted`. Files that are not there are linked from the base, when it has them.
pub(super) fn between(wanted: &RemoteTree, found: &RemoteTree, base: Option<&Base>) -> Diff {
    let mut diff = Diff::default();
    let linkable = base.map(linkable).unwrap_or_default();
    let mut removed = HashSet::new();
    for entry in &found.entries {
        let stays = wanted.get(&entry.path).is_some_and(|wanted| may_stay(wanted, entry));
        let with_parent = entry.path.ancestors().any(|above| removed.contains(above));
        if !stays && !with_parent {
            removed.insert(entry.path.as_path());
            diff.remove.push(entry.path.clone());
        }
    }
    for entry in &wanted.entries {
        let there = found.get(&entry.path).filter(|_| !entry.path.ancestors().any(|above| removed.contains(above)));
        match there {
            Some(there) if entry.kind == Kind::Directory => {
                let sealed = there.mode & 0o700 != 0o700;
                if sealed {
                    diff.open.push((entry.path.clone(), there.mode | 0o700));
                }
                if sealed || there.mode != entry.mode {
                    diff.modes.push((entry.path.clone(), entry.mode));
                }
            }
            Some(_) => {}
            None => {
                let from = linkable.get(&key(entry)).filter(|_| entry.content.is_some());
                let from = from.filter(|_| base.is_some_and(|base| !is_excepted(base, &entry.path)));
                diff.add.push(match from {
                    Some(from) => Add::Link { entry: entry.clone(), from: (*from).to_owned() },
                    None => Add::Send(entry.clone()),
                });
                // Directories arrive with what their owner needs to fill them.
                if entry.kind == Kind::Directory && entry.mode & 0o700 != 0o700 {
                    diff.modes.push((entry.path.clone(), entry.mode));
                }
            }
        }
    }
    if diff.remove.is_empty() && diff.add.is_empty() {
        diff.open.clear();
        diff.modes.retain(|(path, mode)| found.get(path).is_none_or(|there| there.mode != *mode));
    }
    diff
}

/// Whether an entry that was found can stay for the wanted one. Permissions of directories can be set; those of files cannot, they
/// may be linked.
fn may_stay(wanted: &Entry, found: &Entry) -> bool {
    match (&wanted.kind, &found.kind) {
        (Kind::Directory, Kind::Directory) => true,
        (Kind::Link { target: a }, Kind::Link { target: b }) => a == b,
        (Kind::File { size: a }, Kind::File { size: b }) => {
            a == b && wanted.mode == found.mode && wanted.content.is_some() && wanted.content == found.content
        }
        _ => false,
    }
}

/// What a linked file has to have in common: content, size and permissions.
type Key = (Option<Digest>, u64, u32);

fn key(entry: &Entry) -> Key {
    (entry.content, size(entry), entry.mode)
}

fn linkable(base: &Base) -> HashMap<Key, &Path> {
    let files = base.tree.entries.iter().filter(|entry| entry.content.is_some() && !is_excepted(base, &entry.path));
    files.map(|entry| (key(entry), entry.path.as_path())).collect()
}

fn is_excepted(base: &Base, path: &Path) -> bool {
    base.except.iter().any(|except| path.starts_with(except.as_path()))
}

fn size(entry: &Entry) -> u64 {
    match entry.kind {
        Kind::File { size } => size,
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(path: &str, what: &str) -> Entry {
        let (kind, mode, content) = match what.split_once(' ') {
            Some(("file", text)) => (Kind::File { size: text.len() as u64 }, 0o644, Some(Digest::of(text.as_bytes()))),
            Some(("link", target)) => (Kind::Link { target: target.into() }, 0o777, None),
            _ => (Kind::Directory, u32::from_str_radix(what, 8).unwrap(), None),
        };
        Entry { path: path.into(), mode, kind, modified: 0, changed: 0, inode: 0, content }
    }

    fn tree(entries: &[(&str, &str)]) -> RemoteTree {
        RemoteTree { entries: entries.iter().map(|(path, what)| entry(path, what)).collect() }
    }

    #[track_caller]
    fn check(wanted: &[(&str, &str)], found: &[(&str, &str)], base: &[(&str, &str)], expected: &[&str]) {
        let base = Base { root: "base".into(), tree: tree(base), except: vec!["up".parse().unwrap()] };
        let diff = between(&tree(wanted), &tree(found), Some(&base));
        let removed = diff.remove.iter().map(|path| format!("- {}", path.display()));
        let opened = diff.open.iter().map(|(path, mode)| format!("{mode:o} {}", path.display()));
        let added = diff.add.iter().map(|add| match add {
            Add::Send(entry) => format!("+ {}", entry.path.display()),
            Add::Link { entry, from } => format!("= {} {}", entry.path.display(), from.display()),
        });
        let modes = diff.modes.iter().map(|(path, mode)| format!("{mode:o} {}", path.display()));
        assert_eq!(removed.chain(opened).chain(added).chain(modes).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn only_what_differs_is_done() {
        let same = [("a", "755"), ("a/b", "file one"), ("c", "link a")];
        check(&same, &same, &[], &[]);
        check(&same, &[], &[], &["+ a", "+ a/b", "+ c"]);
        check(&same, &[], &[("z", "file one")], &["+ a", "= a/b z", "+ c"]);
        check(&[], &same, &[], &["- a", "- c"]);
        check(&same, &[("a", "755"), ("a/b", "file two"), ("c", "link x")], &[], &["- a/b", "- c", "+ a/b", "+ c"]);
    }

    #[test]
    fn what_changes_its_kind_goes_with_all_that_is_in_it() {
        check(&[("a", "file x")], &[("a", "755"), ("a/b", "file x")], &[], &["- a", "+ a"]);
        check(&[("a", "755"), ("a/b", "file x")], &[("a", "link /srv")], &[], &["- a", "+ a", "+ a/b"]);
        // A name that begins like the removed one is another.
        check(&[("a.b", "file x")], &[("a", "file y"), ("a.b", "file x")], &[], &["- a"]);
    }

    #[test]
    fn permissions_of_directories_are_set_and_shared_paths_are_never_linked() {
        check(&[("a", "750")], &[("a", "755")], &[], &["750 a"]);
        check(&[("a", "555"), ("a/b", "file x")], &[], &[], &["+ a", "+ a/b", "555 a"]);
        let sealed = [("a", "555"), ("a/b", "file x")];
        check(&sealed, &sealed, &[], &[]);
        check(&sealed, &[("a", "555"), ("a/b", "file y")], &[], &["- a/b", "755 a", "+ a/b", "555 a"]);
        check(&[("up", "755"), ("up/b", "file x")], &[], &[("b", "file x")], &["+ up", "+ up/b"]);
        check(&[("b", "file x")], &[], &[("up/b", "file x")], &["+ b"]);
    }
}
