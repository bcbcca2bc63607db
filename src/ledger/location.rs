//! Where a ledger is kept.

use std::path::PathBuf;

use crate::redact::Secret;

/// Where a ledger is kept.
#[derive(Debug, Clone)]
pub enum Location {
    /// In a file on a local disk, for the processes of one machine.
    Sqlite(PathBuf),
    /// On a PostgreSQL server, for several machines.
    Postgres(Server),
}

/// A database on a PostgreSQL server.
#[derive(Debug, Clone)]
pub struct Server {
    /// The server's name or address, or the directory of its socket.
    pub address: String,
    /// The port, which a socket's name holds as well.
    pub port: u16,
    /// The database; the ledger has the schema `deploy_ops` in it.
    pub database: String,
    /// The login role.
    pub user: String,
    /// Its password, when it needs one.
    pub password: Option<Secret>,
    /// How the connection is protected.
    pub tls: Tls,
}

/// How a connection is protected.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Tls {
    /// Not at all: for sockets and for this machine.
    Off,
    /// By a certificate for the server's name, from an authority of this machine or from that file (PEM).
    Verified {
        /// A file with further authorities.
        authority: Option<PathBuf>,
    },
}

impl Default for Location {
    fn default() -> Self {
        Self::Sqlite(PathBuf::new())
    }
}
