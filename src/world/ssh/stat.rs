//! A file of a host, as SFTP describes it.

use russh_sftp::protocol::FileAttributes;

/// What is known of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::world) struct Stat {
    /// Type and permissions, as in `st_mode`.
    pub(in crate::world) mode: u32,
    /// Its size, bytes.
    pub(in crate::world) size: u64,
    /// When its content was last changed, s since 1970.
    pub(in crate::world) modified: u32,
    /// The number of its owner.
    pub(in crate::world) owner: Option<u32>,
}

impl Stat {
    const TYPE: u32 = 0o170_000;
    /// What SFTP tells; a host that leaves something out tells nothing good of the file.
    pub(super) fn of(attributes: &FileAttributes) -> Self {
        Self {
            mode: attributes.permissions.unwrap_or(0),
            size: attributes.size.unwrap_or(0),
            modified: attributes.mtime.unwrap_or(0),
            owner: attributes.uid,
        }
    }
    /// Whether it is a directory.
    pub(in crate::world) fn is_directory(self) -> bool {
        self.mode & Self::TYPE == 0o040_000
    }
    /// Whether it is a regular file.
    pub(in crate::world) fn is_file(self) -> bool {
        self.mode & Self::TYPE == 0o100_000
    }
    /// Whether it is a symbolic link.
    pub(in crate::world) fn is_link(self) -> bool {
        self.mode & Self::TYPE == 0o120_000
    }
}
