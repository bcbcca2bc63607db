//! Streams through a host to what only it can reach.

use std::time::Duration;

use russh::{ChannelStream, client::Msg};
use tokio::time::timeout;

use super::{Remote, connection::Connection};
use crate::{
    domain::{name::HostName, refusal::Code},
    world::WorldError,
};

/// How long the host may take to connect on: shorter than client programs wait for their server, so that they are told why.
const CONNECT: Duration = Duration::from_secs(8);

/// A stream through a host.
pub(in crate::world) type Stream = ChannelStream<Msg>;

/// Where a stream through a host ends, as the host sees it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::world) enum Destination {
    /// A TCP port of an address.
    Tcp {
        /// A host name or an IP address; the host resolves it.
        address: String,
        /// The port.
        port: u16,
    },
    /// A Unix socket, by its absolute path.
    Socket(String),
}

impl Connection {
    /// A TCP connection from the host to `address` (RFC 4254, 7.2).
    pub(super) async fn tcp(&self, host: &HostName, address: &str, port: u16) -> Result<Stream, WorldError> {
        let opening = self.handle().channel_open_direct_tcpip(address, u32::from(port), "127.0.0.1", 0);
        opened(host, timeout(CONNECT, opening).await)
    }

    /// A connection to a Unix socket on the host (OpenSSH PROTOCOL, 2.4).
    async fn socket(&self, host: &HostName, path: &str) -> Result<Stream, WorldError> {
        opened(host, timeout(CONNECT, self.handle().channel_open_direct_streamlocal(path)).await)
    }

    /// A connection to wherever that is.
    pub(super) async fn stream(&self, host: &HostName, to: &Destination) -> Result<Stream, WorldError> {
        match to {
            Destination::Tcp { address, port } => self.tcp(host, address, *port).await,
            Destination::Socket(path) => self.socket(host, path).await,
        }
    }
}

impl Remote<'_> {
    /// A connection from the host to a TCP port of an address, as it sees it.
    pub(in crate::world) async fn connect_on(&self, address: &str, port: u16) -> Result<Stream, WorldError> {
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
}

fn opened(
    host: &HostName,
    opening: Result<Result<russh::Channel<Msg>, russh::Error>, tokio::time::error::Elapsed>,
) -> Result<Stream, WorldError> {
    let failed =
        |code, problem: String, fix: &str| WorldError::new(code, format!("connect through host {host}"), problem, fix);
    let reason = match opening {
        Ok(Ok(channel)) => return Ok(channel.into_stream()),
        Ok(Err(russh::Error::ChannelOpenFailure(reason))) => reason,
        Ok(Err(error)) => return Err(ended(host).because(error)),
        Err(_) => {
            let problem = format!("host {host} did not connect to that address within {} s", CONNECT.as_secs());
            return Err(failed(Code::WorldFailed, problem, CHECK_ADDRESS));
        }
    };
    Err(match reason {
        russh::ChannelOpenFailure::AdministrativelyProhibited => failed(
            Code::Forbidden,
            format!("host {host} forbids connections through it, or to that address"),
            "Allow them in its sshd_config (AllowTcpForwarding, AllowStreamLocalForwarding, PermitOpen), or ask its provider.",
        ),
        russh::ChannelOpenFailure::ConnectFailed => {
            failed(Code::WorldFailed, format!("nothing answers host {host} at that address"), CHECK_ADDRESS)
        }
        _ => failed(Code::WorldFailed, format!("host {host} does not connect on"), CHECK_ADDRESS),
    })
}

const CHECK_ADDRESS: &str = "Check that the service is up, and its address in deploy-ops.toml as the host sees it.";

/// The connection to the host ended: what became of what was under way is not known.
pub(super) fn ended(host: &HostName) -> WorldError {
    WorldError::new(
        Code::ConnectionLost,
        format!("connect through host {host}"),
        format!("the connection to host {host} ended"),
        "Try again.",
    )
}
