//! A tree as bytes, so that what was once read need not be read again.

use std::{io::Read, os::unix::ffi::OsStrExt, path::Path};

use super::{RemoteTree, is_below, shell};
use crate::world::{
    WorldError,
    tree::{self, Kind},
};

/// The longest record, unpacked, bytes.
const LONGEST: u64 = 128 * 1024 * 1024;

impl RemoteTree {
    /// The tree here, with its content: what a tree on a host is to become.
    pub(in crate::world) fn here(root: &Path) -> Result<Self, WorldError> {
        let nodes = tree::walk(root, &|_| true)?;
        let entry = |node: tree::Node| {
            let content = match &node.kind {
                Kind::File { .. } => Some(tree::file_digest(&root.join(&node.path))?),
                _ => None,
            };
            let tree::Node { path, mode, changed, inode, kind, .. } = node;
            Ok(super::Entry { path, mode, kind, modified: 0, changed, inode, content })
        };
        let entries: Result<Vec<_>, WorldError> = nodes.into_iter().map(entry).collect();
        Ok(Self { entries: entries? })
    }

    /// All that is known of the tree, packed. The fields are those of a listing; a file has its content where a link has its
    /// target.
    pub(in crate::world) fn to_record(&self) -> Result<Vec<u8>, WorldError> {
        let mut record = Vec::new();
        for entry in &self.entries {
            let (kind, size, last) = match &entry.kind {
                Kind::Directory => ("d", 0, Vec::new()),
                Kind::File { size } => {
                    ("f", *size, entry.content.map(|digest| digest.to_string().into_bytes()).unwrap_or_default())
                }
                Kind::Link { target } => ("l", 0, target.as_os_str().as_bytes().to_vec()),
                Kind::Other => ("o", 0, Vec::new()),
            };
            let time = |ns: i128| format!("{}.{:09}", ns.div_euclid(1_000_000_000), ns.rem_euclid(1_000_000_000));
            let fields = [
                kind.to_owned(),
                format!("{:o}", entry.mode),
                size.to_string(),
                time(entry.modified),
                time(entry.changed),
                entry.inode.to_string(),
            ];
            for field in fields {
                record.extend_from_slice(field.as_bytes());
                record.push(0);
            }
            record.extend_from_slice(entry.path.as_os_str().as_bytes());
            record.push(0);
            record.extend_from_slice(&last);
            record.push(0);
        }
        zstd::encode_all(record.as_slice(), 1).map_err(|e| WorldError::io("pack what is known of a tree", e))
    }

    /// What [`to_record`](Self::to_record) made; `None` for anything else.
    pub(in crate::world) fn from_record(record: &[u8]) -> Option<Self> {
        let mut unpacked = Vec::new();
        zstd::Decoder::new(record).ok()?.take(LONGEST).read_to_end(&mut unpacked).ok()?;
        let mut entries = shell::parse(&unpacked)?;
        entries.sort_by(|a, b| a.path.as_os_str().as_bytes().cmp(b.path.as_os_str().as_bytes()));
        // It lay on the host: what is not below the root is no record of ours.
        entries.iter().all(|entry| is_below(&entry.path)).then_some(Self { entries })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tree_is_the_same_after_it_was_a_record_and_has_the_digest_it_has_here() {
        let directory = tempfile::tempdir().unwrap();
        std::fs::create_dir_all(directory.path().join("a b/empty")).unwrap();
        std::fs::write(directory.path().join("a b/-n\new\"'"), "content").unwrap();
        std::os::unix::fs::symlink("../ü", directory.path().join("link")).unwrap();
        let tree = RemoteTree::here(directory.path()).unwrap();
        assert_eq!(tree.digest(), tree::digest(directory.path()).unwrap());
        let record = tree.to_record().unwrap();
        assert_eq!(RemoteTree::from_record(&record), Some(tree));
        assert_eq!(RemoteTree::from_record(b"else"), None);
        let outside = zstd::encode_all(&b"f\x00644\x001\x001\x001\x001\x00../x\x00\x00"[..], 1).unwrap();
        assert_eq!(RemoteTree::from_record(&outside), None);
        assert_eq!(RemoteTree::from_record(record.get(..record.len() / 2).unwrap()), None);
    }
}
