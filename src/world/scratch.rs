//! Directories that are thrown away.

use std::{fs, os::unix::fs::DirBuilderExt};

use tempfile::TempDir;

use super::{Reader, WorldError};

/// The longest path of a socket, bytes (unix(7): 108 with the final zero; others have less).
const LONGEST_SOCKET: usize = 103;
/// How much of it Chromium wants below its directory for temporary files: `/org.chromium.Chromium.XXXXXX/SingletonSocket`.
pub(crate) const OF_CHROMIUM: usize = 45;

impl Reader<'_> {
    /// A new private directory in our data directory; it is removed when the value is dropped.
    pub(crate) fn scratch(self, prefix: &str) -> Result<TempDir, WorldError> {
        let io = |e| WorldError::io("make a scratch directory", e);
        let parent = self.world.paths.scratch();
        fs::DirBuilder::new().recursive(true).mode(0o700).create(&parent).map_err(io)?;
        tempfile::Builder::new().prefix(prefix).tempdir_in(parent).map_err(io)
    }

    /// The same for programs that make sockets in it, at paths of at most so many bytes below it. Where our data directory lies too deep
    /// for that, it is made among the system's temporary files.
    pub(crate) fn scratch_for_sockets(self, prefix: &str, below: usize) -> Result<TempDir, WorldError> {
        let directory = self.scratch(prefix)?;
        if directory.path().as_os_str().len() + below <= LONGEST_SOCKET {
            return Ok(directory);
        }
        let io = |e| WorldError::io("make a scratch directory", e);
        tempfile::Builder::new().prefix(prefix).tempdir().map_err(io)
    }
}
