//! Opening beneath a root: `openat2(2)` with `RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS`, so that nothing
//! can be swapped between a check and the opening.

use std::{
    fs::File,
    os::{fd::OwnedFd, unix::fs::MetadataExt},
    path::{Path, PathBuf},
    sync::Arc,
};

use rustix::{
    fs::{AtFlags, CWD, Dir, FileType, Mode, OFlags, ResolveFlags, fstat, openat, openat2, statat},
    io::Errno,
};

use super::Entry;
use crate::{
    domain::{
        inventory::{Engine, Inventory, RelativePath},
        refusal::Code,
        time::Time,
    },
    world::{
        World, WorldError,
        database::{companions, is_database_file},
    },
};

/// The most entries of a directory that are listed.
pub(in crate::world) const ENTRIES: usize = 2000;

/// A regular file below a root, with its size and when it was last written.
///
/// Looked at before it is opened for reading: closing a handle of a SQLite file drops the locks that this process holds on it
/// (<https://sqlite.org/howtocorrupt.html> §2.2), so databases are never opened here.
pub(in crate::world) fn regular(
    forbidden: &Forbidden,
    root: &Path,
    path: &RelativePath,
) -> Result<(File, u64, Option<Time>), WorldError> {
    let seen = fstat(beneath(root, Some(path), OFlags::PATH)?)
        .map_err(|error| WorldError::io("look at a file", error.into()))?;
    if forbidden.covers(seen.st_dev, seen.st_ino) {
        return Err(is_database());
    }
    if FileType::from_raw_mode(seen.st_mode) != FileType::RegularFile {
        return Err(refused("it is not a regular file", "Give the path of a file; a directory can be listed."));
    }
    // Without O_NONBLOCK opening a FIFO would wait for a writer.
    let file = File::from(beneath(root, Some(path), OFlags::RDONLY | OFlags::NONBLOCK | OFlags::NOCTTY)?);
    let metadata = file.metadata().map_err(|error| WorldError::io("look at a file", error))?;
    if (metadata.dev(), metadata.ino()) != (seen.st_dev, seen.st_ino) {
        return Err(refused("it changed while it was opened", "Try again."));
    }
    Ok((file, metadata.len(), Some(Time::from_millis(metadata.mtime().saturating_mul(1000)))))
}

/// Files that are never opened: the databases of the inventory, and our own state.
#[derive(Debug, Clone)]
pub(in crate::world) struct Forbidden {
    inventory: Arc<Inventory>,
    state: PathBuf,
}

impl Forbidden {
    pub(in crate::world) fn of(world: &World) -> Self {
        Self { inventory: world.inventory.clone(), state: world.paths.data.join("state.db") }
    }

    fn covers(&self, device: u64, inode: u64) -> bool {
        let same =
            |path: &PathBuf| std::fs::metadata(path).is_ok_and(|found| (found.dev(), found.ino()) == (device, inode));
        is_database_file(&self.inventory, device, inode) || companions(&self.state).iter().any(same)
    }

    /// Whether the path is that of such a file.
    pub(super) fn names(&self, path: &Path) -> bool {
        let databases = self.inventory.databases.values().filter_map(|database| match &database.engine {
            Engine::Sqlite { path } => Some(path),
            Engine::Postgres(_) | Engine::Mariadb(_) => None,
        });
        databases.chain([&self.state]).any(|file| companions(file).iter().any(|one| one == path))
    }
}

/// The entries of a directory below a root, by name. Links are named, never followed.
pub(in crate::world) fn list(root: &Path, path: Option<&RelativePath>) -> Result<Vec<Entry>, WorldError> {
    let directory = beneath(root, path, OFlags::RDONLY | OFlags::DIRECTORY)?;
    let failed = |error: Errno| WorldError::io("list a directory", error.into());
    let mut entries = Vec::new();
    for entry in Dir::read_from(&directory).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let name = entry.file_name();
        if matches!(name.to_bytes(), b"." | b"..") || entries.len() == ENTRIES {
            continue;
        }
        let Ok(stat) = statat(&directory, name, AtFlags::SYMLINK_NOFOLLOW) else { continue };
        entries.push(Entry {
            name: name.to_string_lossy().into_owned(),
            kind: match FileType::from_raw_mode(stat.st_mode) {
                FileType::RegularFile => "file",
                FileType::Directory => "directory",
                FileType::Symlink => "link",
                _ => "other",
            },
            bytes: u64::try_from(stat.st_size).unwrap_or(0),
            modified: Some(Time::from_millis(stat.st_mtime.saturating_mul(1000))),
            mode: stat.st_mode & 0o7777,
        });
    }
    entries.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(entries)
}

/// Opens a path below a root; nothing on the way may be a link.
pub(super) fn beneath(root: &Path, path: Option<&RelativePath>, flags: OFlags) -> Result<OwnedFd, WorldError> {
    let base =
        openat(CWD, root, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()).map_err(|error| {
            WorldError::new(
                Code::PathRefused,
                "open a root of the inventory",
                "it is not there or cannot be entered",
                "The operator corrects [roots] in deploy-ops.toml.",
            )
            .because(std::io::Error::from(error))
        })?;
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_MAGICLINKS;
    let path = path.map_or(".", RelativePath::as_str);
    openat2(base, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve).map_err(|error| match error {
        Errno::NOENT => WorldError::new(
            Code::NotFound,
            "open a file",
            "there is no such file below that root",
            "List the directory with read_file to see what is there.",
        ),
        Errno::LOOP | Errno::XDEV => {
            refused("a symbolic link or a mount point is on its way", "Give the path of the file itself.")
        }
        Errno::ACCESS | Errno::PERM => refused("this server may not read it", "The operator checks its permissions."),
        Errno::NOTDIR => refused("a part of its path is not a directory", "List the directory with read_file."),
        other => WorldError::io("open a file", other.into()),
    })
}

pub(super) fn is_database() -> WorldError {
    refused("it is a database", "Look at it with the tools for databases.")
}

fn refused(problem: &str, fix: &str) -> WorldError {
    WorldError::new(Code::PathRefused, "read a file", problem, fix)
}
