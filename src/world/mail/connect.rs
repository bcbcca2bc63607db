//! The connection to a mail server: directly, or through a host.

use tokio::{
    net::{TcpStream, UnixStream},
    time::{Duration, Instant, timeout_at},
};

use super::{
    dialogue::{Dialogue, Wire},
    fault::{Fault, Phase},
};
use crate::{
    domain::{
        inventory::{MailServer, MailTls, Mailbox},
        refusal::Code,
    },
    world::{
        Reader, WorldError,
        ssh::{Destination, End, Passage, Role, Watch},
        tls::Verified,
    },
};

/// How long a connection may take.
const CONNECT: Duration = Duration::from_secs(10);

/// Connects. TLS has begun where it begins with the first byte. The watch knows why a connection through a host ends.
pub(super) async fn connect(
    reader: Reader<'_>,
    mailbox: &Mailbox,
    server: &MailServer,
    protocol: &'static str,
    until: Instant,
) -> Result<(Dialogue, Watch), Fault> {
    let client = match server.tls {
        MailTls::Implicit | MailTls::Starttls => {
            let verified = Verified { name: server.address.clone(), ca: mailbox.ca.clone() };
            Some(verified.client().map_err(Fault::Way)?)
        }
        MailTls::Off => None,
    };
    let end = until.min(Instant::now() + CONNECT);
    let (stream, watch) =
        timeout_at(end, stream(reader, mailbox, server)).await.map_err(|_| Fault::Silent(Phase::Greeting))??;
    let dialogue = Dialogue::new(stream, protocol, until, client);
    if server.tls == MailTls::Implicit {
        let secured = dialogue.begin_tls().await.map_err(|fault| fault.explained(&watch))?;
        return Ok((secured, watch));
    }
    Ok((dialogue, watch))
}

async fn stream(reader: Reader<'_>, mailbox: &Mailbox, server: &MailServer) -> Result<(Box<dyn Wire>, Watch), Fault> {
    let Some(host) = &mailbox.via else {
        let stream = TcpStream::connect((server.address.as_str(), server.port)).await;
        let stream = stream.and_then(|stream| stream.set_nodelay(true).map(|()| stream));
        return Ok((Box::new(stream.map_err(|_| Fault::Unreachable)?), Watch::default()));
    };
    let Some(remote) = reader.remote(host, Role::Deploy) else {
        return Err(Fault::Way(WorldError::new(
            Code::Unsupported,
            format!("reach mailbox {}", mailbox.name),
            format!("{host}, through which it is to be reached, is no host over SSH"),
            "Name a host of kind ssh with `via`, or remove it.",
        )));
    };
    let destination = Destination::Tcp { address: server.address.clone(), port: server.port };
    let end = End { destination, passage: Passage::Plain };
    let tunnel = remote.tunnel(&end, server.port).await.map_err(Fault::Way)?;
    let watch = tunnel.watch();
    let stream = UnixStream::connect(tunnel.socket()).await.map_err(|_| Fault::Unreachable)?;
    Ok((Box::new(stream), watch))
}

impl Fault {
    /// An end that the tunnel has a reason for.
    pub(super) fn explained(self, watch: &Watch) -> Self {
        match self {
            Self::Lost(_) => watch.why().map_or(self, Self::Way),
            other => other,
        }
    }
}
