//! A session of SFTP whose requests end with its stream.
//!
//! In the library a request that is sent in the moment in which the stream ends waits for its answer until its time is over.

use std::{
    io,
    ops::Deref,
    pin::Pin,
    task::{Context, Poll},
};

use russh_sftp::{
    client::{Config, RawSftpSession, error::Error},
    protocol::{Attrs, Data, FileAttributes, Handle, Name, OpenFlags, Packet, Status, Version},
};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio_util::sync::{CancellationToken, DropGuard};

/// The session. What is not defined here is the library's, and waits for the end of its time.
pub(super) struct Session {
    raw: RawSftpSession,
    ended: CancellationToken,
}

impl Session {
    pub(super) fn new(stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, config: Config) -> Self {
        let ended = CancellationToken::new();
        let stream = Watched { stream, _end: ended.clone().drop_guard() };
        Self { raw: RawSftpSession::new_with_config(stream, config), ended }
    }

    async fn answer<T>(&self, request: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        tokio::select! {
            biased;
            answer = request => answer,
            () = self.ended.cancelled() => Err(Error::UnexpectedBehavior("the stream ended".to_owned())),
        }
    }
}

impl Deref for Session {
    type Target = RawSftpSession;
    fn deref(&self) -> &RawSftpSession {
        &self.raw
    }
}

macro_rules! requests {
    ($($name:ident($($argument:ident: $kind:ty),*) -> $answer:ty;)*) => {
        impl Session {$(
            pub(super) async fn $name(&self, $($argument: $kind),*) -> Result<$answer, Error> {
                self.answer(self.raw.$name($($argument),*)).await
            }
        )*}
    };
}

requests! {
    init() -> Version;
    open(path: &str, flags: OpenFlags, attributes: FileAttributes) -> Handle;
    close(handle: impl Into<String>) -> Status;
    read(handle: &str, offset: u64, length: u32) -> Data;
    write(handle: &str, offset: u64, data: Vec<u8>) -> Status;
    fsync(handle: &str) -> Status;
    fstat(handle: &str) -> Attrs;
    lstat(path: &str) -> Attrs;
    realpath(path: &str) -> Name;
    setstat(path: &str, attributes: FileAttributes) -> Status;
    opendir(path: &str) -> Handle;
    readdir(handle: &str) -> Name;
    mkdir(path: &str, attributes: FileAttributes) -> Status;
    rmdir(path: &str) -> Status;
    remove(path: &str) -> Status;
    rename(from: &str, to: &str) -> Status;
    readlink(path: &str) -> Name;
    symlink(path: &str, target: &str) -> Status;
    extended(request: &str, data: Vec<u8>) -> Packet;
}

/// A stream whose drop is its end: the library lets go of it when it has ended.
struct Watched<S> {
    stream: S,
    _end: DropGuard,
}

impl<S: AsyncRead + Unpin> AsyncRead for Watched<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Watched<S> {
    fn poll_write(mut self: Pin<&mut Self>, context: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }
    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }
    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
