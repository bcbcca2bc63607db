//! Streams through a host to what only it can reach.

use std::time::Duration;

use russh::{ChannelStream, client::Msg};
use tokio::time::timeout;

use super::{Remote, connection::Connection, unreachable};
use crate::{domain::name::HostName, world::WorldError};

/// How long the host may take to connect on.
const CONNECT: Duration = Duration::from_secs(15);

/// A stream through a host.
pub(in crate::world) type Stream = ChannelStream<Msg>;

impl Connection {
    /// A TCP connection from the host to `address` (RFC 4254, 7.2).
    pub(super) async fn tcp(&self, host: &HostName, address: &str, port: u16) -> Result<Stream, WorldError> {
        let opening = self.handle().channel_open_direct_tcpip(address, u32::from(port), "127.0.0.1", 0);
        opened(host, timeout(CONNECT, opening).await)
    }

    async fn socket(&self, host: &HostName, path: &str) -> Result<Stream, WorldError> {
        opened(host, timeout(CONNECT, self.handle().channel_open_direct_streamlocal(path)).await)
    }
}

impl Remote<'_> {
    /// A TCP connection from the host to `address`, as the host sees it.
    pub(in crate::world) async fn tcp(&self, address: &str, port: u16) -> Result<Stream, WorldError> {
        self.connection().await?.tcp(self.name, address, port).await
    }

    /// Whether the host connects on to others; nothing when its answer does not tell. The port is one where nothing is expected.
    pub(in crate::world) async fn forwards(&self) -> Option<bool> {
        let connection = self.connection().await.ok()?;
        let opening = connection.handle().channel_open_direct_tcpip("127.0.0.1", 9, "127.0.0.1", 0);
        match timeout(CONNECT, opening).await {
            Ok(Ok(_)) => Some(true),
            Ok(Err(russh::Error::ChannelOpenFailure(reason))) => match reason {
                russh::ChannelOpenFailure::ConnectFailed => Some(true),
                russh::ChannelOpenFailure::AdministrativelyProhibited => Some(false),
                _ => None,
            },
            _ => None,
        }
    }

    /// A connection to a Unix socket on the host (OpenSSH PROTOCOL, 2.4).
    pub(in crate::world) async fn socket(&self, path: &str) -> Result<Stream, WorldError> {
        self.connection().await?.socket(self.name, path).await
    }
}

fn opened(
    host: &HostName,
    opening: Result<Result<russh::Channel<Msg>, russh::Error>, tokio::time::error::Elapsed>,
) -> Result<Stream, WorldError> {
    match opening {
        Ok(Ok(channel)) => Ok(channel.into_stream()),
        Ok(Err(russh::Error::ChannelOpenFailure(reason))) => {
            let problem = match reason {
                russh::ChannelOpenFailure::AdministrativelyProhibited => "it forbids connections through it",
                russh::ChannelOpenFailure::ConnectFailed => "nothing answers it at that address",
                _ => "it does not connect on",
            };
            let fix = "Check address and port as the host sees them, and AllowTcpForwarding in its sshd_config.";
            let code = crate::domain::refusal::Code::WorldFailed;
            Err(WorldError::new(code, format!("connect through host {host}"), problem, fix))
        }
        Ok(Err(error)) => Err(unreachable(host, "its connection ended", "Try again.").because(error)),
        Err(_) => Err(unreachable(host, "it did not connect on within 15 s", "Try again.")),
    }
}
