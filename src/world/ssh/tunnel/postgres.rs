//! PostgreSQL's TLS, ended in the tunnel (PostgreSQL manual, 55.2.11 "SSL Session Encryption").

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::UnixStream,
};

use super::{relay::relay, route::Broken};
use crate::world::{ssh::forward::Stream, tls::Client};

/// Eight bytes long; 1234 and 5679 in place of a version.
const SSL_REQUEST: [u8; 8] = [0, 0, 0, 8, 0x04, 0xd2, 0x16, 0x2f];
/// The request for SASL is short.
const LONGEST: usize = 1024;
/// What binds an authentication to the TLS connection that it runs in. Ours ends here, and the program has none: offered it over a
/// connection without TLS, libpq would suspect somebody in between. Rightly, but that is us.
const BOUND: &[u8] = b"SCRAM-SHA-256-PLUS";

/// Passes one connection.
pub(super) async fn pass(local: &mut UnixStream, mut remote: Stream, client: &Client) -> Result<(), Broken> {
    remote.write_all(&SSL_REQUEST).await?;
    remote.flush().await?;
    // One byte and no more: what follows it in the clear was slipped in by somebody.
    match remote.read_u8().await? {
        b'S' => {}
        b'N' => return Err(Broken::Unprotected),
        // It has something else to complain about.
        _ => return Err(Broken::Off),
    }
    let mut remote = client.handshake(remote).await.map_err(|_| Broken::Unverified)?;
    // The first word is the program's; the first answer says how to log in.
    let mut length = [0; 4];
    local.read_exact(&mut length).await?;
    let mut first = vec![0; usize::try_from(u32::from_be_bytes(length)).unwrap_or(0).clamp(4, 16 * LONGEST) - 4];
    local.read_exact(&mut first).await?;
    remote.write_all(&[&length[..], &first].concat()).await?;
    remote.flush().await?;
    let mut head = [0; 5];
    if remote.read_exact(&mut head).await.is_err() {
        // A request to cancel has no answer.
        return Ok(());
    }
    let [kind, length @ ..] = head;
    let length = usize::try_from(u32::from_be_bytes(length)).unwrap_or(0);
    if kind == b'R' && (8..=LONGEST).contains(&length) {
        let mut body = vec![0; length - 4];
        remote.read_exact(&mut body).await?;
        local.write_all(&without_binding(&body)).await?;
    } else {
        local.write_all(&head).await?;
    }
    Ok(relay(local, remote).await?)
}

/// A request for authentication, whose mechanisms (code 10) are those that need no TLS at the program.
fn without_binding(body: &[u8]) -> Vec<u8> {
    const SASL: [u8; 4] = [0, 0, 0, 10];
    let kept = match body.strip_prefix(&SASL) {
        Some(mechanisms) => {
            let names = mechanisms.split(|byte| *byte == 0).filter(|name| !name.is_empty() && *name != BOUND);
            let mut kept = SASL.to_vec();
            for name in names {
                kept.extend_from_slice(name);
                kept.push(0);
            }
            kept.push(0);
            kept
        }
        None => body.to_vec(),
    };
    let length = u32::try_from(kept.len() + 4).unwrap_or(u32::MAX);
    [&b"R"[..], &length.to_be_bytes(), &kept].concat()
}

#[cfg(test)]
mod tests {
    use super::without_binding;

    #[test]
    fn only_the_mechanism_that_binds_to_tls_is_left_out() {
        let offered = b"\0\0\0\x0aSCRAM-SHA-256-PLUS\0SCRAM-SHA-256\0\0";
        assert_eq!(without_binding(offered), b"R\0\0\0\x17\0\0\0\x0aSCRAM-SHA-256\0\0");
        // A salted MD5 and the end of the authentication pass as they are.
        assert_eq!(without_binding(b"\0\0\0\x05salt"), b"R\0\0\0\x0c\0\0\0\x05salt");
        assert_eq!(without_binding(b"\0\0\0\0"), b"R\0\0\0\x08\0\0\0\0");
    }
}
