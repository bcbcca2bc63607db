//! Two streams become one.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::UnixStream,
};

/// What is read at once, bytes: twice the largest packet of SSH.
const PIECE: usize = 64 * 1024;

/// Passes everything on until one of the two ends: neither a database nor an HTTP/1 client closes only half of a connection.
pub(super) async fn relay(local: &mut UnixStream, remote: impl AsyncRead + AsyncWrite) -> io::Result<()> {
    let (mut from_remote, mut to_remote) = split(remote);
    let (mut from_local, mut to_local) = local.split();
    tokio::select! {
        ended = pass(&mut from_remote, &mut to_local) => ended,
        ended = pass(&mut from_local, &mut to_remote) => ended,
    }
}

async fn pass(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    let mut piece = vec![0; PIECE];
    loop {
        let count = from.read(&mut piece).await?;
        let Some(read) = piece.get(..count).filter(|read| !read.is_empty()) else { return Ok(()) };
        to.write_all(read).await?;
        to.flush().await?;
    }
}
