//! Tunnels: a private Unix socket of ours through which client programs reach what only a host can reach.
//!
//! Client programs speak no TLS over Unix sockets, or cannot be told which name the certificate has to hold. So it ends here, and
//! the programs speak to us in the clear over our private socket.

mod mariadb;
mod postgres;
mod relay;
mod route;

use std::{
    collections::HashMap,
    fmt,
    path::{Path, PathBuf},
    sync::{Arc, Mutex, MutexGuard, PoisonError, Weak},
    time::Duration,
};

use tempfile::TempDir;
use tokio::{
    net::UnixListener,
    task::JoinSet,
    time::{sleep, timeout},
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::{Remote, Role};
use crate::{
    domain::name::HostName,
    world::{WorldError, ssh::Destination, tls::Verified},
};
use route::Route;

/// The pause after a connection that could not be accepted, for example because too many files are open.
const PAUSE: Duration = Duration::from_millis(50);
/// How long a closed tunnel carries the last words of connections: a server that hears no farewell complains in its log.
const FAREWELL: Duration = Duration::from_secs(2);

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
    _open: DropGuard,
}

/// The tunnels that are in use.
#[derive(Default)]
pub(super) struct Tunnels(Mutex<HashMap<Key, Weak<Tunnel>>>);

type Key = (HostName, Role, End, u16);

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
        if let Some(tunnel) = tunnels.in_use(&key) {
            return Ok(tunnel);
        }
        let tunnel = Arc::new(self.new_tunnel(end, port).await?);
        Ok(tunnels.share(key, tunnel))
    }

    async fn new_tunnel(&self, end: &End, port: u16) -> Result<Tunnel, WorldError> {
        let route = Arc::new(Route::new(self.name.clone(), self.connection().await?, end)?);
        let io = |e| WorldError::io("open a tunnel", e);
        let directory = self.reader.scratch_for_sockets("t-", socket(Path::new(""), port).as_os_str().len() + 1)?;
        let listener = UnixListener::bind(socket(directory.path(), port)).map_err(io)?;
        let open = CancellationToken::new();
        tokio::spawn(serve(listener, route.clone(), open.clone()));
        Ok(Tunnel { directory, port, route, _open: open.drop_guard() })
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
        match self.why() {
            Some(why) => WorldError { code: why.code, problem: why.problem, fix: why.fix, ..error },
            None => error,
        }
    }

    /// The last failure of the tunnel.
    pub(in crate::world) fn why(&self) -> Option<WorldError> {
        let (tunnel, before) = self.0.as_ref()?;
        let failures = tunnel.route.failures();
        let why = failures.last.as_ref().filter(|_| failures.count > *before)?;
        Some(WorldError::new(why.code, why.doing.clone(), why.problem.clone(), why.fix.clone()))
    }
}

/// Accepts until the tunnel is closed. Connections whose program has gone end by themselves; the others are cut.
async fn serve(listener: UnixListener, route: Arc<Route>, open: CancellationToken) {
    let mut running = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    running.spawn(route.clone().carry(stream));
                }
                Err(_) => sleep(PAUSE).await,
            },
            Some(_) = running.join_next() => {}
            () = open.cancelled() => break,
        }
    }
    drop(listener);
    let _ = timeout(FAREWELL, async { while running.join_next().await.is_some() {} }).await;
}

/// As PostgreSQL's programs name it.
fn socket(directory: &Path, port: u16) -> PathBuf {
    directory.join(format!(".s.PGSQL.{port}"))
}

impl Tunnels {
    fn in_use(&self, key: &Key) -> Option<Arc<Tunnel>> {
        let tunnel = self.lock().get(key)?.upgrade()?;
        tunnel.route.is_open().then_some(tunnel)
    }

    /// Whoever opened another one at the same time takes the one that was first.
    fn share(&self, key: Key, tunnel: Arc<Tunnel>) -> Arc<Tunnel> {
        if let Some(first) = self.in_use(&key) {
            return first;
        }
        let mut tunnels = self.lock();
        tunnels.retain(|_, tunnel| tunnel.strong_count() > 0);
        tunnels.insert(key, Arc::downgrade(&tunnel));
        tunnel
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Key, Weak<Tunnel>>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl fmt::Debug for Tunnel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Tunnel({})", self.route.host())
    }
}
