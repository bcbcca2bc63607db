//! Clients by hand: every byte that a server sends is seen.

use std::{net::SocketAddr, sync::Arc, time::Duration};

use deploy_ops_mcp::server::{
    Door, Identity,
    http::{self, HttpSettings},
    stdio,
};
use serde_json::{Value, json};
use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, DuplexStream, ReadHalf, WriteHalf},
    net::TcpStream,
    time::timeout,
};
use tokio_util::sync::{CancellationToken, DropGuard};

use super::fake::{FakeDoor, handler};

/// Longer than anything here takes.
pub(crate) const LONG: Duration = Duration::from_secs(20);

pub(crate) fn initialize(capabilities: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": 0, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": capabilities, "clientInfo": {"name": "test", "version": "1"},
    }})
}

/// What each request of 2026-07-28 carries.
pub(crate) fn modern(capabilities: Value) -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
        "io.modelcontextprotocol/clientInfo": {"name": "test", "version": "1"},
    })
}

pub(crate) fn call(id: u64, tool: &str, arguments: Value) -> Value {
    json!({"jsonrpc": "2.0", "id": id, "method": "tools/call", "params": {"name": tool, "arguments": arguments}})
}

/// A client at the other end of a pipe.
pub(crate) struct Pipe {
    reader: BufReader<ReadHalf<DuplexStream>>,
    pub(crate) writer: WriteHalf<DuplexStream>,
    pub(crate) seen: Vec<u8>,
}

impl Pipe {
    pub(crate) fn open(door: &Arc<FakeDoor>) -> Self {
        let (ours, theirs) = tokio::io::duplex(64 * 1024);
        let handler = handler(door);
        tokio::spawn(async move {
            let (reader, writer) = tokio::io::split(theirs);
            stdio::serve_streams(&handler, Identity::local("test"), reader, writer).await.unwrap();
        });
        let (reader, writer) = tokio::io::split(ours);
        Self { reader: BufReader::new(reader), writer, seen: Vec::new() }
    }

    pub(crate) async fn begin(door: &Arc<FakeDoor>, capabilities: Value) -> Self {
        let mut pipe = Self::open(door);
        pipe.send(&initialize(capabilities)).await;
        pipe.answer(0).await;
        pipe.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"})).await;
        pipe
    }

    pub(crate) async fn send(&mut self, message: &Value) {
        self.writer.write_all(format!("{message}\n").as_bytes()).await.unwrap();
    }

    pub(crate) async fn receive(&mut self) -> Value {
        let mut line = Vec::new();
        timeout(LONG, self.reader.read_until(b'\n', &mut line)).await.unwrap().unwrap();
        self.seen.extend_from_slice(&line);
        serde_json::from_slice(&line).unwrap()
    }

    /// The answer to a request; what comes before it is seen and skipped.
    pub(crate) async fn answer(&mut self, id: u64) -> Value {
        loop {
            let message = self.receive().await;
            if message.get("id") == Some(&json!(id)) && message.get("method").is_none() {
                return message;
            }
        }
    }

    pub(crate) async fn ask(&mut self, message: &Value) -> Value {
        self.send(message).await;
        self.answer(message["id"].as_u64().unwrap()).await
    }
}

/// A server on a free port of its own, stopped when dropped.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    _stop: DropGuard,
}

impl Server {
    pub(crate) async fn start(door: &Arc<FakeDoor>, mut settings: HttpSettings) -> Self {
        settings.listen = ([127, 0, 0, 1], 0).into();
        let listener = http::listen(&settings).await.unwrap();
        let address = listener.local_addr().unwrap();
        let stop = CancellationToken::new();
        let (handler, redactor, stopped) = (handler(door), door.redactor(), stop.clone());
        tokio::spawn(async move { http::serve(listener, handler, redactor, settings, stopped).await });
        Self { address, _stop: stop.drop_guard() }
    }

    pub(crate) async fn loopback(door: &Arc<FakeDoor>) -> Self {
        Self::start(door, HttpSettings::loopback(0)).await
    }

    /// Sends one request on a connection of its own and reads to the end.
    pub(crate) async fn send(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &[u8]) -> Answer {
        let mut stream = self.open(method, path, headers, Some(body.len())).await;
        let _ = stream.write_all(body).await;
        let mut raw = Vec::new();
        let _ = timeout(LONG, stream.read_to_end(&mut raw)).await.unwrap();
        Answer::parse(raw)
    }

    /// Opens a connection and sends a request's head.
    pub(crate) async fn open(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        length: Option<usize>,
    ) -> TcpStream {
        let mut head = format!("{method} {path} HTTP/1.1\r\nconnection: close\r\n");
        if !headers.iter().any(|(name, _)| *name == "host") {
            head.push_str("host: localhost\r\n");
        }
        for (name, value) in headers {
            head.extend([name, ": ", value, "\r\n"]);
        }
        match length {
            Some(length) => head.extend(["content-length: ", &length.to_string(), "\r\n\r\n"]),
            None => head.push_str("transfer-encoding: chunked\r\n\r\n"),
        }
        let mut stream = TcpStream::connect(self.address).await.unwrap();
        stream.write_all(head.as_bytes()).await.unwrap();
        stream
    }

    /// Posts one message to `/mcp`.
    pub(crate) async fn post(&self, headers: &[(&str, &str)], message: &Value) -> Answer {
        let mut all = vec![("content-type", "application/json"), ("accept", "application/json, text/event-stream")];
        all.extend_from_slice(headers);
        self.send("POST", "/mcp", &all, message.to_string().as_bytes()).await
    }

    /// Begins a session and says which.
    pub(crate) async fn session(&self, headers: &[(&str, &str)]) -> String {
        let begun = self.post(headers, &initialize(json!({}))).await;
        assert_eq!(begun.status, 200, "{begun:?}");
        let session = begun.header("mcp-session-id").unwrap().to_owned();
        let mut all = vec![("mcp-session-id", session.as_str())];
        all.extend_from_slice(headers);
        let initialized = json!({"jsonrpc": "2.0", "method": "notifications/initialized"});
        assert_eq!(self.post(&all, &initialized).await.status, 202);
        session
    }

    /// Posts a request of 2026-07-28.
    pub(crate) async fn post_modern(
        &self,
        headers: &[(&str, &str)],
        mut message: Value,
        capabilities: Value,
    ) -> Answer {
        message["params"]["_meta"] = modern(capabilities);
        let method = message["method"].as_str().unwrap().to_owned();
        let name = ["name", "uri"].iter().find_map(|key| message["params"][key].as_str()).map(str::to_owned);
        let mut all = vec![("mcp-protocol-version", "2026-07-28"), ("mcp-method", method.as_str())];
        if let Some(name) = &name {
            all.push(("mcp-name", name));
        }
        all.extend_from_slice(headers);
        self.post(&all, &message).await
    }
}

#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) raw: Vec<u8>,
    head: String,
    pub(crate) body: String,
}

impl Answer {
    fn parse(raw: Vec<u8>) -> Self {
        let text = String::from_utf8_lossy(&raw).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|status| status.parse().ok()).unwrap_or(0);
        Self { status, head: head.to_lowercase(), body: body.to_owned(), raw }
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The last JSON-RPC message in the body, whether it came as a document or as an event.
    pub(crate) fn message(&self) -> Value {
        let lines = self.body.lines().map(|line| line.strip_prefix("data: ").unwrap_or(line));
        lines
            .filter_map(|line| serde_json::from_str::<Value>(line).ok())
            .rfind(Value::is_object)
            .unwrap_or_else(|| panic!("no message in {:?}", self.body))
    }
}
