//! Tunnels: a private Unix socket of ours through which client programs reach what only a host can reach.

mod mariadb;
mod postgres;
mod relay;
mod tls;

use std::{
    collections::HashMap,
    fmt, io,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::{UnixListener, UnixStream},
    task::JoinSet,
};

use super::{Connection, Remote, Role, forward::ended};
use crate::{
    domain::name::HostName,
    world::{WorldError, ssh::Destination},
};
use relay::relay;
use tls::Client;
pub(in crate::world) use tls::Verified;

/// The longest path of a socket, bytes (unix(7): 108 with the final zero; others have less).
const LONGEST: usize = 103;
/// The pause after a connection that could not be accepted, for example because too many files are open.
const PAUSE: Duration = Duration::from_millis(50);

/// What becomes of the bytes on the way.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::world) enum Passage {
    /// They pass as they are.
    Plain,
    /// Client programs speak to us in the clear, over our private socket; we speak TLS with the PostgreSQL server.
    Postgres(Verified),
    /// The same with a MariaDB or MySQL server.
    Mariadb(Verified),
}

/// What a tunnel leads to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(in crate::world) struct End {
    /// Where it ends, as the host sees it.
    pub(in crate::world) destination: Destination,
    /// What becomes of the bytes on the way.
    pub(in crate::world) passage: Passage,
}

/// A tunnel. When the last one who holds it drops it, it is closed with everything that runs through it.
pub(in crate::world) struct Tunnel {
    /// Nobody else may enter it.
    directory: TempDir,
    port: u16,
    route: Arc<Route>,
    /// Ends when it is dropped.
    _serving: JoinSet<()>,
}

/// The tunnels that are in use.
#[derive(Default)]
pub(super) struct Tunnels(Mutex<HashMap<(HostName, Role, End, u16), Weak<Tunnel>>>);

/// What connections through a tunnel share.
struct Route {
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
struct Failures {
    count: u64,
    last: Option<WorldError>,
}

/// Keeps a tunnel open, and knows why connections through it failed since the value was made. Where there is no tunnel it knows
/// nothing.
#[derive(Debug, Default)]
pub(in crate::world) struct Watch(Option<(Arc<Tunnel>, u64)>);

impl Remote<'_> {
    /// The tunnel to there: the one that is in use, or a new one. Its socket is named after `port`, as PostgreSQL's programs want it.
    /// Whether anything answers at its end is found out by who connects.
    pub(in crate::world) async fn tunnel(&self, end: &End, port: u16) -> Result<Arc<Tunnel>, WorldError> {
        let tunnels = &self.reader.world.ssh.tunnels;
        let key = (self.name.clone(), self.role, end.clone(), port);
        let in_use = tunnels.lock().get(&key).and_then(Weak::upgrade);
        if let Some(tunnel) = in_use.filter(|tunnel| tunnel.route.connection.is_open()) {
            return Ok(tunnel);
        }
        let tunnel = Arc::new(self.new_tunnel(end, port).await?);
        let mut tunnels = tunnels.lock();
        tunnels.retain(|_, tunnel| tunnel.strong_count() > 0);
        tunnels.insert(key, Arc::downgrade(&tunnel));
        Ok(tunnel)
    }

    async fn new_tunnel(&self, end: &End, port: u16) -> Result<Tunnel, WorldError> {
        let wrap = match &end.passage {
            Passage::Plain => Wrap::Plain,
            Passage::Postgres(verified) => Wrap::Postgres(verified.client()?),
            Passage::Mariadb(verified) => Wrap::Mariadb(verified.client()?),
        };
        let connection = self.connection().await?;
        let io = |e| WorldError::io("open a tunnel", e);
        let mut directory = self.reader.scratch("t-")?;
        if socket(directory.path(), port).as_os_str().len() > LONGEST {
            // The data directory lies too deep for a socket.
            directory = tempfile::Builder::new().prefix("deployops-").tempdir().map_err(io)?;
        }
        let listener = UnixListener::bind(socket(directory.path(), port)).map_err(io)?;
        let (host, destination) = (self.name.clone(), end.destination.clone());
        let route = Arc::new(Route { host, connection, destination, wrap, failures: Mutex::default() });
        let mut serving = JoinSet::new();
        serving.spawn(serve(listener, route.clone()));
        Ok(Tunnel { directory, port, route, _serving: serving })
    }
}

impl Tunnel {
    /// The directory of its socket, private to us.
    pub(in crate::world) fn directory(&self) -> &Path {
        self.directory.path()
    }

    /// Its socket.
    pub(in crate::world) fn socket(&self) -> PathBuf {
        socket(self.directory(), self.port)
    }

    /// From now on failures count.
    pub(in crate::world) fn watch(self: &Arc<Self>) -> Watch {
        Watch(Some((self.clone(), self.route.failures().count)))
    }
}

impl Watch {
    /// Why something failed, as far as the tunnel knows: programs see no more than an end. What was being done stays.
    pub(in crate::world) fn explain(&self, error: WorldError) -> WorldError {
        let Some((tunnel, before)) = &self.0 else { return error };
        let failures = tunnel.route.failures();
        let Some(why) = failures.last.as_ref().filter(|_| failures.count > *before) else { return error };
        WorldError { code: why.code, problem: why.problem.clone(), fix: why.fix.clone(), ..error }
    }
}

/// Accepts until it is aborted, which ends everything that it accepted.
async fn serve(listener: UnixListener, route: Arc<Route>) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    running.spawn(route.clone().carry(stream));
                }
                Err(_) => tokio::time::sleep(PAUSE).await,
            },
            Some(_) = running.join_next() => {}
        }
    }
}

impl Route {
    async fn carry(self: Arc<Self>, mut local: UnixStream) {
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

    fn failures(&self) -> MutexGuard<'_, Failures> {
        self.failures.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why bytes no longer pass.
enum Broken {
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
    WorldError::new(
        crate::domain::refusal::Code::WorldFailed,
        doing,
        format!("the server behind host {host}: {problem}"),
        fix,
    )
}

/// As PostgreSQL's programs name it.
fn socket(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!(".s.PGSQL.{port}"))
}

impl Tunnels {
    fn lock(&self) -> MutexGuard<'_, HashMap<(HostName, Role, End, u16), Weak<Tunnel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tunnel({})", self.route.host)
    }
}
