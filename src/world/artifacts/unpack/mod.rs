//! Archives that others made, unpacked below a directory of our own: nothing outside of it is written, through no link, and no more
//! than fits.

mod tar;
mod zip;

use std::{
    ffi::OsStr,
    fs::{self, OpenOptions, Permissions},
    io::{self, Read, Write},
    os::unix::{
        ffi::OsStrExt,
        fs::{OpenOptionsExt, PermissionsExt},
    },
    path::{Component, Path, PathBuf},
};

use super::super::{WorldError, tree};
use crate::domain::{clean::clean_line, refusal::Code};

const DOING: &str = "unpack the artifact";

/// How much may come out of an archive.
#[derive(Debug, Clone, Copy)]
pub(super) struct Bounds {
    /// The size of all files together, bytes.
    pub(super) bytes: u64,
    /// How many entries it may have.
    pub(super) entries: usize,
}

impl Bounds {
    /// What releases are taken to have at most.
    pub(super) const USUAL: Self = Self { bytes: 4 * 1024 * 1024 * 1024, entries: tree::ENTRIES };
}

/// Unpacks a zip archive, or a tar archive that gzip or zstd may have compressed, into a directory that does not exist yet. What it is
/// is told from its first bytes.
pub(super) fn unpack(archive: &Path, into: &Path, bounds: Bounds) -> Result<(), WorldError> {
    let mut first = Vec::new();
    let file = fs::File::open(archive).map_err(failed)?;
    file.take(4).read_to_end(&mut first).map_err(failed)?;
    fs::create_dir(into).and_then(|()| fs::set_permissions(into, Permissions::from_mode(0o755))).map_err(failed)?;
    let mut growing = Growing { root: into, left: bounds };
    match first.as_slice() {
        [b'P', b'K', ..] => zip::unpack(archive, &mut growing),
        [0x1f, 0x8b, ..] => tar::unpack(archive, tar::Packed::Gzip, &mut growing),
        [0x28, 0xb5, 0x2f, 0xfd] => tar::unpack(archive, tar::Packed::Zstd, &mut growing),
        _ => tar::unpack(archive, tar::Packed::Not, &mut growing),
    }
}

/// The tree that comes out.
struct Growing<'a> {
    root: &'a Path,
    left: Bounds,
}

impl Growing<'_> {
    fn directory(&mut self, name: &[u8]) -> Result<(), WorldError> {
        self.count(1)?;
        let path = inside(name)?;
        self.make_directories(&path)
    }

    /// A file. Of its permissions only counts whether it may be executed.
    fn file(&mut self, name: &[u8], executable: bool, content: &mut dyn Read) -> Result<(), WorldError> {
        self.count(1)?;
        let path = self.place(name)?;
        let mode = if executable { 0o755 } else { 0o644 };
        let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path).map_err(taken(name))?;
        // What is said about its size may be a lie, so what really comes is counted.
        let room = self.left.bytes;
        let written = io::copy(&mut content.take(room.saturating_add(1)), &mut file).map_err(damaged)?;
        if written > room {
            return Err(too_large());
        }
        self.left.bytes = room - written;
        file.flush().map_err(failed)?;
        file.set_permissions(Permissions::from_mode(mode)).map_err(failed)
    }

    /// A symbolic link. Where it leads to is looked at when the whole tree is there; nothing is written through it.
    fn link(&mut self, name: &[u8], target: &[u8]) -> Result<(), WorldError> {
        self.count(1)?;
        let path = self.place(name)?;
        if target.is_empty() || target.len() > 4095 || target.contains(&0) {
            return Err(refused(format!("a link leads nowhere: {}", shown(name))));
        }
        std::os::unix::fs::symlink(OsStr::from_bytes(target), path).map_err(taken(name))
    }

    fn count(&mut self, more: usize) -> Result<(), WorldError> {
        self.left.entries = self.left.entries.checked_sub(more).ok_or_else(too_large)?;
        Ok(())
    }

    /// Where an entry goes; the directories above it are there then.
    fn place(&self, name: &[u8]) -> Result<PathBuf, WorldError> {
        let path = inside(name)?;
        match path.parent() {
            Some(parent) => self.make_directories(parent)?,
            None => return Err(refused("an entry has no name")),
        }
        Ok(self.root.join(path))
    }

    /// Makes each directory that is not there. A link is none, wherever it leads.
    fn make_directories(&self, below: &Path) -> Result<(), WorldError> {
        let mut path = self.root.to_owned();
        for part in below.components() {
            path.push(part);
            match fs::symlink_metadata(&path) {
                Ok(found) if found.is_dir() => continue,
                Ok(_) => {
                    let name = shown(below.as_os_str().as_bytes());
                    return Err(refused(format!("an entry lies below something that is no directory: {name}")));
                }
                Err(_) => {}
            }
            let made = fs::create_dir(&path);
            made.and_then(|()| fs::set_permissions(&path, Permissions::from_mode(0o755))).map_err(failed)?;
        }
        Ok(())
    }
}

/// The name of an entry as a path below the root: empty for the root itself.
fn inside(name: &[u8]) -> Result<PathBuf, WorldError> {
    let outside = || refused(format!("an entry would lie outside: {}", shown(name)));
    if name.len() > 4095 || name.iter().any(|byte| byte.is_ascii_control() || *byte == b'\\') {
        return Err(refused(format!("an entry has a name that is none here: {}", shown(name))));
    }
    let mut path = PathBuf::new();
    for part in Path::new(OsStr::from_bytes(name)).components() {
        match part {
            Component::Normal(part) => path.push(part),
            Component::CurDir => {}
            Component::RootDir | Component::ParentDir | Component::Prefix(_) => return Err(outside()),
        }
    }
    Ok(path)
}

fn shown(name: &[u8]) -> String {
    clean_line(&String::from_utf8_lossy(name)).chars().take(100).collect()
}

fn taken(name: &[u8]) -> impl FnOnce(io::Error) -> WorldError {
    let name = shown(name);
    move |error| match error.kind() {
        io::ErrorKind::AlreadyExists => refused(format!("two entries have one name: {name}")).because(error),
        _ => failed(error),
    }
}

fn refused(why: impl Into<String>) -> WorldError {
    WorldError::new(Code::ArtifactRefused, DOING, why, "Look at how the archive is made, and build it anew.")
}

fn too_large() -> WorldError {
    let Bounds { bytes, entries } = Bounds::USUAL;
    refused(format!("more than {} GiB or {entries} entries come out of it", bytes / (1024 * 1024 * 1024)))
}

/// The archive cannot be read to its end.
fn damaged(error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> WorldError {
    refused("it is no archive that can be read, or it is damaged").because(error)
}

fn failed(error: io::Error) -> WorldError {
    WorldError::io(DOING, error)
}

#[cfg(test)]
mod tests;
