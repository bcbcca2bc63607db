//! Files below the roots of the inventory, opened so that nothing outside can be reached, whatever the links say.

use std::{
    fs::File,
    io::{BufRead, BufReader, Read, Seek, SeekFrom},
    ops::ControlFlow,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::Path,
};

use rustix::fs::{CWD, Mode, OFlags, ResolveFlags, openat2};

use super::{Reader, WorldError, blocking::blocking, database::is_database_file};
use crate::domain::{inventory::RelativePath, name::RootName, refusal::Code, time::Time};

/// How long a line may be before the rest of it is left out, bytes.
pub const LINE: usize = 8 * 1024;
/// How much of a file is looked at to tell text from binary, bytes.
const PROBE: usize = 8 * 1024;

/// What a file holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FileKind {
    /// UTF-8 without NUL, as far as was looked.
    Text,
    /// Something else.
    Binary,
}

/// A part of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilePart {
    /// Text or binary.
    pub kind: FileKind,
    /// The bytes from the offset on; others wrote them.
    pub bytes: Vec<u8>,
    /// The size of the whole file, bytes.
    pub size: u64,
    /// Where the next part begins; absent at the end.
    pub next_offset: Option<u64>,
    /// When it was last written (UTC).
    pub modified_at: Time,
}

/// An entry of a directory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DirectoryEntry {
    /// Its name; others chose it.
    pub name: String,
    /// `file`, `directory`, `link` or `other`.
    pub kind: &'static str,
    /// Its size, bytes.
    pub bytes: u64,
    /// When it was last written (UTC).
    pub modified_at: Time,
}

impl Reader<'_> {
    /// At most `limit` bytes of a file from `offset` on.
    pub async fn read_file(
        &self,
        root: &RootName,
        path: &RelativePath,
        offset: u64,
        limit: usize,
    ) -> Result<FilePart, WorldError> {
        let mut file = self.open_below(root, path)?;
        blocking(move || {
            let io = |e| WorldError::io("read the file", e);
            let metadata = file.metadata().map_err(io)?;
            let mut begin = Vec::new();
            (&mut file).take(PROBE as u64).read_to_end(&mut begin).map_err(io)?;
            let mut bytes = Vec::new();
            file.seek(SeekFrom::Start(offset)).map_err(io)?;
            file.take(limit as u64).read_to_end(&mut bytes).map_err(io)?;
            let end = offset.saturating_add(bytes.len() as u64);
            Ok(FilePart {
                kind: kind(&begin),
                next_offset: (end < metadata.len() && !bytes.is_empty()).then_some(end),
                bytes,
                size: metadata.len(),
                modified_at: modified(metadata.mtime()),
            })
        })
        .await
    }

    /// What a directory holds, by name; `None` is the root itself. At most `limit` entries, and whether there are more.
    pub async fn list_directory(
        &self,
        root: &RootName,
        path: Option<&RelativePath>,
        limit: usize,
    ) -> Result<(Vec<DirectoryEntry>, bool), WorldError> {
        let flags = OFlags::RDONLY | OFlags::DIRECTORY;
        let directory = self.open_with(root, path, flags)?;
        blocking(move || {
            let io = |e: rustix::io::Errno| WorldError::io("list the directory", e.into());
            let mut entries = Vec::new();
            for entry in rustix::fs::Dir::read_from(&directory).map_err(io)? {
                let entry = entry.map_err(io)?;
                let name = entry.file_name();
                if matches!(name.to_bytes(), b"." | b"..") {
                    continue;
                }
                let Ok(stat) = rustix::fs::statat(&directory, name, rustix::fs::AtFlags::SYMLINK_NOFOLLOW) else {
                    continue;
                };
                let kind = match rustix::fs::FileType::from_raw_mode(stat.st_mode) {
                    rustix::fs::FileType::RegularFile => "file",
                    rustix::fs::FileType::Directory => "directory",
                    rustix::fs::FileType::Symlink => "link",
                    _ => "other",
                };
                entries.push(DirectoryEntry {
                    name: name.to_string_lossy().into_owned(),
                    kind,
                    bytes: u64::try_from(stat.st_size).unwrap_or(0),
                    modified_at: modified(stat.st_mtime),
                });
            }
            entries.sort_by(|a, b| a.name.cmp(&b.name));
            let more = entries.len() > limit;
            entries.truncate(limit);
            Ok((entries, more))
        })
        .await
    }

    /// Hands every line of a file to `visit`, with the offset of its begin, until it says stop. Lines end at `\n`; what a line
    /// has beyond [`LINE`] bytes is left out. Memory stays flat whatever the file holds.
    pub async fn visit_lines(
        &self,
        root: &RootName,
        path: &RelativePath,
        mut visit: impl FnMut(u64, &[u8]) -> ControlFlow<()> + Send + 'static,
    ) -> Result<(), WorldError> {
        let file = self.open_below(root, path)?;
        blocking(move || {
            let io = |e| WorldError::io("read the file", e);
            let mut reader = BufReader::with_capacity(128 * 1024, file);
            let (mut line, mut begin, mut at) = (Vec::new(), 0_u64, 0_u64);
            loop {
                let available = reader.fill_buf().map_err(io)?;
                if available.is_empty() {
                    break;
                }
                let end = memchr::memchr(b'\n', available);
                let piece = available.get(..end.unwrap_or(available.len())).unwrap_or_default();
                line.extend(piece.iter().take(LINE - line.len()));
                let used = piece.len() + usize::from(end.is_some());
                reader.consume(used);
                at += used as u64;
                if end.is_some() {
                    if visit(begin, &line).is_break() {
                        return Ok(());
                    }
                    line.clear();
                    begin = at;
                }
            }
            if at > begin {
                let _ = visit(begin, &line);
            }
            Ok(())
        })
        .await
    }

    /// The file and its rotated predecessors that are there, newest first: `name`, `name.1`, `name.2`, … Compressed ones are
    /// left out.
    pub fn rotated(&self, root: &RootName, path: &RelativePath) -> Vec<RelativePath> {
        let numbered = (1..=32).map(|number| format!("{path}.{number}").parse::<RelativePath>());
        std::iter::once(Ok(path.clone()))
            .chain(numbered)
            .filter_map(Result::ok)
            .take_while(|candidate| candidate == path || self.open_below(root, candidate).is_ok())
            .filter(|candidate| self.open_below(root, candidate).is_ok())
            .collect()
    }

    /// Opens a regular file below a root.
    pub(crate) fn open_below(self, root: &RootName, path: &RelativePath) -> Result<File, WorldError> {
        // Looked at before it is opened for reading: see `is_database_file`.
        let anchor = self.open_with(root, Some(path), OFlags::PATH)?;
        let seen = rustix::fs::fstat(&anchor).map_err(|e| WorldError::io("look at the file", e.into()))?;
        let refuse = |why: &str, fix: &str| Err(WorldError::new(Code::PathRefused, "open the file", why, fix));
        if rustix::fs::FileType::from_raw_mode(seen.st_mode) != rustix::fs::FileType::RegularFile {
            return refuse("it is not a regular file", "Name a regular file; read_file lists directories.");
        }
        if is_database_file(self.inventory(), seen.st_dev, seen.st_ino) {
            return refuse("it is a database of the inventory", "Look at it with the tools for databases.");
        }
        // Without O_NONBLOCK a pipe that took the file's place meanwhile would block us.
        let file = File::from(self.open_with(root, Some(path), OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?);
        let opened = file.metadata().map_err(|e| WorldError::io("look at the file", e))?;
        if opened.is_file() && (opened.dev(), opened.ino()) == (seen.st_dev, seen.st_ino) {
            Ok(file)
        } else {
            refuse("it changed while it was opened", "Try again.")
        }
    }

    fn open_with(self, root: &RootName, path: Option<&RelativePath>, flags: OFlags) -> Result<OwnedFd, WorldError> {
        let directory = self.inventory().root(root).map_err(|refusal| {
            WorldError::new(refusal.code, "open a root directory", "there is no such root", refusal.fix)
        })?;
        let anchor =
            rustix::fs::openat(CWD, directory, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty())
                .map_err(|e| WorldError::io("open the root directory", e.into()))?;
        let below = path.map_or(Path::new("."), RelativePath::as_path);
        let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
        openat2(&anchor, below, flags | OFlags::CLOEXEC, Mode::empty(), resolve).map_err(|error| match error {
            rustix::io::Errno::LOOP | rustix::io::Errno::XDEV => WorldError::new(
                Code::PathRefused,
                "open the path",
                "it goes through a symbolic link or leaves its root",
                "Name the real path below the root.",
            ),
            rustix::io::Errno::NOENT | rustix::io::Errno::NOTDIR => WorldError::new(
                Code::NotFound,
                "open the path",
                "there is nothing of that name",
                "List the directory with read_file and choose a name from it.",
            ),
            other => WorldError::io("open the path", other.into()),
        })
    }
}

fn kind(begin: &[u8]) -> FileKind {
    // A character may be cut at the end of what was looked at.
    let text = match std::str::from_utf8(begin) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none(),
    };
    if text && !begin.contains(&0) { FileKind::Text } else { FileKind::Binary }
}

fn modified(seconds: i64) -> Time {
    Time::from_millis(seconds.saturating_mul(1000))
}
