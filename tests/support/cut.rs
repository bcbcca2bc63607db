//! A line between a client and a server of this machine that breaks when a test says so.

use std::{
    net::Ipv4Addr,
    sync::{
        Arc,
        atomic::{AtomicU64, AtomicUsize, Ordering},
    },
    time::Duration,
};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{
        TcpListener, TcpStream,
        tcp::{OwnedReadHalf, OwnedWriteHalf},
    },
    sync::{mpsc, watch},
    task::JoinHandle,
    time::{Instant, sleep_until},
};

use super::port::lasting_port;

/// Which way bytes go.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    ToServer,
    ToClient,
}

/// A proxy on a loopback port in front of a server. Dropping it cuts all connections.
#[derive(Debug)]
pub(crate) struct Cut {
    port: u16,
    line: Arc<Line>,
    task: JoinHandle<()>,
}

#[derive(Debug)]
struct Line {
    state: watch::Sender<State>,
    /// Whether the port listens.
    listens: watch::Sender<bool>,
    accepted: AtomicUsize,
    open: AtomicUsize,
    passed: [AtomicU64; 2],
}

#[derive(Debug, Clone, Default)]
struct State {
    down: bool,
    stalled: bool,
    latency: Duration,
    /// How often everything was cut; a connection belongs to one number.
    cuts: u64,
    fuse: Option<Fuse>,
}

/// A cut to come.
#[derive(Debug, Clone, Copy)]
struct Fuse {
    way: Way,
    left: u64,
    then_down: bool,
}

impl Cut {
    /// A line to the server at this port of the loopback, which lets everything through.
    pub(crate) async fn before(server: u16) -> Self {
        let port = lasting_port();
        let line = Arc::new(Line {
            state: watch::Sender::new(State::default()),
            listens: watch::Sender::new(false),
            accepted: AtomicUsize::new(0),
            open: AtomicUsize::new(0),
            passed: [AtomicU64::new(0), AtomicU64::new(0)],
        });
        let task = tokio::spawn(listen(line.clone(), port, server));
        let cut = Self { port, line, task };
        cut.until_listening(true).await;
        cut
    }

    /// Where to connect to.
    pub(crate) fn port(&self) -> u16 {
        self.port
    }

    /// Cuts all connections, once, when `bytes` more have gone this way over all of them. New connections are let through.
    pub(crate) fn cut_after_bytes(&self, way: Way, bytes: u64) {
        self.arm(Fuse { way, left: bytes, then_down: false });
    }

    /// The same, and refuses connections from then on until [`up`](Self::up).
    pub(crate) fn down_after_bytes(&self, way: Way, bytes: u64) {
        self.arm(Fuse { way, left: bytes, then_down: true });
    }

    /// Waits until the cut that was to come has come.
    pub(crate) async fn until_cut(&self) {
        self.line.state.subscribe().wait_for(|state| state.fuse.is_none()).await.unwrap();
    }

    /// Forgets the cut that was to come; whether it was still to come.
    pub(crate) fn disarm(&self) -> bool {
        let mut armed = false;
        self.line.state.send_modify(|state| armed = state.fuse.take().is_some());
        armed
    }

    /// Cuts all connections now.
    pub(crate) fn cut(&self) {
        self.line.state.send_modify(|state| state.cuts += 1);
    }

    /// Cuts all connections and refuses new ones.
    pub(crate) async fn down(&self) {
        self.line.state.send_modify(|state| {
            state.cuts += 1;
            state.down = true;
        });
        self.until_listening(false).await;
    }

    /// Lets everything through again, also after [`stall`](Self::stall).
    pub(crate) async fn up(&self) {
        self.line.state.send_modify(|state| (state.down, state.stalled) = (false, false));
        self.until_listening(true).await;
    }

    /// Keeps connections open, and lets no byte through either way.
    pub(crate) fn stall(&self) {
        self.line.state.send_modify(|state| state.stalled = true);
    }

    /// Each byte arrives that much later, each way.
    pub(crate) fn latency(&self, latency: Duration) {
        self.line.state.send_modify(|state| state.latency = latency);
    }

    /// How many connections there have been.
    pub(crate) fn connections(&self) -> usize {
        self.line.accepted.load(Ordering::SeqCst)
    }

    /// How many connections are open.
    pub(crate) fn open(&self) -> usize {
        self.line.open.load(Ordering::SeqCst)
    }

    /// How many bytes have gone this way.
    pub(crate) fn passed(&self, way: Way) -> u64 {
        self.line.passed[way as usize].load(Ordering::SeqCst)
    }

    fn arm(&self, fuse: Fuse) {
        self.line.state.send_modify(|state| state.fuse = Some(fuse));
    }

    async fn until_listening(&self, wanted: bool) {
        self.line.listens.subscribe().wait_for(|&listens| listens == wanted).await.unwrap();
    }
}

impl Drop for Cut {
    fn drop(&mut self) {
        self.cut();
        self.task.abort();
    }
}

/// Listens while the line is up.
async fn listen(line: Arc<Line>, port: u16, server: u16) {
    let mut state = line.state.subscribe();
    loop {
        state.wait_for(|state| !state.down).await.unwrap();
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).await.unwrap();
        line.listens.send_replace(true);
        loop {
            tokio::select! {
                _ = state.wait_for(|state| state.down) => break,
                accepted = listener.accept() => {
                    let cuts = line.state.borrow().cuts;
                    tokio::spawn(carry(line.clone(), cuts, accepted.unwrap().0, server));
                }
            }
        }
        drop(listener);
        line.listens.send_replace(false);
    }
}

/// Carries one connection to its end, or to the next cut.
async fn carry(line: Arc<Line>, cuts: u64, client: TcpStream, server: u16) {
    line.accepted.fetch_add(1, Ordering::SeqCst);
    let Ok(server) = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await else { return };
    line.open.fetch_add(1, Ordering::SeqCst);
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let mut state = line.state.subscribe();
    tokio::select! {
        _ = state.wait_for(|state| state.cuts != cuts) => {}
        _ = async { tokio::join!(
            pass(&line, Way::ToServer, from_client, to_server),
            pass(&line, Way::ToClient, from_server, to_client),
        ) } => {}
    }
    line.open.fetch_sub(1, Ordering::SeqCst);
}

/// Passes bytes one way until their end.
async fn pass(line: &Line, way: Way, mut from: OwnedReadHalf, mut to: OwnedWriteHalf) {
    let (queue, mut due) = mpsc::channel::<(Instant, Vec<u8>)>(64);
    let read = async move {
        let mut buffer = vec![0; 16 << 10];
        while let Ok(length @ 1..) = from.read(&mut buffer).await {
            let latency = line.state.borrow().latency;
            if queue.send((Instant::now() + latency, buffer[..length].to_vec())).await.is_err() {
                break;
            }
        }
    };
    let write = async move {
        let mut state = line.state.subscribe();
        while let Some((when, bytes)) = due.recv().await {
            sleep_until(when).await;
            state.wait_for(|state| !state.stalled).await.unwrap();
            let burnt = line.burn(way, bytes.len());
            let bytes = &bytes[..burnt.unwrap_or(bytes.len())];
            line.passed[way as usize].fetch_add(bytes.len() as u64, Ordering::SeqCst);
            if to.write_all(bytes).await.is_err() {
                return;
            }
            if burnt.is_some() {
                line.blow();
                std::future::pending::<()>().await;
            }
        }
        let _ = to.shutdown().await;
    };
    tokio::join!(read, write);
}

impl Line {
    /// Shortens the fuse by the bytes to come; how many of them may still go before the cut, if it is now.
    fn burn(&self, way: Way, bytes: usize) -> Option<usize> {
        let mut may_go = None;
        self.state.send_if_modified(|state| {
            if let Some(fuse) = state.fuse.as_mut().filter(|fuse| fuse.way == way) {
                let bytes = bytes as u64;
                if fuse.left < bytes {
                    may_go = Some(usize::try_from(fuse.left).unwrap());
                }
                fuse.left = fuse.left.saturating_sub(bytes);
            }
            false
        });
        may_go
    }

    /// Does what the fuse was for.
    fn blow(&self) {
        self.state.send_modify(|state| {
            state.cuts += 1;
            state.down |= state.fuse.take().is_some_and(|fuse| fuse.then_down);
        });
    }
}
