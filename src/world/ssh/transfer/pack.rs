//! The stream of a transfer: a tar archive with what is sent and hard links to what is there.

use std::{
    fs::File,
    io::{self, BufReader, Read, Write},
    os::unix::{ffi::OsStrExt, fs::MetadataExt},
    path::{Path, PathBuf},
};

use bytes::Bytes;
use rustix::fs::{Mode, OFlags};
use tar::{Builder, EntryType, Header};
use tokio::sync::mpsc;

use super::{super::Entry, diff::Add};
use crate::world::{WorldError, tree::Kind};

/// How much is handed on at once, bytes.
const PIECE: usize = 256 * 1024;
/// The level of zstd: at this one it costs less than encrypting and moving what it saves.
const LEVEL: i32 = 1;
/// How much of a file is read at once, bytes.
const READ: usize = 64 * 1024;

/// How the stream is packed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Packing {
    Plain,
    Gzip,
    Zstd,
}

/// Writes the archive. `to` is the name of the directory that is made, `base` that of the one that links lead into; both lie where
/// the archive is unpacked. A receiver that is gone ends it early and without an error: it has its own to tell.
pub(super) fn pack(
    from: &Path,
    add: &[Add],
    to: PathBuf,
    base: PathBuf,
    packing: Packing,
    pieces: mpsc::Sender<Bytes>,
) -> Result<(), WorldError> {
    let line = Line { pieces, waiting: Vec::with_capacity(PIECE) };
    let written = match packing {
        Packing::Plain => write(from, add, &to, &base, line).and_then(Line::end),
        Packing::Gzip => {
            let packer = flate2::write::GzEncoder::new(line, flate2::Compression::fast());
            write(from, add, &to, &base, packer).and_then(flate2::write::GzEncoder::finish).and_then(Line::end)
        }
        Packing::Zstd => zstd::Encoder::new(line, LEVEL)
            .and_then(|packer| write(from, add, &to, &base, packer))
            .and_then(zstd::Encoder::finish)
            .and_then(Line::end),
    };
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other.map_err(|e| WorldError::io("read what is to be sent", e)),
    }
}

fn write<W: Write>(from: &Path, add: &[Add], to: &Path, base: &Path, into: W) -> io::Result<W> {
    let mut archive = Builder::new(into);
    let mut top = header(EntryType::Directory, std::fs::metadata(from)?.mode() & 0o7777 | 0o700);
    archive.append_data(&mut top, to, io::empty())?;
    for add in add {
        match add {
            Add::Send(entry) => send(&mut archive, from, entry, &to.join(&entry.path))?,
            Add::Link { entry, from } => {
                let mut header = header(EntryType::Link, entry.mode);
                archive.append_link(&mut header, to.join(&entry.path), base.join(from))?;
            }
        }
    }
    archive.into_inner()
}

fn send<W: Write>(archive: &mut Builder<W>, from: &Path, entry: &Entry, at: &Path) -> io::Result<()> {
    match &entry.kind {
        // Its owner must be able to fill it; the exact permissions come last.
        Kind::Directory => archive.append_data(&mut header(EntryType::Directory, entry.mode | 0o700), at, io::empty()),
        Kind::Link { target } => {
            let mut header = header(EntryType::Symlink, 0o777);
            // As it is written: the other way would tidy it.
            match header.set_link_name_literal(target.as_os_str().as_bytes()) {
                Ok(()) => archive.append_data(&mut header, at, io::empty()),
                Err(_) => archive.append_link(&mut header, at, target),
            }
        }
        Kind::File { size } => {
            let file = open(&from.join(&entry.path))?;
            let mut header = header(EntryType::Regular, entry.mode);
            header.set_size(*size);
            header.set_mtime(u64::try_from(file.metadata()?.mtime()).unwrap_or(0));
            let mut whole = BufReader::with_capacity(READ, Whole { left: *size, file });
            archive.append_data(&mut header, at, &mut whole)?;
            if whole.get_ref().left == 0 { Ok(()) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        }
        Kind::Other => Err(io::ErrorKind::Unsupported.into()),
    }
}

/// A file that is to be sent; never what a link leads to.
pub(super) fn open(path: &Path) -> io::Result<File> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    Ok(rustix::fs::open(path, flags, Mode::empty())?.into())
}

fn header(kind: EntryType, mode: u32) -> Header {
    let mut header = Header::new_gnu();
    header.set_entry_type(kind);
    header.set_mode(mode);
    header.set_size(0);
    header
}

/// As much of a file as was announced: one that has grown meanwhile would break the archive.
struct Whole {
    left: u64,
    file: File,
}

impl Read for Whole {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = (&mut self.file).take(self.left).read(buffer)?;
        self.left -= count as u64;
        Ok(count)
    }
}

/// The way to the task that sends.
struct Line {
    pieces: mpsc::Sender<Bytes>,
    waiting: Vec<u8>,
}

impl Line {
    fn end(mut self) -> io::Result<()> {
        self.flush()
    }
}

impl Write for Line {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.waiting.extend_from_slice(bytes);
        if self.waiting.len() >= PIECE {
            self.flush()?;
        }
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if self.waiting.is_empty() {
            return Ok(());
        }
        let piece = std::mem::replace(&mut self.waiting, Vec::with_capacity(PIECE));
        self.pieces.blocking_send(piece.into()).map_err(|_| io::ErrorKind::BrokenPipe.into())
    }
}
