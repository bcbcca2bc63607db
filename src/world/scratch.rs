//! Directories that are thrown away.

use std::{fs, os::unix::fs::DirBuilderExt};

use tempfile::TempDir;

use super::{Reader, WorldError};

impl Reader<'_> {
    /// A new private directory in our data directory; it is removed when the value is dropped.
    pub(crate) fn scratch(self, prefix: &str) -> Result<TempDir, WorldError> {
        let io = |e| WorldError::io("make a scratch directory", e);
        let parent = self.world.paths.scratch();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&parent).map_err(io)?;
        tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(io)
    }
}
