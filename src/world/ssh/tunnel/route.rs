//! One connection after the other on the way through a host, and what became of them.

use std::{
    io,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use tokio::net::UnixStream;

use super::{End, Passage, mariadb, postgres, relay::relay};
use crate::{
    domain::{name::HostName, refusal::Code},
    world::{
        WorldError,
        ssh::{Connection, Destination, forward::ended},
        tls::Client,
    },
};

/// What connections through a tunnel share.
pub(super) struct Route {
    host: HostName,
    connection: Arc<Connection>,
    destination: Destination,
    wrap: Wrap,
    failures: Mutex<Failures>,
}

enum Wrap {
    Plain,
    Postgres(Client),
    Mariadb(Client),
}

/// How many connections failed, and the last failure.
#[derive(Default)]
pub(super) struct Failures {
    pub(super) count: u64,
    pub(super) last: Option<WorldError>,
}

impl Route {
    /// To the end of a tunnel, over an open connection. The authorities of TLS are read here.
    pub(super) fn new(host: HostName, connection: Arc<Connection>, end: &End) -> Result<Self, WorldError> {
        let wrap = match &end.passage {
            Passage::Plain => Wrap::Plain,
            Passage::Postgres(verified) => Wrap::Postgres(verified.client()?),
            Passage::Mariadb(verified) => Wrap::Mariadb(verified.client()?),
        };
        Ok(Self { host, connection, destination: end.destination.clone(), wrap, failures: Mutex::default() })
    }

    pub(super) fn host(&self) -> &HostName {
        &self.host
    }

    pub(super) fn is_open(&self) -> bool {
        self.connection.is_open()
    }

    /// Carries a connection to its end.
    pub(super) async fn carry(self: Arc<Self>, mut local: UnixStream) {
        if let Err(error) = self.pass(&mut local).await {
            // Before the program sees the end and its caller asks why.
            let mut failures = self.failures();
            failures.count += 1;
            failures.last = Some(error);
        }
    }

    async fn pass(&self, local: &mut UnixStream) -> Result<(), WorldError> {
        let remote = self.connection.stream(&self.host, &self.destination).await?;
        let passed = match &self.wrap {
            Wrap::Plain => relay(local, remote).await.map_err(Broken::from),
            Wrap::Postgres(client) => postgres::pass(local, remote, client).await,
            Wrap::Mariadb(client) => mariadb::pass(local, remote, client).await,
        };
        if !self.connection.is_open() {
            return Err(ended(&self.host));
        }
        match passed {
            Ok(()) | Err(Broken::Off) => Ok(()),
            Err(Broken::Unprotected) => Err(unverified(&self.host, "it offers no TLS", "Switch TLS on there.")),
            Err(Broken::Unverified) => Err(unverified(
                &self.host,
                "it does not prove who it is with a certificate",
                "Correct the address, name the authorities with `ca`, or give it a certificate that is valid for its address.",
            )),
        }
    }

    pub(super) fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why bytes no longer pass.
pub(super) enum Broken {
    /// One of the ends is gone; it knows why.
    Off,
    /// The server offers no TLS.
    Unprotected,
    /// It has no certificate that is good for its address.
    Unverified,
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Self::Off
    }
}

fn unverified(host: &HostName, problem: &str, fix: &str) -> WorldError {
    let doing = format!("connect through host {host}");
    WorldError::new(Code::WorldFailed, doing, format!("the server behind host {host}: {problem}"), fix)
}
