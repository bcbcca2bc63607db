//! Files on a host by SFTP (version 3, as OpenSSH speaks it): all that is needed where there is no shell.

use std::{
    collections::BTreeSet,
    io::Read,
    path::{Path, PathBuf},
    pin::pin,
    sync::Arc,
    time::Duration,
};

use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use russh_sftp::{
    client::{Config, error::Error},
    protocol::{FileAttributes, OpenFlags, Packet, StatusCode},
};
use sha2::{Digest as _, Sha256};
use tokio::{
    sync::mpsc,
    time::{Instant, timeout},
};

use super::{MAYBE_FULL, Remote, Stat, lost, sftp::Session, unreachable};
use crate::{
    domain::{digest::Digest, refusal::Code, space::Space},
    world::WorldError,
};

/// How long one answer may take, s.
const ANSWER_S: u64 = 30;
/// How much is read or written by one request, bytes. OpenSSH serves up to 256 KiB and promises 32 KiB to everybody.
const PIECE: usize = 32 * 1024;
/// The most entries of a directory: what a host that never ends may cost.
const ENTRIES: usize = 200_000;
/// Requests on the way at once.
const AT_ONCE: usize = 64;

/// A session of file requests.
pub(in crate::world) struct Files {
    session: Session,
    extensions: std::collections::HashMap<String, String>,
    host: crate::domain::name::HostName,
}

impl Remote<'_> {
    /// The host's files; one session per connection.
    pub(in crate::world) async fn files(&self) -> Result<Arc<Files>, WorldError> {
        let connection = self.connection().await?;
        let start = async {
            let refused = || self.no_files("it lets us log in, but opens nothing for our questions about files");
            let deadline = Instant::now() + Duration::from_secs(ANSWER_S);
            let channel = self.channel(&connection, deadline).await?.ok_or_else(refused)?;
            let asked = channel.request_subsystem(true, "sftp").await;
            asked.map_err(|error| unreachable(self.name, "its connection ended", "Try again.").because(error))?;
            let config = Config { request_timeout_secs: ANSWER_S, ..Config::default() };
            let session = Session::new(channel.into_stream(), config);
            let version =
                session.init().await.map_err(|error| self.no_files("it does not serve SFTP").because(error))?;
            Ok(Arc::new(Files { session, extensions: version.extensions, host: self.name.clone() }))
        };
        let started = timeout(Duration::from_secs(ANSWER_S), connection.files.get_or_try_init(|| start)).await;
        started.map_err(|_| unreachable(self.name, "it does not answer", "Try again."))?.cloned()
    }

    fn no_files(&self, problem: &str) -> WorldError {
        let doing = format!("open the files of host {}", self.name);
        WorldError::new(Code::Unsupported, doing, problem, "Let the host's sshd serve the subsystem sftp.")
    }
}

impl Files {
    /// What is known of a path, without following a link; `None` when nothing is there.
    pub(in crate::world) async fn stat(&self, path: &Path) -> Result<Option<Stat>, WorldError> {
        match self.session.lstat(text(path)?).await {
            Ok(found) => Ok(Some(Stat::of(&found.attrs))),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("look at a file", error)),
        }
    }

    /// The path without links, as the host says.
    pub(in crate::world) async fn real_path(&self, path: &Path) -> Result<Option<PathBuf>, WorldError> {
        match self.session.realpath(text(path)?).await {
            Ok(found) => Ok(found.files.into_iter().next().map(|file| file.filename.into())),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.failed("look at a path", error)),
        }
    }

    /// Opens a file for [`Files::pour`], with what is known of it. Opening a FIFO waits for a writer: look at it first.
    pub(in crate::world) async fn open(&self, path: &Path) -> Result<(String, Stat), WorldError> {
        let doing = "open a file";
        let opened = self.session.open(text(path)?, OpenFlags::READ, FileAttributes::empty()).await;
        let handle = opened.map_err(|e| self.failed(doing, e))?.handle;
        match self.session.fstat(handle.as_str()).await {
            Ok(found) => Ok((handle, Stat::of(&found.attrs))),
            Err(error) => {
                self.close(handle).await;
                Err(self.failed(doing, error))
            }
        }
    }

    /// Sends the first `length` bytes of an open file, or as many as it has, until nobody receives.
    pub(in crate::world) async fn pour(
        &self,
        handle: &str,
        length: u64,
        to: &mpsc::Sender<Bytes>,
    ) -> Result<(), WorldError> {
        let mut pieces = pin!(self.pieces(handle, 0, length));
        while let Some(read) = pieces.next().await {
            let read = read.map_err(|e| self.failed("read a file", e))?;
            if read.is_empty() || to.send(read.into()).await.is_err() {
                break;
            }
        }
        Ok(())
    }

    /// Closes an open file.
    pub(in crate::world) async fn close(&self, handle: String) {
        let _ = self.session.close(handle).await;
    }

    /// The entries of a directory with what is known of each, in no order.
    pub(in crate::world) async fn entries(&self, directory: &Path) -> Result<Vec<(String, Stat)>, WorldError> {
        let doing = "list a directory";
        let handle = self.session.opendir(text(directory)?).await.map_err(|e| self.failed(doing, e))?.handle;
        let mut entries = Vec::new();
        let result = loop {
            if entries.len() > ENTRIES {
                break Err(self.failed(doing, Error::UnexpectedPacket));
            }
            match self.session.readdir(handle.as_str()).await {
                Ok(name) => entries.extend(
                    name.files
                        .into_iter()
                        .filter(|file| file.filename != "." && file.filename != "..")
                        .map(|file| (file.filename.clone(), Stat::of(&file.attrs))),
                ),
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break Ok(entries),
                Err(error) => break Err(self.failed(doing, error)),
            }
        };
        let _ = self.session.close(handle).await;
        result
    }

    /// Where a link leads, as its text.
    pub(in crate::world) async fn read_link(&self, link: &Path) -> Result<String, WorldError> {
        let found = self.session.readlink(text(link)?).await.map_err(|e| self.failed("read a link", e))?;
        let target = found.files.into_iter().next().map(|file| file.filename);
        target.ok_or_else(|| lost(&self.host, "read a link"))
    }

    /// Makes a link at `link` with the text `target`.
    pub(in crate::world) async fn symlink(&self, target: &Path, link: &Path) -> Result<(), WorldError> {
        // OpenSSH takes the arguments the other way round than the draft says (its PROTOCOL file, 4.1).
        let made = self.session.symlink(text(target)?, text(link)?).await;
        made.map(drop).map_err(|e| self.failed("make a link", e))
    }

    /// Makes a directory. One that is there already stays as it is.
    pub(in crate::world) async fn make_directory(&self, path: &Path, mode: u32) -> Result<(), WorldError> {
        let attributes = FileAttributes { permissions: Some(mode), ..FileAttributes::empty() };
        match self.session.mkdir(text(path)?, attributes).await {
            Ok(_) => Ok(()),
            Err(error) => match self.stat(path).await? {
                Some(found) if found.is_directory() => Ok(()),
                _ => Err(self.failed("make a directory", error)),
            },
        }
    }

    /// Sets the permissions of a file or directory.
    pub(in crate::world) async fn set_mode(&self, path: &Path, mode: u32) -> Result<(), WorldError> {
        let attributes = FileAttributes { permissions: Some(mode), ..FileAttributes::empty() };
        self.session.setstat(text(path)?, attributes).await.map(drop).map_err(|e| self.failed("set permissions", e))
    }

    /// Renames, and replaces what has the new name, in one step.
    pub(in crate::world) async fn rename(&self, from: &Path, to: &Path) -> Result<(), WorldError> {
        let doing = "rename a file";
        if !self.extensions.contains_key("posix-rename@openssh.com") {
            let renamed = self.session.rename(text(from)?, text(to)?).await;
            return renamed.map(drop).map_err(|e| self.failed(doing, e));
        }
        let mut data = Vec::new();
        for path in [from, to] {
            let path = text(path)?;
            data.extend_from_slice(&u32::try_from(path.len()).unwrap_or(u32::MAX).to_be_bytes());
            data.extend_from_slice(path.as_bytes());
        }
        match self.session.extended("posix-rename@openssh.com", data).await {
            Ok(Packet::Status(status)) if status.status_code == StatusCode::Ok => Ok(()),
            Ok(Packet::Status(status)) => Err(self.failed(doing, Error::Status(status))),
            Ok(_) => Err(self.failed(doing, Error::UnexpectedPacket)),
            Err(error) => Err(self.failed(doing, error)),
        }
    }

    /// Makes `link` another name of the file at `path`.
    pub(in crate::world) async fn hard_link(&self, path: &Path, link: &Path) -> Result<(), WorldError> {
        let linked = self.session.hardlink(text(path)?, text(link)?).await;
        linked.map(drop).map_err(|e| self.failed("link a file", e))
    }

    /// Whether renaming can replace what has the new name in one step. Without it nothing can be switched atomically.
    pub(in crate::world) fn replaces(&self) -> bool {
        self.extensions.contains_key("posix-rename@openssh.com")
    }

    /// The names of what it serves beyond the protocol.
    pub(in crate::world) fn extension_names(&self) -> BTreeSet<String> {
        let plain = |name: &&String| name.len() <= 64 && name.bytes().all(|b| b.is_ascii_graphic());
        self.extensions.keys().filter(plain).take(50).cloned().collect()
    }

    /// The room below a directory (OpenSSH PROTOCOL, 4.4); nothing where the server does not tell.
    pub(in crate::world) async fn space(&self, directory: &Path) -> Result<Option<Space>, WorldError> {
        if !self.extensions.contains_key("statvfs@openssh.com") {
            return Ok(None);
        }
        let found =
            self.session.statvfs(text(directory)?).await.map_err(|e| self.failed("look at the free space", e))?;
        Ok(Some(Space {
            free_bytes: found.blocks_avail.saturating_mul(found.fragment_size),
            total_bytes: found.blocks.saturating_mul(found.fragment_size),
            free_files: (found.inodes > 0).then_some(found.inodes_avail),
            quotas: Vec::new(),
        }))
    }

    /// Removes a file or link. What is not there is removed already.
    pub(in crate::world) async fn remove(&self, path: &Path) -> Result<(), WorldError> {
        match self.session.remove(text(path)?).await {
            Err(error) if !is_missing(&error) => Err(self.failed("remove a file", error)),
            _ => Ok(()),
        }
    }

    /// Removes an empty directory. What is not there is removed already.
    pub(in crate::world) async fn remove_directory(&self, path: &Path) -> Result<(), WorldError> {
        match self.session.rmdir(text(path)?).await {
            Err(error) if !is_missing(&error) => Err(self.failed("remove a directory", error)),
            _ => Ok(()),
        }
    }

    /// Reads a file from `offset`, at most `limit` bytes; fewer only at its end. `None` when it is not there.
    pub(in crate::world) async fn read(
        &self,
        path: &Path,
        offset: u64,
        limit: u64,
    ) -> Result<Option<Vec<u8>>, WorldError> {
        let mut all = Vec::new();
        let there = self.each_piece(path, offset, limit, &mut |piece| all.extend_from_slice(piece)).await?;
        Ok(there.then_some(all))
    }

    /// SHA-256 of a file. `None` when it is not there.
    pub(in crate::world) async fn digest(&self, path: &Path) -> Result<Option<Digest>, WorldError> {
        let mut hash = Sha256::new();
        let there = self.each_piece(path, 0, u64::MAX, &mut |piece| hash.update(piece)).await?;
        Ok(there.then(|| Digest::from_bytes(hash.finalize().into())))
    }

    /// Hands a file to `each` in pieces, from `offset`, at most `limit` bytes. Says whether it is there.
    async fn each_piece(
        &self,
        path: &Path,
        offset: u64,
        limit: u64,
        each: &mut (dyn FnMut(&[u8]) + Send),
    ) -> Result<bool, WorldError> {
        let doing = "read a file";
        let opened = self.session.open(text(path)?, OpenFlags::READ, FileAttributes::empty()).await;
        let handle = match opened {
            Ok(opened) => opened.handle,
            Err(error) if is_missing(&error) => return Ok(false),
            Err(error) => return Err(self.failed(doing, error)),
        };
        // Not more pieces than the file has: each would be a question about nothing.
        let size = self.session.fstat(handle.as_str()).await.ok().and_then(|found| found.attrs.size);
        let end = size.unwrap_or(u64::MAX).min(offset.saturating_add(limit));
        let mut result = Ok(true);
        {
            let mut pieces = pin!(self.pieces(&handle, offset, end));
            while let Some(read) = pieces.next().await {
                match read {
                    Ok(piece) if piece.is_empty() => break,
                    Ok(piece) => each(&piece),
                    Err(error) => {
                        result = Err(self.failed(doing, error));
                        break;
                    }
                }
            }
        }
        self.close(handle).await;
        result
    }

    /// An open file from `from` to `end`, in order, with many requests on the way.
    fn pieces<'f>(&'f self, handle: &'f str, from: u64, end: u64) -> impl Stream<Item = Result<Vec<u8>, Error>> + 'f {
        let piece = PIECE as u64;
        let offsets = (0..).map(move |index| from + index * piece).take_while(move |at| *at < end);
        stream::iter(offsets.map(move |at| self.piece(handle, at, piece.min(end - at)))).buffered(AT_ONCE)
    }

    /// A piece of an open file, whole unless the file ends in it.
    async fn piece(&self, handle: &str, offset: u64, length: u64) -> Result<Vec<u8>, Error> {
        let mut piece = Vec::new();
        while (piece.len() as u64) < length {
            let left = u32::try_from(length - piece.len() as u64).unwrap_or(u32::MAX);
            match self.session.read(handle, offset + piece.len() as u64, left).await {
                Ok(data) if !data.data.is_empty() => piece.extend_from_slice(&data.data),
                Ok(_) => break,
                Err(Error::Status(status)) if status.status_code == StatusCode::Eof => break,
                Err(error) => return Err(error),
            }
        }
        Ok(piece)
    }

    /// Writes a new file with these permissions; one that is there is an error. Returns when it is on the host's disk, where the
    /// host can promise that.
    pub(in crate::world) async fn create(&self, path: &Path, mode: u32, mut from: impl Read) -> Result<(), WorldError> {
        let doing = "write a file";
        let flags = OpenFlags::WRITE | OpenFlags::CREATE | OpenFlags::EXCLUDE;
        let attributes = FileAttributes { permissions: Some(mode), ..FileAttributes::empty() };
        let opened = self.session.open(text(path)?, flags, attributes).await;
        let handle = opened.map_err(|e| self.failed(doing, e))?.handle;
        let mut failed = None;
        let mut offset = 0_u64;
        let pieces = std::iter::from_fn(|| {
            let mut piece = Vec::with_capacity(PIECE);
            match from.by_ref().take(PIECE as u64).read_to_end(&mut piece) {
                Ok(0) => None,
                Ok(count) => {
                    let at = offset;
                    offset += count as u64;
                    Some((at, piece))
                }
                Err(error) => {
                    failed = Some(error);
                    None
                }
            }
        });
        let writes = stream::iter(pieces).map(|(at, piece)| self.session.write(handle.as_str(), at, piece));
        let mut writes = writes.buffered(AT_ONCE);
        let mut result = Ok(());
        while let Some(written) = writes.next().await {
            if let Err(error) = written {
                result = Err(self.failed(doing, error));
                break;
            }
        }
        drop(writes);
        if let Some(error) = failed {
            result = result.and(Err(WorldError::io("read what is to be written", error)));
        }
        if result.is_ok() && self.extensions.contains_key("fsync@openssh.com") {
            result = self.session.fsync(handle.as_str()).await.map(drop).map_err(|e| self.failed(doing, e));
        }
        let closed = self.session.close(handle).await.map(drop).map_err(|e| self.failed(doing, e));
        result.and(closed)
    }

    /// Writes a small file so that it is there whole or not at all.
    pub(in crate::world) async fn replace(&self, path: &Path, mode: u32, bytes: &[u8]) -> Result<(), WorldError> {
        let partial = crate::world::git::beside(path, ".partial");
        self.remove(&partial).await?;
        self.create(&partial, mode, bytes).await?;
        self.rename(&partial, path).await
    }

    fn failed(&self, doing: &str, error: Error) -> WorldError {
        let (problem, fix) = match &error {
            Error::Status(status) => match status.status_code {
                StatusCode::NoSuchFile => ("it is not there", "Check the path in deploy-ops.toml."),
                StatusCode::PermissionDenied => {
                    ("the permissions forbid it", "Give the login the permission, or correct the path.")
                }
                StatusCode::OpUnsupported => ("the host cannot do that by SFTP", "Use a login with a shell."),
                // OpenSSH has no code of its own for a full disk.
                _ => (MAYBE_FULL, "Look at the space that is left on the host."),
            },
            Error::Timeout | Error::IO(_) | Error::UnexpectedBehavior(_) => {
                return lost(&self.host, doing).because(error);
            }
            Error::Limited(_) | Error::UnexpectedPacket => ("the host breaks the protocol", "Look at the host."),
        };
        WorldError::new(Code::WorldFailed, format!("{doing} on host {}", self.host), problem, fix).because(error)
    }
}

fn is_missing(error: &Error) -> bool {
    matches!(error, Error::Status(status) if status.status_code == StatusCode::NoSuchFile)
}

/// SFTP carries names as bytes; the library as text.
fn text(path: &Path) -> Result<&str, WorldError> {
    path.to_str().ok_or_else(|| {
        WorldError::new(Code::PathRefused, "name a file on a host", "the name is not UTF-8", "Rename the file.")
    })
}
