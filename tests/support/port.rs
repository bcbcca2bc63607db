//! Ports that a server keeps over restarts.

use std::net::TcpListener;

/// A free port of the loopback that the system gives to nobody by itself, so that a server which is down for a while finds its
/// port free when it comes back.
pub(crate) fn lasting_port() -> u16 {
    loop {
        let mut random = [0; 2];
        getrandom::fill(&mut random).unwrap();
        // Below the ports of outgoing connections, which begin at 32768.
        let port = 10_000 + u16::from_le_bytes(random) % 22_000;
        if TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
}
