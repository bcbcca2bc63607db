//! What the HTTP server can be told.

use std::{net::SocketAddr, time::Duration};

use super::{HttpError, auth::Token, metrics::Metrics};

/// Where to listen, for whom, and how much.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// The address and port.
    pub listen: SocketAddr,
    /// Who may come in. Empty is allowed on a loopback address only; whoever connects is then the local user.
    pub tokens: Vec<Token>,
    /// Host names that clients may use, beside those of loopback; with or without a port.
    pub hosts: Vec<String>,
    /// Web pages that may connect, such as `https://ops.example.org`, beside pages of this machine.
    pub origins: Vec<String>,
    /// The numbers of `/metrics`; without them there is no such page.
    pub metrics: Option<Metrics>,
    /// How much.
    pub limits: HttpLimits,
}

/// The limits of the HTTP server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HttpLimits {
    /// Connections at once.
    pub connections: usize,
    /// Connections at once from one address that is not loopback.
    pub connections_per_address: usize,
    /// Requests at once that have not been answered yet.
    pub requests: usize,
    /// The size of a request body, bytes.
    pub body_bytes: usize,
    /// Nesting of arrays and objects in a request.
    pub json_depth: usize,
    /// How long a connection may be silent between requests, a request's head included.
    pub head_time: Duration,
    /// How long a request's body may take.
    pub body_time: Duration,
    /// How long a stream that only the server writes to stays open.
    pub stream_time: Duration,
    /// Sessions at once, of each kind.
    pub sessions: usize,
    /// How long open requests may take after a stop.
    pub stop_time: Duration,
}

impl Default for HttpLimits {
    fn default() -> Self {
        Self {
            connections: 512,
            connections_per_address: 32,
            requests: 256,
            body_bytes: 1024 * 1024,
            json_depth: 32,
            head_time: Duration::from_secs(10),
            body_time: Duration::from_secs(15),
            stream_time: Duration::from_mins(30),
            sessions: 512,
            stop_time: Duration::from_secs(5),
        }
    }
}

impl HttpSettings {
    /// Settings for a server that only this machine can reach.
    pub fn loopback(port: u16) -> Self {
        Self {
            listen: SocketAddr::from(([127, 0, 0, 1], port)),
            tokens: Vec::new(),
            hosts: Vec::new(),
            origins: Vec::new(),
            metrics: None,
            limits: HttpLimits::default(),
        }
    }

    pub(crate) fn check(&self) -> Result<(), HttpError> {
        if self.tokens.is_empty() && !self.listen.ip().is_loopback() {
            return Err(HttpError::Open(self.listen));
        }
        Ok(())
    }

    pub(crate) fn hosts(&self) -> Vec<String> {
        ["localhost", "127.0.0.1", "::1"].into_iter().map(str::to_owned).chain(self.hosts.iter().cloned()).collect()
    }

    pub(crate) fn origins(&self) -> Vec<String> {
        let own = ["http://localhost:*", "http://127.0.0.1:*", "http://[::1]:*"];
        own.into_iter().map(str::to_owned).chain(self.origins.iter().cloned()).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_tokens_only_loopback_is_served() {
        let mut settings = HttpSettings::loopback(0);
        assert!(settings.check().is_ok());
        settings.listen = "0.0.0.0:8080".parse().unwrap();
        assert!(matches!(settings.check(), Err(HttpError::Open(_))));
        settings.listen = "[::1]:8080".parse().unwrap();
        assert!(settings.check().is_ok());
    }
}
