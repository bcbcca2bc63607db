//! The files of snapshots.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use crate::{
    domain::{
        digest::Digest,
        refusal::Code,
        snapshot::{SnapshotId, SnapshotManifest},
    },
    world::{WorldError, detached::write_durably, git::beside},
};

/// A database page repeats itself a lot; higher levels cost much time for little.
const LEVEL: i32 = 3;
/// Decoding needs at most 2^27 bytes of memory.
const WINDOW_LOG: u32 = 27;

pub(super) struct Stored {
    pub(super) bytes: u64,
    pub(super) digest: Digest,
}

pub(super) fn file(directory: &Path, id: &SnapshotId) -> PathBuf {
    directory.join(format!("{id}.sqlite.zst"))
}

pub(super) fn file_partial(file: &Path) -> PathBuf {
    beside(file, ".partial")
}

pub(super) fn manifest(directory: &Path, id: &SnapshotId) -> Option<SnapshotManifest> {
    serde_json::from_slice(&fs::read(directory.join(format!("{id}.json"))).ok()?).ok()
}

pub(super) fn write_manifest(directory: &Path, manifest: &SnapshotManifest) -> Result<(), WorldError> {
    let text = serde_json::to_vec_pretty(manifest)
        .map_err(|e| WorldError::io("write the manifest of the snapshot", io::Error::other(e)))?;
    write_durably(&directory.join(format!("{}.json", manifest.id)), &text)
}

pub(super) fn list(directory: &Path) -> Result<Vec<SnapshotManifest>, WorldError> {
    let io = |e| WorldError::io("list the snapshots", e);
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|id| id.parse().ok());
        let Some(known) = id.and_then(|id| manifest(directory, &id)) else { continue };
        if fs::metadata(file(directory, &known.id)).is_ok_and(|m| m.len() == known.stored_bytes) {
            found.push(known);
        }
    }
    Ok(found)
}

/// Compresses `from` into a new private file and makes it durable.
pub(super) fn compress(from: &Path, partial: &Path) -> Result<Stored, WorldError> {
    let io = |e| WorldError::io("store the snapshot", e);
    let _ = fs::remove_file(partial);
    let mut source = File::open(from).map_err(io)?;
    let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial).map_err(io)?;
    let hashing = Hashing { inner: target, hash: Sha256::new(), bytes: 0 };
    let mut encoder = zstd::stream::write::Encoder::new(hashing, LEVEL).map_err(io)?;
    encoder.include_checksum(true).map_err(io)?;
    io::copy(&mut source, &mut encoder).map_err(io)?;
    let done = encoder.finish().map_err(io)?;
    done.inner.sync_all().map_err(io)?;
    let on_disk = done.inner.metadata().map_err(io)?.len();
    if on_disk != done.bytes {
        return Err(WorldError::new(
            Code::BackupMissing,
            "store the snapshot",
            "the file system kept less than was written",
            "Check the disk and its quota.",
        ));
    }
    Ok(Stored { bytes: done.bytes, digest: Digest::from_bytes(done.hash.finalize().into()) })
}

/// Decodes a stored file to its end into a new private file. Returns the digest of what was read.
pub(super) fn decode(from: &Path, to: &Path, limit: u64) -> Result<Digest, WorldError> {
    let io = |e| WorldError::io("decode the snapshot", e);
    let _ = fs::remove_file(to);
    let source = File::open(from).map_err(io)?;
    let mut hashing = Hashing { inner: source, hash: Sha256::new(), bytes: 0 };
    let mut target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(to).map_err(io)?;
    {
        let mut decoder =
            zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(128 * 1024, &mut hashing)).map_err(io)?;
        decoder.window_log_max(WINDOW_LOG).map_err(io)?;
        let written = io::copy(&mut (&mut decoder).take(limit + 1), &mut target).map_err(io)?;
        if written > limit {
            return Err(io(io::ErrorKind::InvalidData.into()));
        }
    }
    target.sync_all().map_err(io)?;
    Ok(Digest::from_bytes(hashing.hash.finalize().into()))
}

/// Refuses when `directory` has not that much free space.
pub(super) fn require_space(directory: &Path, bytes: u64) -> Result<(), WorldError> {
    let io = |e| WorldError::io("look at the free space", e);
    fs::DirBuilder::new().recursive(true).mode(0o700).create(directory).map_err(io)?;
    let space = rustix::fs::statvfs(directory).map_err(|e| io(e.into()))?;
    let free = space.f_bavail.saturating_mul(space.f_frsize);
    if free >= bytes {
        return Ok(());
    }
    Err(WorldError::new(
        Code::WorldFailed,
        "make room for a snapshot",
        format!("{free} bytes are free and {bytes} are needed"),
        "Free space on the disk of the data directory, or prune old snapshots with deploy-ops snapshot prune.",
    ))
}

/// Hashes and counts what passes.
struct Hashing {
    inner: File,
    hash: Sha256,
    bytes: u64,
}

impl Write for Hashing {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let count = self.inner.write(bytes)?;
        self.hash.update(bytes.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.inner.flush()
    }
}

impl Read for Hashing {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.hash.update(buffer.get(..count).unwrap_or_default());
        self.bytes += count as u64;
        Ok(count)
    }
}
