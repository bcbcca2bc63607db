//! Connections: how many, from where, and how long they may be silent.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use axum::Router;
use hyper::server::conn::http1;
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpStream},
    sync::{OwnedSemaphorePermit, Semaphore},
    time::timeout,
};
use tokio_util::sync::CancellationToken;

use super::settings::HttpLimits;

/// What a connection that is one too many reads.
const BUSY: &[u8] =
    b"HTTP/1.1 503 Service Unavailable\r\nretry-after: 1\r\nconnection: close\r\ncontent-length: 0\r\n\r\n";

/// Accepts until `stop`, then waits a moment for what is open.
pub(crate) async fn run(listener: TcpListener, router: Router, limits: HttpLimits, stop: CancellationToken) {
    let places = Arc::new(Semaphore::new(limits.connections));
    let addresses = Arc::new(Addresses::default());
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            () = stop.cancelled() => break,
        };
        let Ok((stream, peer)) = accepted else {
            // The process is out of descriptors, or the peer left already; the next accept tells.
            tokio::task::yield_now().await;
            continue;
        };
        let place = places.clone().try_acquire_owned().ok();
        let address = addresses.enter(peer.ip(), limits.connections_per_address);
        let (Some(place), Some(address)) = (place, address) else {
            let _ = stream.try_write(BUSY);
            continue;
        };
        // Without this, every streamed answer waits some 40 ms for the client's delayed acknowledgement.
        let _ = stream.set_nodelay(true);
        tokio::spawn(connection(stream, router.clone(), limits, stop.clone(), (place, address)));
    }
    // Every place is free again when every connection has ended.
    let all = u32::try_from(limits.connections).unwrap_or(u32::MAX);
    let _ = timeout(limits.stop_time, places.acquire_many(all)).await;
}

async fn connection(
    stream: TcpStream,
    router: Router,
    limits: HttpLimits,
    stop: CancellationToken,
    _held: (OwnedSemaphorePermit, Visit),
) {
    let connection = http1::Builder::new()
        .timer(TokioTimer::new())
        // Counts from the opening of the connection and from each answer, so it ends silent connections too.
        .header_read_timeout(limits.head_time)
        .max_buf_size(64 * 1024)
        .serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut connection = std::pin::pin!(connection);
    tokio::select! {
        _ = connection.as_mut() => return,
        () = stop.cancelled() => connection.as_mut().graceful_shutdown(),
    }
    let _ = timeout(limits.stop_time, connection).await;
}

/// How many connections each address has open.
#[derive(Debug, Default)]
struct Addresses(Mutex<HashMap<IpAddr, usize>>);

/// One open connection of an address.
#[derive(Debug)]
struct Visit(Arc<Addresses>, IpAddr);

impl Addresses {
    /// Loopback is one machine with many clients, so it is not counted.
    fn enter(self: &Arc<Self>, address: IpAddr, most: usize) -> Option<Visit> {
        let mut open = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = open.entry(address).or_default();
        if *count >= most && !address.is_loopback() {
            return None;
        }
        *count += 1;
        Some(Visit(self.clone(), address))
    }
}

impl Drop for Visit {
    fn drop(&mut self) {
        let mut open = self.0.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(count) = open.get_mut(&self.1) {
            *count = count.saturating_sub(1);
            if *count == 0 {
                open.remove(&self.1);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_has_its_share_and_gets_it_back() {
        let (addresses, one, two) =
            (Arc::new(Addresses::default()), "192.0.2.1".parse().unwrap(), "192.0.2.2".parse().unwrap());
        let held: Vec<Visit> = (0..3).filter_map(|_| addresses.enter(one, 3)).collect();
        assert!(addresses.enter(one, 3).is_none());
        assert!(addresses.enter(two, 3).is_some());
        drop(held);
        assert!(addresses.enter(one, 3).is_some());
        assert!(addresses.0.lock().unwrap().is_empty(), "nothing is kept of those who left");
    }
}
