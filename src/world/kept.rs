//! What is kept of looks and runs: a directory that has the digest of its record and appears whole; the oldest go when newer ones came.

use std::{
    fs::{self, DirBuilder},
    io,
    os::unix::fs::DirBuilderExt as _,
    path::Path,
};

use tempfile::TempDir;

use crate::domain::digest::Digest;

/// A directory that is being filled. Dropping it removes it.
pub(in crate::world) struct Filling<'s> {
    store: &'s Path,
    partial: TempDir,
}

impl<'s> Filling<'s> {
    /// A new one in a store, which is made when it is not there.
    pub(in crate::world) fn begin(store: &'s Path) -> io::Result<Self> {
        DirBuilder::new().recursive(true).mode(0o700).create(store)?;
        Ok(Self { store, partial: tempfile::Builder::new().prefix(".partial-").tempdir_in(store)? })
    }

    /// Where it is filled.
    pub(in crate::world) fn path(&self) -> &Path {
        self.partial.path()
    }

    /// Puts the record in and gives the directory its name; of the store the newest `most` stay.
    pub(in crate::world) fn keep(self, file: &str, record: &[u8], most: usize) -> io::Result<Digest> {
        let digest = Digest::of(record);
        fs::write(self.path().join(file), record)?;
        let place = self.store.join(digest.to_string());
        match fs::rename(self.path(), &place) {
            // The same one of the same moment.
            Err(_) if place.is_dir() => {}
            other => other?,
        }
        forget_oldest(self.store, most);
        Ok(digest)
    }
}

/// Removes what is older than the newest ones. What cannot be removed stays; whoever else does it at the same time may be first.
pub(in crate::world) fn forget_oldest(store: &Path, most: usize) {
    let entries = fs::read_dir(store).into_iter().flatten().flatten();
    let whole = entries.filter(|entry| !entry.file_name().as_encoded_bytes().starts_with(b"."));
    let mut found: Vec<_> =
        whole.filter_map(|entry| Some((entry.metadata().ok()?.modified().ok()?, entry.path()))).collect();
    found.sort();
    for (_, path) in found.iter().rev().skip(most) {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_appears_whole_under_the_digest_of_its_record_and_the_oldest_go() {
        let home = tempfile::tempdir().unwrap();
        let store = home.path().join("store");
        let keep = |text: &str| Filling::begin(&store).unwrap().keep("record", text.as_bytes(), 2).unwrap();
        let first = keep("first");
        assert_eq!(keep("first"), first, "twice is once");
        let old = store.join(first.to_string());
        assert_eq!(fs::read(old.join("record")).unwrap(), b"first");
        filetime(&old);
        drop(Filling::begin(&store).unwrap());
        for text in ["second", "third"] {
            keep(text);
        }
        assert!(!old.exists());
        assert_eq!(fs::read_dir(&store).unwrap().count(), 2);
    }

    /// Makes a directory an old one.
    fn filetime(path: &Path) {
        let long_ago = std::time::UNIX_EPOCH + std::time::Duration::from_secs(1);
        fs::File::open(path).unwrap().set_modified(long_ago).unwrap();
    }
}
