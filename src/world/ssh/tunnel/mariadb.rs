//! MariaDB's and MySQL's TLS, ended in the tunnel
//! (<https://mariadb.com/kb/en/connection/>, <https://dev.mysql.com/doc/dev/mysql-server/latest/page_protocol_connection_phase.html>).
//!
//! The server speaks first, in the clear. Where the program would log in, we ask for TLS before we pass its login on. That is one
//! packet more on the server's side, so until the login is over the packets' numbers differ by one.

use std::io;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt, split},
    net::UnixStream,
};

use super::{relay::relay, route::Broken};
use crate::world::{ssh::forward::Stream, tls::Client};

/// The capability of speaking TLS.
const TLS: u8 = 0x08;
/// The second byte of a packet's capabilities holds it.
const TLS_BYTE: usize = 1;
/// What a request for TLS has of the login: capabilities, largest packet, character set, filler.
const REQUEST: usize = 32;
/// Until the login is over packets are small, bytes.
const LONGEST: usize = 64 * 1024;
/// The first byte of a packet that says: you are in.
const OK: u8 = 0x00;
/// The first byte of a packet that says why not.
const ERROR: u8 = 0xff;

/// A packet: three bytes of length, its number, what it says.
struct Packet {
    number: u8,
    body: Vec<u8>,
}

/// Passes one connection.
pub(super) async fn pass(local: &mut UnixStream, mut remote: Stream, client: &Client) -> Result<(), Broken> {
    let greeting = Packet::read(&mut remote).await?;
    greeting.write(local).await?;
    if greeting.body.first() == Some(&ERROR) {
        return Ok(());
    }
    if !offers_tls(&greeting.body) {
        return Err(Broken::Unprotected);
    }
    let mut login = Packet::read(local).await?;
    let Some(capabilities) = login.body.get_mut(TLS_BYTE) else { return Err(Broken::Off) };
    *capabilities |= TLS;
    let Some(request) = login.body.get(..REQUEST) else { return Err(Broken::Off) };
    Packet { number: login.number, body: request.to_vec() }.write(&mut remote).await?;
    let mut remote = client.handshake(remote).await.map_err(|_| Broken::Unverified)?;
    login.renumbered(1).write(&mut remote).await?;
    {
        let (mut from_remote, mut to_remote) = split(&mut remote);
        let (mut from_local, mut to_local) = local.split();
        // The server has the last word, and the program says nothing before it: nothing of the next is read here.
        tokio::select! {
            biased;
            over = answers(&mut from_remote, &mut to_local) => over?,
            broken = async {
                loop {
                    match Packet::read(&mut from_local).await {
                        Ok(packet) => packet.renumbered(1).write(&mut to_remote).await?,
                        Err(error) => return Err::<(), io::Error>(error),
                    }
                }
            } => broken?,
        }
    }
    Ok(relay(local, remote).await?)
}

/// Passes on what the server says about the login, to the last word.
async fn answers(from: &mut (impl AsyncRead + Unpin), to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
    loop {
        let packet = Packet::read(from).await?;
        let over = matches!(packet.body.first(), Some(&(OK | ERROR)) | None);
        packet.renumbered(u8::MAX).write(to).await?;
        if over {
            return Ok(());
        }
    }
}

/// Whether a greeting (protocol 10) offers TLS: after the version come the connection's number, half of the salt and a zero, then
/// the capabilities.
fn offers_tls(greeting: &[u8]) -> bool {
    let version = greeting.strip_prefix(&[10]).and_then(|rest| rest.iter().position(|byte| *byte == 0));
    let capabilities = version.map(|end| 1 + end + 1 + 4 + 8 + 1);
    capabilities.and_then(|at| greeting.get(at + TLS_BYTE)).is_some_and(|byte| byte & TLS != 0)
}

impl Packet {
    async fn read(from: &mut (impl AsyncRead + Unpin)) -> io::Result<Self> {
        let mut head = [0; 4];
        from.read_exact(&mut head).await?;
        let [low, middle, high, number] = head;
        let length = usize::try_from(u32::from_le_bytes([low, middle, high, 0])).unwrap_or(usize::MAX);
        if length > LONGEST {
            return Err(io::ErrorKind::InvalidData.into());
        }
        let mut body = vec![0; length];
        from.read_exact(&mut body).await?;
        Ok(Self { number, body })
    }

    /// With a number that is higher by `by`; numbers go in circles.
    fn renumbered(self, by: u8) -> Self {
        Self { number: self.number.wrapping_add(by), ..self }
    }

    async fn write(&self, to: &mut (impl AsyncWrite + Unpin)) -> io::Result<()> {
        let [low, middle, high, _] = u32::try_from(self.body.len()).unwrap_or(0).to_le_bytes();
        to.write_all(&[&[low, middle, high, self.number], self.body.as_slice()].concat()).await?;
        to.flush().await
    }
}

#[cfg(test)]
mod tests {
    use super::offers_tls;

    #[test]
    fn a_greeting_says_whether_the_server_speaks_tls() {
        let greeting = |capabilities: [u8; 2]| {
            [b"\x0a10.11.6-MariaDB\0", &[1, 0, 0, 0][..], b"12345678", &[0], &capabilities].concat()
        };
        assert!(offers_tls(&greeting([0xfe, 0xff])));
        assert!(!offers_tls(&greeting([0xfe, 0xf7])));
        for cut in 0..greeting([0xfe, 0xff]).len() {
            assert!(!offers_tls(&greeting([0xfe, 0xff])[..cut]), "{cut}");
        }
        assert!(!offers_tls(b"\x09old\0aaaabbbbbbbb\0\xff\xff"));
    }
}
