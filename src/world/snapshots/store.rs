//! The files of snapshots: `<id>.<format>.zst[.age]` with the data, `<id>.json` with the signed manifest.

use std::{
    fs::{self, File, OpenOptions},
    io::{self, BufReader, Read, Write},
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use sha2::{Digest as _, Sha256};

use super::{encryption::Keys, proof::Unrestored, signature::Signed};
use crate::{
    domain::{
        digest::Digest,
        refusal::Code,
        snapshot::{SnapshotFormat, SnapshotId, SnapshotManifest},
    },
    world::{Paths, WorldError, detached::write_durably, git::beside},
};

/// Higher levels cost much time for little.
const LEVEL: i32 = 3;
/// Decoding needs at most 2^27 bytes of memory.
const WINDOW_LOG: u32 = 27;
/// What is read at once, bytes.
const CHUNK: usize = 256 * 1024;
/// What is wrong with a whole file that is not the one that was stored.
pub(super) const ANOTHER: &str = "its file does not have the digest of its manifest";

/// What a stored file is.
#[derive(Debug, Clone)]
pub(super) struct Stored {
    /// What was read, before compression.
    pub(super) data_bytes: u64,
    /// What lies on the disk.
    pub(super) bytes: u64,
    pub(super) digest: Digest,
}

impl Stored {
    /// What the manifest says of it.
    pub(super) fn of(manifest: &SnapshotManifest) -> Self {
        Self { data_bytes: manifest.data_bytes, bytes: manifest.stored_bytes, digest: manifest.digest }
    }
}

/// Where the data of a snapshot lies.
pub(super) fn file(paths: &Paths, manifest: &SnapshotManifest) -> PathBuf {
    file_of(paths, &manifest.id, manifest.format, manifest.encrypted)
}

pub(super) fn file_of(paths: &Paths, id: &SnapshotId, format: SnapshotFormat, encrypted: bool) -> PathBuf {
    let age = if encrypted { ".age" } else { "" };
    paths.snapshots().join(format!("{id}.{}.zst{age}", format.extension()))
}

pub(super) fn partial(file: &Path) -> PathBuf {
    beside(file, ".partial")
}

/// The size of the data file, complete or not; 0 when there is none.
pub(super) fn bytes(paths: &Paths, id: &SnapshotId) -> u64 {
    let prefix = format!("{id}.");
    let entries = fs::read_dir(paths.snapshots()).into_iter().flatten().flatten();
    let data = entries.filter(|entry| {
        let name = entry.file_name();
        name.to_str().is_some_and(|name| name.starts_with(&prefix) && !name.ends_with(".json"))
    });
    data.filter_map(|entry| entry.metadata().ok()).map(|found| found.len()).max().unwrap_or(0)
}

/// The manifest of a snapshot, whoever signed it.
pub(super) fn manifest(paths: &Paths, id: &SnapshotId) -> Option<Signed> {
    let signed: Signed = serde_json::from_slice(&fs::read(paths.snapshots().join(format!("{id}.json"))).ok()?).ok()?;
    (signed.manifest.id == *id).then_some(signed)
}

/// Signs the manifest and makes it durable: from now on the snapshot exists.
pub(super) fn write_manifest(paths: &Paths, manifest: &SnapshotManifest) -> Result<(), WorldError> {
    let signed = Signed::new(manifest.clone(), paths)?;
    let text = serde_json::to_vec_pretty(&signed)
        .map_err(|e| WorldError::io("write the manifest of the snapshot", io::Error::other(e)))?;
    write_durably(&paths.snapshots().join(format!("{}.json", manifest.id)), &text)
}

/// The manifests of this installation whose files have their size.
pub(super) fn list(paths: &Paths) -> Result<Vec<SnapshotManifest>, WorldError> {
    let io = |e| WorldError::io("list the snapshots", e);
    let entries = match fs::read_dir(paths.snapshots()) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(io(error)),
    };
    let mut found = Vec::new();
    for entry in entries {
        let name = entry.map_err(io)?.file_name();
        let id = name.to_str().and_then(|name| name.strip_suffix(".json")).and_then(|id| id.parse().ok());
        let Some(known) = id.and_then(|id| manifest(paths, &id)).filter(|signed| signed.is_ours(paths)) else {
            continue;
        };
        let known = known.manifest;
        if fs::metadata(file(paths, &known)).is_ok_and(|m| m.len() == known.stored_bytes) {
            found.push(known);
        }
    }
    Ok(found)
}

/// Reads `source` to its end, compresses and encrypts it into the new private file `partial`, and makes that durable.
pub(super) fn write(source: &mut dyn Read, partial: &Path, keys: &Keys) -> Result<Stored, WorldError> {
    let io = |e| WorldError::io("store the snapshot", e);
    let _ = fs::remove_file(partial);
    let target = OpenOptions::new().write(true).create_new(true).mode(0o600).open(partial).map_err(io)?;
    let hashing = Hashing { inner: target, hash: Sha256::new(), bytes: 0 };
    let encrypting = keys.encrypt(hashing)?;
    let mut encoder = zstd::stream::write::Encoder::new(encrypting, LEVEL).map_err(io)?;
    encoder.include_checksum(true).map_err(io)?;
    let data_bytes = pass(source, |part| encoder.write_all(part)).map_err(io)?;
    let done = encoder.finish().and_then(super::encryption::Encrypting::finish).map_err(io)?;
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
    Ok(Stored { data_bytes, bytes: done.bytes, digest: Digest::from_bytes(done.hash.finalize().into()) })
}

/// Gives the written file its name, durably.
pub(super) fn keep(file: &Path) -> Result<(), WorldError> {
    fs::rename(partial(file), file).map_err(|e| WorldError::io("store the snapshot", e))?;
    file.parent().map_or(Ok(()), crate::world::tree::sync_directory)
}

/// The digest of a stored file, as it lies there.
pub(super) fn digest(of: &Path) -> Result<Digest, WorldError> {
    let io = |e| WorldError::io("read the snapshot", e);
    let mut hashing = Hashing { inner: File::open(of).map_err(io)?, hash: Sha256::new(), bytes: 0 };
    pass(&mut hashing, |_| Ok(())).map_err(io)?;
    Ok(Digest::from_bytes(hashing.hash.finalize().into()))
}

/// Decrypts and decodes a stored file to its end into `sink`, and hashes what it reads. A file that is not what was stored is
/// damaged, which is known at its end: by then `sink` has got what it decoded to, and nothing may be believed before this returns.
pub(super) fn read(from: &Path, keys: &Keys, stored: &Stored, sink: &mut dyn Write) -> Result<(), Unrestored> {
    let damaged = |_| Unrestored::Damaged("its file does not decode to its end");
    let mut hashing = Hashing { inner: File::open(from).map_err(damaged)?, hash: Sha256::new(), bytes: 0 };
    {
        let decrypted =
            keys.decrypt(BufReader::with_capacity(CHUNK, &mut hashing)).map_err(|error| match error.code {
                Code::SecretMissing => Unrestored::Untried(error),
                _ => damaged(io::ErrorKind::InvalidData.into()),
            })?;
        let mut decoder =
            zstd::stream::read::Decoder::with_buffer(BufReader::with_capacity(CHUNK, decrypted)).map_err(damaged)?;
        decoder.window_log_max(WINDOW_LOG).map_err(damaged)?;
        // What decodes to more is not the snapshot. The size of the database would say nothing: servers estimate it, and keep
        // repetitive values compressed.
        let mut limited = (&mut decoder).take(stored.data_bytes.saturating_add(1));
        let mut unwritten = None;
        let decoded = pass(&mut limited, |part| {
            sink.write_all(part).map_err(|error| {
                unwritten = Some(error);
                io::ErrorKind::Other.into()
            })
        });
        if let Some(error) = unwritten {
            return Err(WorldError::io("pass on the snapshot", error).into());
        }
        if decoded.map_err(damaged)? > stored.data_bytes {
            return Err(damaged(io::ErrorKind::InvalidData.into()));
        }
    }
    // What lies behind the last frame counts for the digest as well.
    pass(&mut hashing, |_| Ok(())).map_err(damaged)?;
    if Digest::from_bytes(hashing.hash.finalize().into()) == stored.digest {
        return Ok(());
    }
    Err(Unrestored::Damaged(ANOTHER))
}

/// Reads `source` to its end, piece by piece. Returns how many bytes there were.
fn pass(source: &mut dyn Read, mut on: impl FnMut(&[u8]) -> io::Result<()>) -> io::Result<u64> {
    let mut buffer = vec![0; CHUNK];
    let mut bytes = 0;
    loop {
        match source.read(&mut buffer) {
            Ok(0) => return Ok(bytes),
            Ok(count) => {
                bytes += count as u64;
                on(buffer.get(..count).unwrap_or_default())?;
            }
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
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
pub(super) struct Hashing {
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
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A sink that takes nothing.
    struct Full;

    impl Write for Full {
        fn write(&mut self, _: &[u8]) -> io::Result<usize> {
            Err(io::ErrorKind::StorageFull.into())
        }
        fn flush(&mut self) -> io::Result<()> {
            Ok(())
        }
    }

    #[test]
    fn one_pass_passes_on_what_was_stored_and_tells_what_was_not() {
        let directory = tempfile::tempdir().unwrap();
        let (file, keys) = (directory.path().join("one"), Keys::default());
        let data: Vec<u8> = (0..700_000_u32).flat_map(u32::to_le_bytes).collect();
        let stored = write(&mut data.as_slice(), &file, &keys).unwrap();
        assert_eq!(digest(&file).unwrap(), stored.digest);
        let read = |stored: &Stored| {
            let mut sink = Vec::new();
            (super::read(&file, &keys, stored, &mut sink), sink)
        };
        let (whole, sink) = read(&stored);
        assert!(whole.is_ok() && sink == data);
        let is_damaged = |stored: &Stored, wanted: &str| {
            let (read, _) = read(stored);
            assert!(matches!(read, Err(Unrestored::Damaged(how)) if how.contains(wanted)), "{read:?}");
        };
        is_damaged(&Stored { digest: Digest::of(b"another"), ..stored.clone() }, "digest");
        is_damaged(&Stored { data_bytes: stored.data_bytes - 1, ..stored.clone() }, "decode");
        // It decodes to the same, and something was put behind it.
        let good = fs::read(&file).unwrap();
        let longer = zstd::encode_all(&b""[..], 3).unwrap();
        fs::write(&file, [good.as_slice(), &longer].concat()).unwrap();
        is_damaged(&stored, "digest");
        fs::write(&file, good.get(..good.len() / 2).unwrap()).unwrap();
        is_damaged(&stored, "decode");
        fs::write(&file, &good).unwrap();
        let full = super::read(&file, &keys, &stored, &mut Full);
        assert!(matches!(&full, Err(Unrestored::Untried(error)) if error.problem.contains("full")), "{full:?}");
    }
}
